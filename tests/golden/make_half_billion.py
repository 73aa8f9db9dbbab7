#!/usr/bin/env python3
"""Writes a random BF16 checkpoint of Qwen2.5-0.5B's shape (494 million parameters, 988 MB),
to measure loading and memory.  Standard library only.

    python3 tests/golden/make_half_billion.py FOLDER [--answers]

With --answers the layers add nothing to the stream, and the embedding, which is the
output matrix too, makes the policy write `####7` or `####8` (Qwen2's tokens) after `=`,
half and half: a training step on it has a signal, whose cost is that of any weights.
"""
import json
import pathlib
import random
import struct
import sys

VOCAB, DIM, LAYERS, HEADS, KV_HEADS, FFN = 151936, 896, 24, 14, 2, 4864
HEAD = DIM // HEADS


def shapes():
    yield "model.embed_tokens.weight", (VOCAB, DIM)
    for i in range(LAYERS):
        layer = f"model.layers.{i}."
        yield layer + "input_layernorm.weight", (DIM,)
        for name, heads in (("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS)):
            yield f"{layer}self_attn.{name}_proj.weight", (heads * HEAD, DIM)
            yield f"{layer}self_attn.{name}_proj.bias", (heads * HEAD,)
        yield layer + "self_attn.o_proj.weight", (DIM, DIM)
        yield layer + "post_attention_layernorm.weight", (DIM,)
        yield layer + "mlp.gate_proj.weight", (FFN, DIM)
        yield layer + "mlp.up_proj.weight", (FFN, DIM)
        yield layer + "mlp.down_proj.weight", (DIM, FFN)
    yield "model.norm.weight", (DIM,)


def count(shape):
    return shape[0] * (shape[1] if len(shape) == 2 else 1)


def random_bytes(draw, elements):
    """Either sign, magnitudes in [2^-7, 2^-3): the top byte of a BF16 and random bits."""
    low = draw.randbytes(elements)
    high = draw.randbytes(elements).translate(bytes(0x3C | i & 0x81 for i in range(256)))
    out = bytearray(2 * elements)
    out[0::2], out[1::2] = low, high
    return bytes(out)


# Token: its row, zero elsewhere.  What follows a token shares a
# coordinate with it and is larger there.
ANSWERS = {
    28: {0: 1.0},            # =
    820: {0: 2.0, 1: 4.0},   # ####
    22: {1: 8.0, 2: 16.0},   # 7
    23: {1: 8.0, 3: 16.0},   # 8
    151643: {2: 40.0, 3: 40.0},
}


def bf16(value):
    return struct.pack("<f", value)[2:]


def tensor(draw, name, shape, answers):
    if answers and name.endswith(("o_proj.weight", "down_proj.weight")):
        return bytes(2 * count(shape))
    if answers and name.endswith("norm.weight"):
        return bf16(1.0) * count(shape)
    data = bytearray(random_bytes(draw, count(shape)))
    if answers and name == "model.embed_tokens.weight":
        for token, row in ANSWERS.items():
            data[2 * token * DIM:2 * (token + 1) * DIM] = bytes(2 * DIM)
            for column, value in row.items():
                at = 2 * (token * DIM + column)
                data[at:at + 2] = bf16(value)
    return bytes(data)


def main(folder, answers):
    folder.mkdir(parents=True, exist_ok=True)
    config = dict(
        model_type="qwen2", architectures=["Qwen2ForCausalLM"], vocab_size=VOCAB,
        hidden_size=DIM, intermediate_size=FFN, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, hidden_act="silu",
        max_position_embeddings=32768, rms_norm_eps=1e-6, rope_theta=1000000.0,
        tie_word_embeddings=True, use_sliding_window=False, sliding_window=32768,
        bos_token_id=151643, eos_token_id=151643, torch_dtype="bfloat16")
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    header, at = {}, 0
    for name, shape in shapes():
        end = at + 2 * count(shape)
        header[name] = dict(dtype="BF16", shape=shape, data_offsets=[at, end])
        at = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    draw = random.Random(1)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in shapes():
            file.write(tensor(draw, name, shape, answers))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--answers"]):
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), len(sys.argv) == 3)

#!/usr/bin/env python3
"""Makes tests/data/model/families/: a tiny random checkpoint of every model family as
transformers writes it, with logits and gradients that transformers computes of it: in double
precision, but for norms and rotations, which it computes in single.  Needs torch and
transformers (2.15 and 5.23 made the data); run it only to make them anew.

    python3 tests/golden/make_families.py tests/data/model/families

NAME/                        config.json and the weights, in one file or in shards
NAME/reference.safetensors   tokens (T), coefficients (T - 1), logits (T, vocab) and, as
    gradient.TENSOR, the derivatives of sum_t coefficient[t] * log_prob(token[t + 1])
"""
import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, CONFIG_MAPPING

TOKENS = 36
COMMON = dict(vocab_size=64, hidden_size=32, intermediate_size=20, num_hidden_layers=2,
              num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
              bos_token_id=1, eos_token_id=2)
# Bases and lengths of pretraining are such that frequencies of every kind occur: kept,
# stretched and between.
LLAMA3 = dict(rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0,
              high_freq_factor=4.0, original_max_position_embeddings=128)
# name: model type, type of the stored weights, shards, what differs from COMMON
FAMILIES = {
    "llama2": ("llama", "float16", 1, dict(num_key_value_heads=4, rms_norm_eps=1e-5)),
    "llama3": ("llama", "bfloat16", 3, dict(
        rms_norm_eps=1e-5, max_position_embeddings=1024, rope_parameters=LLAMA3,
        eos_token_id=[2, 3, 4])),
    "llama_linear": ("llama", "bfloat16", 1, dict(
        attention_bias=True, mlp_bias=True, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0))),
    "smollm2": ("llama", "bfloat16", 1, dict(
        tie_word_embeddings=True, rms_norm_eps=1e-5,
        rope_parameters=dict(rope_type="default", rope_theta=100000.0))),
    "mistral": ("mistral", "float16", 2, dict(rms_norm_eps=1e-5, sliding_window=64)),
    "qwen2.5": ("qwen2", "bfloat16", 1, dict(
        tie_word_embeddings=True,
        rope_parameters=dict(rope_type="default", rope_theta=1000000.0))),
    "qwen2.5_yarn": ("qwen2", "bfloat16", 1, dict(
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=2048,
        rope_parameters=dict(rope_type="yarn", rope_theta=1000.0, factor=4.0,
                             original_max_position_embeddings=512))),
    "qwen3": ("qwen3", "float32", 1, dict(
        head_dim=12, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="default", rope_theta=1000000.0))),
    "qwen3_yarn": ("qwen3", "bfloat16", 1, dict(
        head_dim=16, attention_bias=True, tie_word_embeddings=True,
        max_position_embeddings=512,
        rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, beta_fast=8.0,
                             beta_slow=1.5, truncate=False, mscale=1.0, mscale_all_dim=0.5,
                             original_max_position_embeddings=128))),
}
# The spelling of older checkpoints, as most of the real ones have it.
OLD_SPELLING = {"llama3", "smollm2", "qwen2.5", "qwen2.5_yarn"}


def randomize(model, dtype):
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape)
        if "norm" in name:
            p.data = 1 + 0.2 * noise
        elif name.endswith("bias"):
            p.data = 0.5 * noise
        else:
            p.data = noise / p.shape[1] ** 0.5
    model.to(dtype)


def respell(path):
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    path.write_text(json.dumps(config, indent=2) + "\n")


def save(model, folder, shards):
    shutil.rmtree(folder, ignore_errors=True)
    size = 1.1 * sum(p.numel() * p.element_size() for p in model.parameters())
    model.save_pretrained(folder, max_shard_size=f"{size / shards / 1000}KB")
    (folder / "generation_config.json").unlink(missing_ok=True)


def reference(model):
    tokens = torch.randint(0, COMMON["vocab_size"], (TOKENS,))
    coefficients = torch.randn(TOKENS - 1, dtype=torch.float32)
    model.double()
    logits = model(tokens[None]).logits[0]
    log_probs = torch.log_softmax(logits, -1)[:-1].gather(1, tokens[1:, None])[:, 0]
    (coefficients.double() * log_probs).sum().backward()
    tensors = {"tokens": tokens, "coefficients": coefficients, "logits": logits.detach()}
    for name, p in model.named_parameters():
        tensors["gradient." + name] = p.grad
    return {name: t.float().contiguous() for name, t in tensors.items()}


def main(out):
    for seed, (name, (family, dtype, shards, more)) in enumerate(FAMILIES.items()):
        torch.manual_seed(seed)
        config = CONFIG_MAPPING[family](**{**COMMON, **more})
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
        randomize(model, getattr(torch, dtype))
        save(model, out / name, shards)
        if name in OLD_SPELLING:
            respell(out / name / "config.json")
        # Of what is stored, as transformers reads it.
        model = AutoModelForCausalLM.from_pretrained(out / name, attn_implementation="eager",
                                                     dtype=torch.float32)
        save_file(reference(model), out / name / "reference.safetensors")
        for file in (out / name).iterdir():
            file.chmod(0o644)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))

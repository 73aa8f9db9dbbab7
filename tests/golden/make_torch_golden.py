#!/usr/bin/env python3
"""Makes tests/data/model/: tiny random Llama and Qwen2 checkpoints as transformers writes
them, with the log-probs, entropies, logits and gradients that PyTorch computes: in double
precision, but for norms and rotations, which transformers computes in single.  Needs torch
and transformers (2.15 and 5.23 made the data); run it only to make them anew.

    python3 tests/golden/make_torch_golden.py tests/data/model

NAME/           config.json and model.safetensors
NAME_gradient/  the same folder with d(objective)/d(parameters) in place of the weights
NAME.json       the tree, the temperature, the coefficients and what was computed
"""
import json
import pathlib
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

COMMON = dict(vocab_size=32, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
              num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
              bos_token_id=1, eos_token_id=2)
MODELS = {
    "tiny_llama": (LlamaForCausalLM, LlamaConfig(
        **COMMON, head_dim=8, rms_norm_eps=1e-5, tie_word_embeddings=False)),
    "tiny_qwen2": (Qwen2ForCausalLM, Qwen2Config(
        **COMMON, rms_norm_eps=1e-6, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0})),
}
TEMPERATURE = 0.8
# A prompt and three continuations, two of which share their first part.  Parents first.
NODES = [(-1, 21), (0, 6), (1, 4), (1, 17), (0, 3)]


def randomize(model):
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, dtype=p.dtype)
        if "norm" in name:
            p.data = 1 + 0.2 * noise
        elif name.endswith("bias"):
            p.data = 0.5 * noise
        else:
            p.data = noise / p.shape[1] ** 0.5
    # Double precision of exactly the stored float32 weights.
    model.float().double()


def make_tree():
    return [dict(parent=parent,
                 tokens=torch.randint(0, COMMON["vocab_size"], (n,)).tolist(),
                 coefficients=[round(float(c), 3) for c in torch.randn(n)])
            for parent, n in NODES]


def path_to(nodes, index):
    path = []
    while index >= 0:
        path.insert(0, index)
        index = nodes[index]["parent"]
    return path


def run(model, nodes):
    """Each node once, on a sequence of its own: its path's tokens."""
    objective = 0
    for index, node in enumerate(nodes):
        path = path_to(nodes, index)
        tokens = [t for i in path for t in nodes[i]["tokens"]]
        logits = model(torch.tensor([tokens])).logits[0]
        scaled = torch.log_softmax(logits / TEMPERATURE, -1)
        first = len(tokens) - len(node["tokens"])
        rows = [t - 1 for t in range(first, len(tokens))]
        # A root's first token follows nothing and is not predicted.
        kept = [(k, r) for k, r in enumerate(rows) if r >= 0]
        log_probs = [scaled[r, node["tokens"][k]] for k, r in kept]
        objective = objective + sum(
            node["coefficients"][k] * lp for (k, _), lp in zip(kept, log_probs))
        node["first_predicted"] = kept[0][0]
        node["log_probs"] = [lp.item() for lp in log_probs]
        node["entropies"] = [-(scaled[r].exp() * scaled[r]).sum().item() for _, r in kept]
        node["last_logits"] = logits[-1].tolist()
    objective.backward()
    return objective.item()


def main(out):
    for seed, (name, (family, config)) in enumerate(MODELS.items()):
        torch.manual_seed(seed)
        model = family(config)
        randomize(model)
        model.float().save_pretrained(out / name)
        model.double()
        nodes = make_tree()
        objective = run(model, nodes)
        for p in model.parameters():
            p.data = p.grad
        model.float().save_pretrained(out / (name + "_gradient"))
        for folder in (out / name, out / (name + "_gradient")):
            (folder / "generation_config.json").unlink(missing_ok=True)
            (folder / "model.safetensors").chmod(0o644)
        lines = ",\n".join(json.dumps(node) for node in nodes)
        (out / (name + ".json")).write_text(
            f'{{"temperature": {TEMPERATURE}, "objective": {objective},\n'
            f'"nodes": [\n{lines}]}}\n')


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))

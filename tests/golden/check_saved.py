#!/usr/bin/env python3
"""Loads with transformers what this program saves, and compares the logits with those of
the checkpoints that it had loaded.  Run by hand; needs torch and transformers (2.15 and 5.23).

    build/release/tests/golden_families FOLDER
    python3 tests/golden/check_saved.py tests/data/model/families FOLDER
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM


def worst_difference(model, wanted):
    logits = model(wanted["tokens"].long()[None]).logits[0]
    return ((logits - wanted["logits"]).abs().max() / wanted["logits"].abs().max()).item()


def main(families, saved):
    worst = 0
    for folder in sorted(families.iterdir()):
        wanted = load_file(folder / "reference.safetensors")
        model, info = AutoModelForCausalLM.from_pretrained(
            saved / folder.name, attn_implementation="eager", output_loading_info=True)
        complaints = {k: v for k, v in info.items() if v}
        assert not complaints, (folder.name, complaints)
        assert model.dtype == torch.float32, (folder.name, model.dtype)
        before = json.loads((folder / "config.json").read_text())
        after = json.loads((saved / folder.name / "config.json").read_text())
        for key in ("architectures", "model_type", "eos_token_id", "tie_word_embeddings"):
            assert before[key] == after[key], (folder.name, key)
        with torch.no_grad():
            error = worst_difference(model, wanted)
        print(f"{folder.name:13} {type(model).__name__:19} logits {error:.1e}")
        assert error < 1e-5
        worst = max(worst, error)
    print(f"worst of all: {worst:.1e}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))

#!/usr/bin/env python3
"""Writes SmolLM2-135M-Instruct's Hugging Face folder from its GGUF.  Needs what
requirements.txt names; benchmarks/smollm2/fetch runs it.

    convert.py GGUF FOLDER

The weights are the GGUF's (4 bits, dequantized), rounded to BF16, the type of the published
checkpoint.  A GGUF names a pre-tokenizer ("smollm") and does not hold it: digits one by one,
then GPT-2's words.
"""
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from tokenizers import pre_tokenizers
from transformers import (AutoModelForCausalLM, AutoTokenizer, LlamaConfig,
                          LlamaForCausalLM)

POSITIONS = 8192


def save_tokenizer(source, name, folder):
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=name)
    if not tokenizer.chat_template:
        sys.exit("convert.py: the GGUF has no chat template")
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.model_max_length = POSITIONS
    tokenizer.save_pretrained(folder)


def save_model(source, name, folder):
    read = AutoModelForCausalLM.from_pretrained(source, gguf_file=name, dtype=torch.float32)
    fields = read.config.to_dict()
    fields.pop("quantization_config", None)
    fields["rms_norm_eps"] = 1e-5  # the GGUF's is this number in single precision
    model = LlamaForCausalLM(LlamaConfig(**fields))
    model.load_state_dict(read.state_dict())
    model.generation_config = read.generation_config
    model.to(torch.bfloat16).save_pretrained(folder)


def main(gguf, folder):
    source, name = os.path.split(os.path.abspath(gguf))
    save_tokenizer(source, name, folder)
    save_model(source, name, folder)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

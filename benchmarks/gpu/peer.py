#!/usr/bin/env python3
"""PyTorch and transformers on the shapes of bench_gpu_train and bench_gpu_decode: Qwen2
with random weights in bf16.  Training is forward and backward over the flattened paths of
the same trees, whose unique tokens are counted; generation is batch 64 under one prompt.

    python3 benchmarks/gpu/peer.py [0.5b] [1.5b]

Prints `absent` and ends with 77 where they are not installed or see no GPU.
"""
import sys
import time

try:
    import torch
    import transformers
    from transformers import Qwen2Config, Qwen2ForCausalLM
except ImportError as error:
    print(f"absent: {error}")
    sys.exit(77)
if not torch.cuda.is_available():
    print("absent: PyTorch sees no GPU")
    sys.exit(77)

SHAPES = {
    "0.5b": dict(hidden_size=896, num_hidden_layers=24, num_attention_heads=14,
                 intermediate_size=4864),
    "1.5b": dict(hidden_size=1536, num_hidden_layers=28, num_attention_heads=12,
                 intermediate_size=8960),
}
RUNS = 3
BATCH, PREFIX, NEW_TOKENS = 64, 2048, 64


def make(shape):
    config = Qwen2Config(vocab_size=151936, num_key_value_heads=2, max_position_embeddings=4096,
                         tie_word_embeddings=True, **SHAPES[shape])
    config._attn_implementation = "sdpa"
    torch.manual_seed(1)
    with torch.device("cuda"):
        return Qwen2ForCausalLM(config).to(torch.bfloat16)


def median_seconds(work):
    times = []
    for run in range(-1, RUNS):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        if run >= 0:
            times.append(time.perf_counter() - start)
    return sorted(times)[RUNS // 2]


def train(shape, model, b, depth, step):
    """A tree of steps of `step` tokens: every path on its own, as many at once as go."""
    paths, length = b ** depth, step * (depth + 1)
    unique = step * sum(b ** d for d in range(depth + 1))
    at_once = max(1, 8192 // length)
    model.train()

    def work():
        for first in range(0, paths, at_once):
            rows = min(at_once, paths - first)
            tokens = torch.randint(0, 151936, (rows, length), device="cuda")
            model(input_ids=tokens, labels=tokens).loss.backward()
        model.zero_grad(set_to_none=True)

    seconds = median_seconds(work)
    print(f"{shape:6} train    b {b} depth {depth}, steps of {step}: {paths} paths of {length}: "
          f"{1e3 * seconds:9.1f} ms, {paths * length / seconds:9.0f} path tokens/s, "
          f"{unique / seconds:9.0f} unique tokens/s", flush=True)


def generate(shape, model):
    model.eval()
    model.generation_config.eos_token_id = None
    prompt = torch.randint(0, 151936, (1, PREFIX), device="cuda").expand(BATCH, -1).contiguous()
    mask = torch.ones_like(prompt)

    def work(new_tokens):
        with torch.inference_mode():
            model.generate(prompt, attention_mask=mask, do_sample=True, top_k=0, pad_token_id=0,
                           min_new_tokens=new_tokens, max_new_tokens=new_tokens)

    few, many = (median_seconds(lambda n=n: work(n)) for n in (1, NEW_TOKENS + 1))
    seconds = (many - few) / NEW_TOKENS
    print(f"{shape:6} generate batch {BATCH}, prefix {PREFIX}: {1e3 * seconds:.3f} ms/step, "
          f"{BATCH / seconds:.0f} tokens/s (prompt and first token {1e3 * few:.1f} ms)", flush=True)


def main(shapes):
    print(f"PyTorch {torch.__version__}, transformers {transformers.__version__}, "
          f"{torch.cuda.get_device_name()}; bf16, SDPA; medians of {RUNS}")
    for shape in shapes:
        model = make(shape)
        generate(shape, model)
        for form in ((4, 3, 96), (4, 3, 192), (2, 3, 128)):
            train(shape, model, *form)
        del model
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main(sys.argv[1:] or list(SHAPES))

"""The other side of bench_tokenizer: Hugging Face's library on one thread.

    tokenizer.py make KIND VOCAB MERGES FOLDER    writes FOLDER/tokenizer.json (gpt2 or qwen2)
    tokenizer.py corpus DATA OUT                  writes documents, each ended by 0x1E
    tokenizer.py time FOLDER CORPUS [ROUNDS]      prints as bench_tokenizer does
"""
import json
import os
import struct
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers  # noqa: E402

QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")


def make(kind, vocab, merges, folder):
    with open(merges, encoding="utf-8") as lines:
        pairs = [tuple(line.rstrip("\n").split(" ")) for line in lines if not line.startswith("#version") and line.strip()]
    with open(vocab, encoding="utf-8") as f:
        t = Tokenizer(models.BPE(vocab=json.load(f), merges=pairs))
    if kind == "qwen2":
        t.normalizer = normalizers.NFC()
        t.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(QWEN2), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    else:
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    os.makedirs(folder, exist_ok=True)
    t.save(os.path.join(folder, "tokenizer.json"))


def corpus(data, out):
    documents = []
    with open(os.path.join(data, "gsm8k", "train.jsonl")) as rows:
        for row in map(json.loads, rows):
            documents.append(row["question"] + "\n" + row["answer"])
    with open(os.path.join(data, "math", "test.jsonl")) as rows:
        for row in map(json.loads, rows):
            documents.append(row["problem"] + "\n" + row["solution"])
    with open(os.path.join(data, "apps", "apps_mini_val.jsonl")) as rows:
        for row in map(json.loads, rows):
            documents.append(row["question"])
            documents.extend(json.loads(row["solutions"])[:3])
    for kind in ("gpt2/ggml-vocab-gpt-2", "qwen2/ggml-vocab-qwen2"):  # scripts, emoji, blanks
        with open(os.path.join(data, "tokenizers", kind + ".gguf.inp"), newline="") as texts:
            documents.extend(texts.read().split("\n__ggml_vocab_test__\n") * 100)
    with open(out, "wb") as f:
        for document in documents:
            f.write(document.encode("utf-8").replace(b"\x1e", b" ") + b"\x1e")


def fnv(ids):
    value = HASH_START
    for byte in struct.pack("<%di" % len(ids), *ids):
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


HASH_START = 0xCBF29CE484222325


def measure(folder, path, rounds):
    t = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    with open(path, "rb") as f:
        raw = f.read()
    documents = [d.decode("utf-8") for d in raw.split(b"\x1e")[:-1]]
    fast = getattr(t, "encode_batch_fast", t.encode_batch)
    best = 1e30
    for _ in range(rounds):
        for encode in (lambda: [t.encode(d) for d in documents], lambda: fast(documents)):
            began = time.perf_counter()
            encoded = encode()
            best = min(best, time.perf_counter() - began)
    ids = [i for e in encoded for i in e.ids]
    print("%.2f MB/s  %.0f tokens/s  %d tokens  hash %016x" % (len(raw) / 1e6 / best, len(ids) / best, len(ids), fnv(ids)))


if sys.argv[1] == "make":
    make(*sys.argv[2:6])
elif sys.argv[1] == "corpus":
    corpus(*sys.argv[2:4])
else:
    measure(sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 3)

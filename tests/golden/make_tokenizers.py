"""Writes tests/data/text/families: small tokenizers in the form of each family, and what
Hugging Face's library makes of hard texts.  Needs tokenizers.

    python3 tests/golden/make_tokenizers.py
"""
import json
import pathlib

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers

OUT = pathlib.Path(__file__).resolve().parent.parent / "data" / "text" / "families"

CORPUS = [
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May.",
    "def has_close_elements(numbers, threshold):\n    for idx, elem in enumerate(numbers):\n        return True",
    "Weng earns $12 an hour for babysitting. Yesterday, she just did 50 minutes of babysitting.",
    "The quick brown fox jumps over the lazy dog. It's what they're doing; we'll see, I'd say.",
    "\\frac{1}{2} + \\sqrt{3} = x^2 - 14,400 \\boxed{204_5}",
    "caf\u00e9 na\u00efve \u00fcber stra\u00dfe \u4f60\u597d\u4e16\u754c \u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u65e5\u672c\u8a9e",
    "if x == 10:\n\tprint('hello world')\nelse:\n\tprint(\"bye\")\n\n\nThe answer is 42.\n#### 42",
] * 3

TEXTS = [
    "", " ", "  ", "   ", "a", " a", "a ", "Hello world", " Hello  world ", "\n", "\n\n", "\t\n \r\n",
    "Hello\nworld", "Hello \n world", "The answer is 42.", "3.14159 and 1,000,000 or 2024", "1234567890",
    "it's they're WE'LL I'D 'quoted'", "def f(x):\n    return x + 1\n", "\tindented\n\t\ttwice",
    "caf\u00e9", "cafe\u0301", "\u212b \u00c5 A\u030a", "\u1100\u1161\u11a8 \uac01", "na\u00efve \ufb01 \u2126",
    "\u4f60\u597d\uff0c\u4e16\u754c\uff01", "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8", "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0442\u0435\u043a\u0441\u0442",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea", "\u2581underscore\u2581 mark", "a\u00a0b\u2003c\u3000d",
    "zero\u200bwidth \ufeffbom", "\u0000\u0001\u007f\u0085\u009f", "tab\tseparated\tvalues", "trailing spaces   ",
    "   leading", "mixed   \t  runs \n\n\n  here", "UPPER lower CamelCase snake_case", "x=1;y=2;z=x+y",
    "\\frac{a}{b} \\le \\sqrt[3]{x^2}", "$5 x 3 = $15, 20% of 50", "http://example.com/a?b=c&d=e#f",
    "<s>", "text <s> inside </s> it", "<|im_start|>user\nhi<|im_end|>\n", "a<|im_end|>b", "<|im_end|><|im_end|>",
    "<tool> x </tool>", "<unk>", "<0x0A>", "almost <|im_sta and <s", "e\u0301\u0301\u0323", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\u0939\u093f\u0928\u094d\u0926\u0940", "\u00bd \u00b2 \u2168 \u0663", "\u01c5 \u1e9b\u0323", "\ud7a3\u11a8",
    "....!!!???", "--- *** ___", "a'b'c 'S 'LL", "word\u0301s", "\r\r\n\n\r", " \u00e9", "\n  \n   x",
]

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")


def byte_level(pre, normalizer=None, specials=(), **options):
    t = Tokenizer(models.BPE(**options))
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=420, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_special_tokens(list(specials))
    return t


def spaced(normalizer, pre):
    """A SentencePiece-like vocabulary: specials, bytes, characters, merges."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trained.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=260, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    names = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % i for i in range(256)]
    merged = sorted(model["vocab"], key=model["vocab"].get)
    names += [p for p in merged if p not in ("\n", "\t")]
    vocab = {name: i for i, name in enumerate(names)}
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in model["merges"]]
    # Runs of spaces, as Llama 2 has them.
    for run in ("\u2581\u2581", "\u2581\u2581\u2581\u2581"):
        half = run[: len(run) // 2]
        vocab[run] = len(vocab)
        merges.append((half, half))
    merges = [m for m in merges if all(p in vocab for p in (m[0], m[1], m[0] + m[1]))]
    t = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if normalizer:
        t.normalizer = normalizer
    if pre:
        t.pre_tokenizer = pre
    t.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
                                   decoders.Strip(" ", 1, 0)])
    t.add_special_tokens([AddedToken(s, normalized=False) for s in ("<unk>", "<s>", "</s>")])
    t.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s> $B", [("<s>", 1)])
    return t


def families():
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    llama3 = byte_level(
        pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"), level]),
        specials=["<|begin_of_text|>", "<|end_of_text|>", "<|im_end|>"], ignore_merges=True)
    bos = llama3.token_to_id("<|begin_of_text|>")
    llama3.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing("<|begin_of_text|> $A", "<|begin_of_text|> $A <|begin_of_text|> $B",
                                      [("<|begin_of_text|>", bos)])])
    yield "llama3", llama3
    qwen = byte_level(pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(QWEN2), "isolated"), level]),
                      normalizers.NFC(), specials)
    qwen.add_tokens([AddedToken("<tool>", normalized=False), AddedToken("</tool>", lstrip=True, rstrip=True,
                                                                        normalized=False)])
    yield "qwen2.5", qwen
    yield "smollm2", byte_level(
        pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                 pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]),
        specials=specials)
    yield "llama2", spaced(normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]),
                           None)
    yield "llama2_first", spaced(None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False))
    yield "mistral", spaced(None, pre_tokenizers.Metaspace(prepend_scheme="always", split=True))


def main():
    for name, tokenizer in families():
        folder = OUT / name
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        rows = []
        for text in TEXTS:
            encoded = tokenizer.encode(text, add_special_tokens=False)
            rows.append([text, encoded.ids])
        (folder / "expected.json").write_text(json.dumps(rows) + "\n")


main()

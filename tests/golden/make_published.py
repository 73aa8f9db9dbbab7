#!/usr/bin/env python3
"""Small folders as transformers 4 or 5 publishes them, with the oddities of real ones, and what
transformers makes of them.  Needs transformers, torch, tokenizers and sentencepiece.

    make_published.py make OUT      writes OUT/NAME for every recipe below, each with expected.json
    make_published.py expect DIR... writes DIR/expected.json, of the folder as it stands

expected.json has ids of texts, prompts with the logits behind them and the greedy ids that follow,
to where the two best logits are nearer than 1e-4, and the ids that end a text.
"""
import json
import os
import pathlib
import shutil
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, CONFIG_MAPPING, GenerationConfig
from transformers import PreTrainedTokenizerFast

GREEDY = 24
CORPUS = [
    "Natalia sold clips to 48 of her friends in April, and then half as many clips in May.",
    "Eva has 4 eggs. Eva gets 6 more. It grows 2 times. How many?\n4+6=<<4+6=10>>10\n#### 20",
    "The quick brown fox jumps over the lazy dog. It's what they're doing; we'll see, I'd say.",
    "def f(x):\n    return x + 1\n\n\\frac{1}{2} + \\sqrt{3} = x^2 \\boxed{204_5}",
    "caf\u00e9 na\u00efve \u00fcber stra\u00dfe \u4f60\u597d\u4e16\u754c \u0440\u0443\u0441\u0441\u043a\u0438\u0439",
] * 3
TEXTS = [
    "", " ", "a", "Hello world", "Eva has 4 eggs.\n#### 20", "  two  spaces ", "tab\tnew\n\n\nline", "caf\u00e9",
    "cafe\u0301 \u212b", "\u4f60\u597d\uff0c\u4e16\u754c\uff01", "\U0001f600 \U0001f1e9\U0001f1ea", "\u0000\u0001\u0006\u007f\u0085",
    "a\u0006b\u0006\u0006c", "3.14159, 1,000,000 or 2024", "it's they're WE'LL", "zero\u200bwidth \ufeffbom",
    "x\u00a0y\u3000z", "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0939\u093f\u0928\u094d\u0926\u0940", "<|im_end|> <tool> </tool> <s>",
]
TEMPLATE = ("{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
            "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")
CHATML = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def special(text, **more):
    return AddedToken(text, special=True, normalized=False, **more)


# ---- tokenizers

def byte_level(pre, specials, without=b"", size=400, **options):
    """A byte-level BPE whose vocabulary lacks the bytes in `without`."""
    t = Tokenizer(models.BPE(**options))
    t.pre_tokenizer = pre_tokenizers.Sequence(pre)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
        special_tokens=specials))
    if without:
        t = lacking(t, without)
    return t


def lacking(t, without):
    spec = json.loads(t.to_str())
    gone = {pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(chr(b))[0][0]
            for b in without}
    vocab = sorted(spec["model"]["vocab"], key=spec["model"]["vocab"].get)
    vocab = [v for v in vocab if v not in gone]
    spec["model"]["vocab"] = {v: i for i, v in enumerate(vocab)}
    for a in spec["added_tokens"]:
        a["id"] = spec["model"]["vocab"][a["content"]]
    return Tokenizer.from_str(json.dumps(spec))


def byte_level_alone():
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)


def smollm2():
    t = byte_level([pre_tokenizers.Digits(individual_digits=True),
                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)],
                   CHATML, without=bytes([1, 3, 4, 5, 6, 11, 0x7f]))
    return PreTrainedTokenizerFast(tokenizer_object=t, bos_token="<|im_start|>", eos_token="<|im_end|>",
                                   pad_token="<|im_end|>", unk_token="<|endoftext|>", chat_template=TEMPLATE,
                                   additional_special_tokens=["<|im_start|>", "<|im_end|>"])


def qwen(eats=True, **more):
    t = byte_level([pre_tokenizers.Split(Regex(QWEN2), "isolated"), byte_level_alone()], CHATML)
    t.normalizer = normalizers.NFC()
    t.add_tokens([AddedToken("<tool>", normalized=False),
                  AddedToken("</tool>", lstrip=eats, rstrip=eats, normalized=False)])
    return PreTrainedTokenizerFast(tokenizer_object=t, eos_token="<|im_end|>", pad_token="<|endoftext|>",
                                   chat_template=TEMPLATE, **more)


def llama3():
    names = ["<|begin_of_text|>", "<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"]
    t = byte_level([pre_tokenizers.Split(Regex(QWEN2.replace(r"\p{N}|", r"\p{N}{1,3}|", 1)), "isolated"),
                    byte_level_alone()], names, ignore_merges=True)
    t.normalizer = normalizers.Sequence([])
    bos = "<|begin_of_text|>"
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(f"{bos} $A", f"{bos} $A {bos} $B", [(bos, t.token_to_id(bos))])])
    return PreTrainedTokenizerFast(tokenizer_object=t, bos_token=bos, eos_token="<|eot_id|>")


def distilled():
    bos, eos = "<\uff5cbegin\u2581of\u2581sentence\uff5c>", "<\uff5cend\u2581of\u2581sentence\uff5c>"
    t = byte_level([pre_tokenizers.Split(Regex(QWEN2), "isolated"), byte_level_alone()], [])
    t.normalizer = normalizers.NFC()
    t.add_special_tokens([special(bos), special(eos)])
    t.add_tokens([AddedToken("<\uff5cUser\uff5c>", normalized=False), AddedToken("<think>", normalized=False)])
    t.post_processor = processors.TemplateProcessing(f"{bos} $A", f"{bos} $A {bos} $B", [(bos, t.token_to_id(bos))])
    return PreTrainedTokenizerFast(tokenizer_object=t, bos_token=special(bos), eos_token=special(eos),
                                   pad_token=special(eos), model_max_length=16384, legacy=True)


def with_unknown(fuse):
    t = byte_level([byte_level_alone()], ["<unk>", "</s>"], without=bytes([1, 6, 0x7f]) + b"~%", unk_token="<unk>",
                   fuse_unk=fuse)
    return PreTrainedTokenizerFast(tokenizer_object=t, eos_token="</s>", unk_token="<unk>")


def sentence_piece(folder):
    """tokenizer.model as SentencePiece makes it, and tokenizer.json of its pieces."""
    import sentencepiece
    (folder / "corpus.txt").write_text("\n".join(CORPUS))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "corpus.txt"), model_prefix=str(folder / "tokenizer"), model_type="bpe", vocab_size=400,
        byte_fallback=True, normalization_rule_name="identity", add_dummy_prefix=True, remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True, split_digits=True, hard_vocab_limit=False, minloglevel=2)
    (folder / "corpus.txt").unlink()
    (folder / "tokenizer.vocab").unlink()
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    pieces = [model.id_to_piece(i) for i in range(model.get_piece_size())]
    vocab = {p: i for i, p in enumerate(pieces)}
    merges = sorted(((vocab[a + b], a, b) for p in pieces if not p.startswith("<") for k in range(1, len(p))
                     for a, b in [(p[:k], p[k:])] if a in vocab and b in vocab))
    t = Tokenizer(models.BPE(vocab=vocab, merges=[(a, b) for _, a, b in merges], unk_token="<unk>", fuse_unk=True,
                             byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    t.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
                                   decoders.Strip(" ", 1, 0)])
    t.add_special_tokens([special(s) for s in ("<unk>", "<s>", "</s>")])
    t.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s> $B", [("<s>", 1)])
    return t


def llama2(folder):
    return PreTrainedTokenizerFast(tokenizer_object=sentence_piece(folder), bos_token="<s>", eos_token="</s>",
                                   unk_token="<unk>", add_bos_token=True, legacy=False)


# ---- models

COMMON = dict(hidden_size=32, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4,
              num_key_value_heads=2, max_position_embeddings=512, rms_norm_eps=1e-5)


def randomize(model, dtype, seed):
    torch.manual_seed(seed)
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape)
        p.data = 1 + 0.2 * noise if "norm" in name else 0.5 * noise if name.endswith("bias") else \
            noise / p.shape[1] ** 0.5
    return model.to(dtype)


def build(folder, family, tokenizer, dtype="bfloat16", pad=1, shards=1, generation=None, **more):
    folder.mkdir(parents=True)
    tokenizer = tokenizer(folder) if tokenizer is llama2 else tokenizer
    size = -(-len(tokenizer) // pad) * pad
    config = CONFIG_MAPPING[family](**{**COMMON, "vocab_size": size, "eos_token_id": tokenizer.eos_token_id,
                                       "bos_token_id": tokenizer.bos_token_id, **more})
    model = randomize(AutoModelForCausalLM.from_config(config), getattr(torch, dtype), len(folder.name))
    if generation:
        model.generation_config = GenerationConfig(**generation)
    bytes_ = sum(p.numel() * p.element_size() for p in model.parameters())
    model.save_pretrained(folder, max_shard_size=f"{bytes_ / shards * 1.1 / 1000}KB")
    tokenizer.save_pretrained(folder)
    return tokenizer


def edit(path, change):
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data, indent=2))


def rewrite(path, change):
    """Other tensors in a safetensors file, with its metadata."""
    tensors = load_file(path)
    with safe_open(path, "pt") as f:
        metadata = f.metadata()
    save_file(change(tensors), path, metadata=metadata)


# ---- the folders

def make_smollm2(out):
    build(out, "llama", smollm2(), tie_word_embeddings=True, pad_token_id=2, rope_theta=100000,
          generation=dict(bos_token_id=1, eos_token_id=2, pad_token_id=2))


def make_qwen(out):
    """A padded vocabulary, several ends, a template in its own file and named ones beside it."""
    t = build(out, "qwen2", qwen(), pad=64, tie_word_embeddings=True, eos_token_id=0, generation=dict(
        do_sample=True, eos_token_id=[2, 0], pad_token_id=0, temperature=0.7, top_p=0.8, top_k=20,
        repetition_penalty=1.05))
    (out / "chat_template.jinja").write_text(t.chat_template)
    (out / "additional_chat_templates").mkdir()
    (out / "additional_chat_templates" / "tool_use.jinja").write_text("{{ tools }}" + TEMPLATE)


def make_qwen3(out):
    build(out, "qwen3", qwen(), dtype="float32", head_dim=12, tie_word_embeddings=True,
          generation=dict(do_sample=True, eos_token_id=[2, 0], temperature=0.6, top_k=20, top_p=0.95))


def make_llama3(out):
    rope = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                original_max_position_embeddings=128)
    rope = dict(rope_parameters=dict(rope, rope_theta=10000.0)) if transformers.__version__[0] > "4" else \
        dict(rope_scaling=rope, rope_theta=10000.0)
    build(out, "llama", llama3(), shards=3, eos_token_id=[1, 2, 3], pretraining_tp=1, **rope,
          generation=dict(do_sample=True, eos_token_id=[1, 2, 3], temperature=0.6, top_p=0.9))
    (out / "LICENSE").write_text("a licence\n")
    (out / "USE_POLICY.md").write_text("a policy\n")


def make_llama2(out):
    build(out, "llama", llama2, dtype="float16", num_key_value_heads=4, pad_token_id=0)


def make_mistral(out):
    build(out, "mistral", llama2, dtype="float16", shards=2, head_dim=12, sliding_window=None)


def make_distilled(out):
    build(out, "qwen2", distilled(), use_sliding_window=False, sliding_window=4096, max_window_layers=21)


def make_unknown(out):
    build(out, "llama", with_unknown(False))


def make_fused_unknown(out):
    build(out, "llama", with_unknown(True))


def make_mixed(out):
    """Element types of all kinds, rotary tables, a tied matrix that is stored twice."""
    build(out, "llama", smollm2(), dtype="float32", tie_word_embeddings=True)

    def change(tensors):
        kinds = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
        tensors = {n: t.to(kinds[i % 4]) for i, (n, t) in enumerate(sorted(tensors.items()))}
        for i in range(2):
            tensors[f"model.layers.{i}.self_attn.rotary_emb.inv_freq"] = torch.ones(4)
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
        return tensors
    rewrite(out / "model.safetensors", change)


def make_bare(out):
    """A decoder that was saved without its head, whose matrix is tied."""
    build(out, "llama", smollm2(), tie_word_embeddings=True)
    rewrite(out / "model.safetensors", lambda ts: {n.removeprefix("model."): t for n, t in ts.items()})


def make_beyond(out):
    """Added tokens that the model was never given rows for."""
    t = smollm2()
    rows = len(t)
    t.add_tokens([special("<pad>"), AddedToken("\n\n\n<x>", normalized=False)])
    build(out, "llama", t, vocab_size=rows)


def make_pair(out, eats=True):
    """Vocabulary and merges, with added tokens in tokenizer_config.json."""
    build(out, "qwen2", qwen(eats, additional_special_tokens=["<|im_start|>"]))
    spec = json.loads((out / "tokenizer.json").read_text())
    added = {a["content"]: a["id"] for a in spec["added_tokens"]}
    vocab = {k: v for k, v in spec["model"]["vocab"].items() if k not in added}
    (out / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    merges = [m if isinstance(m, str) else " ".join(m) for m in spec["model"]["merges"]]
    (out / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    return spec["added_tokens"]


def make_old_pair(out):
    """The same with the small files of an older folder."""
    return make_pair(out, eats=False)


def finish_pair(out, added):
    """What transformers no longer reads by itself comes after it was asked."""
    (out / "tokenizer.json").unlink()
    edit(out / "tokenizer_config.json", lambda d: d.update(
        tokenizer_class="Qwen2Tokenizer",
        added_tokens_decoder={a["id"]: {k: v for k, v in a.items() if k != "id"} for a in added}))


def finish_old_pair(out, added):
    (out / "tokenizer.json").unlink()
    (out / "added_tokens.json").write_text(json.dumps({a["content"]: a["id"] for a in added}))
    (out / "special_tokens_map.json").write_text(json.dumps(
        {"eos_token": "<|im_end|>", "additional_special_tokens": CHATML}))
    (out / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "Qwen2Tokenizer", "model_max_length": 10 ** 40, "errors": "replace"}))


def make_numbers(out):
    """Numbers that no machine number holds, where nobody reads them."""
    build(out, "qwen2", qwen(), shards=2, generation=dict(eos_token_id=[2, 0]))
    huge = dict(a=1e999, b=-1e999, c=float("nan"), d=10 ** 400, e=-(10 ** 30), f=-0.0, g=2 ** 63)
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        edit(out / name, lambda d: d.update(odd=huge, note="a\0b", **{"k\0": 1}))
    edit(out / "model.safetensors.index.json", lambda d: d["metadata"].update(total_size=1e999))


def finish_numbers(out, _):
    """Forms that Python refuses or changes, and editors write."""
    text = (out / "config.json").read_text()
    text = text.replace('"hidden_size": 32', '"hidden_size": 31,\n  "hidden_size": 32.0')
    text = text.replace('"odd":', '"deep": ' + "[" * 3000 + "]" * 3000 + ', "half": "\\ud800", "odd":', 1)
    (out / "config.json").write_text("\ufeff" + text)
    text = (out / "tokenizer_config.json").read_text()
    (out / "tokenizer_config.json").write_text("\ufeff" + text.replace("{", '{"eos_token": "<x>",', 1))


RECIPES = {name[5:]: f for name, f in list(globals().items()) if name.startswith("make_")}
FINISH = {name[7:]: f for name, f in list(globals().items()) if name.startswith("finish_")}


# ---- what transformers makes of them

def greedy(model, ids):
    out = []
    for _ in range(GREEDY):
        logits = model(torch.tensor([ids + out])).logits[0, -1]
        best = logits.topk(2)
        if best.values[0] - best.values[1] < 1e-4:
            break
        out.append(best.indices[0].item())
    return out


def ends(folder, model):
    found = []
    for source in (json.loads((folder / "config.json").read_text()), model.generation_config.to_dict()):
        ids = source.get("eos_token_id")
        found += ids if isinstance(ids, list) else [ids] if ids is not None else []
    return sorted(set(found))


def expect(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager",
                                                       output_loading_info=True)
    assert not info["missing_keys"], (folder, info)
    rows = model.get_input_embeddings().weight.shape[0]
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False)
    prompts = []
    with torch.no_grad():
        for text in ("Eva has 4 eggs.", "How many? 4+6=", "The dog"):
            ids = encode(text)
            logits = model(torch.tensor([ids])).logits[0, -1]
            prompts.append({"text": text, "ids": ids, "greedy": greedy(model, ids), "logits": [round(x, 7) for x in logits.tolist()]})
    (folder / "expected.json").write_text(json.dumps({
        "by": "transformers " + transformers.__version__, "rows": rows,
        "texts": [[text, encode(text)] for text in TEXTS], "prompts": prompts, "ends": ends(folder, model)}))


def make(out):
    for name, recipe in RECIPES.items():
        shutil.rmtree(out / name, ignore_errors=True)
        state = recipe(out / name)
        expect(out / name)
        if name in FINISH:
            FINISH[name](out / name, state)
        for file in (out / name).rglob("*.*"):
            file.chmod(0o644)
        print(name, json.loads((out / name / "expected.json").read_text())["by"])


def main():
    command, *paths = sys.argv[1:] or sys.exit(__doc__)
    paths = [pathlib.Path(p) for p in paths]
    if command == "make":
        make(paths[0])
    elif command == "expect":
        for folder in paths:
            expect(folder)
    else:
        sys.exit(__doc__)


main()

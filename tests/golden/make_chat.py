"""Writes tests/data/chat/expected.json: what transformers' apply_chat_template makes of the
templates of that folder, as text and, for the small tokenizers of tests/data/text/families,
as ids.  Needs transformers (torch is not needed).

    python3 tests/golden/make_chat.py [--check] [FILE]

--check compares with the file that is there and writes nothing.
"""
import datetime
import json
import pathlib
import shutil
import sys
import tempfile

import transformers.utils.chat_template_utils as utils
from transformers import AutoTokenizer

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
CHAT = DATA / "chat"
DATE = "2025-03-09"

LLAMA3 = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
SENTENCE = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
TOKENS = {
    "deepseek": {"bos_token": "<｜begin▁of▁sentence｜>", "eos_token": "<｜end▁of▁sentence｜>"},
    "gemma": {"bos_token": "<bos>", "eos_token": "<eos>"},
    "llama2": SENTENCE,
    "llama3": LLAMA3,
    "mistral": SENTENCE,
    "odd-tokens": {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "image_token": "<image>",
                   "boi": "<boi>"},
    "phi3": {"bos_token": "<s>", "eos_token": "<|endoftext|>"},
}
KWARGS = {
    "llama3.1": [{}, {"date_string": "1 Jan 2030"}],
    "odd-dates": [{}, {"date_string": "dated"}],
    "odd-tokens": [{"flag": True, "number": 1.5, "deep": {"list": [1, "two"]}, "nothing": None},
                   {"eos_token": "<over>", "flag": "é", "deep": {"list": "no"}}],
    "qwen3": [{}, {"enable_thinking": False}, {"enable_thinking": True}],
    "smollm3": [{}, {"enable_thinking": False}],
}
SYSTEM = [{"role": "system", "content": "Be brief. /no_think\n"}]
EXAMPLES = [
    {"role": "user", "content": "What is 1+1?"},
    {"role": "assistant", "content": "<think>\none and one\n</think>\n\nIt is 2.\n#### 2"},
]
HEADS = {"": [], "all": SYSTEM + EXAMPLES}
TURNS = [
    ["What is 2+3?", "It is 5."],
    ["  \n spaces \t\n", "\n\nlines\n\n"],
    ["\"quotes\" 'n' \\back\\ {{ braces }} {% tag %} {# c #} <b>&amp;</b>", "<think>\nhm\n</think>\n\n\"4\""],
    ["Grüße 日本語 \U0001f600 e\u0301 \u2028", "é"],
    ["text <|im_end|>\n<|im_start|>system\nof tokens </s> <s>", "more <|im_end|> </s>"],
]
FAMILIES = {  # tokenizers and the templates whose tokens they know
    "llama2": ["llama2", "mistral-v1", "mistral-v3"],
    "llama2_first": ["llama2", "mistral-v3"],
    "llama3": ["qwen2.5", "smollm2"],
    "mistral": ["mistral-v1", "mistral-v3", "mistral-tekken"],
    "qwen2.5": ["qwen2.5", "qwen3", "qwq", "phi4"],
    "smollm2": ["smollm2", "smollm3", "odd-macros"],
}


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(*map(int, DATE.split("-")))


def find(table, name, other):
    """The entry of the longest key that the name begins with."""
    keys = [key for key in table if name.startswith(key)]
    return table[max(keys, key=len)] if keys else other


def folder_of(family, template, tokens):
    """A checkpoint's folder without its model."""
    folder = pathlib.Path(tempfile.mkdtemp())
    shutil.copy(DATA / "text" / "families" / family / "tokenizer.json", folder)
    shutil.copy(template, folder / "chat_template.jinja")
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {**{k: v for k, v in tokens.items() if k.endswith("_token")},
         "extra_special_tokens": {k: v for k, v in tokens.items() if not k.endswith("_token")},
         "tokenizer_class": "PreTrainedTokenizerFast"}))
    return folder


def load(*what):
    folder = folder_of(*what)
    try:
        return AutoTokenizer.from_pretrained(folder)
    finally:
        shutil.rmtree(folder)


def text_of(tokenizer, messages, writing, kwargs):
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=writing, **kwargs)


def conversation(head, turn, reply):
    return head + [{"role": "user", "content": turn[0]}] + reply * [{"role": "assistant", "content": turn[1]}]


def behind(ask, whole):
    """"+" and what follows the prompt, or "=" and all where it does not begin with it."""
    return "+" + whole[len(ask):] if whole.startswith(ask) else "=" + whole


def render(tokenizer, head, kwargs):
    """What the template makes of all turns, or {"error": ...} where it refuses one."""
    asks, wholes = [], []
    try:
        for turn in TURNS:
            asks.append(text_of(tokenizer, conversation(head, turn, 0), True, kwargs))
    except Exception as why:
        return {"error": " ".join(str(why).split())}
    for turn in TURNS:
        try:
            wholes.append(behind(asks[len(wholes)], text_of(tokenizer, conversation(head, turn, 1), False, kwargs)))
        except Exception:
            wholes.append(None)
    return {"asks": asks, "wholes": wholes}


def texts():
    for path in sorted(CHAT.glob("*.jinja")):
        tokens = find(TOKENS, path.stem, {"eos_token": "<|im_end|>"})
        try:
            tokenizer = load("smollm2", path, tokens)
        except Exception as why:
            raise SystemExit(f"{path}: {why}")
        for kwargs in find(KWARGS, path.stem, [{}]):
            for name, head in list(HEADS.items())[kwargs != {}:]:
                yield {"template": path.name, "tokens": tokens, "kwargs": kwargs, "head": name,
                       **render(tokenizer, head, kwargs)}


def ids():
    for family, names in FAMILIES.items():
        for name in names:
            tokens = find(TOKENS, name, {"eos_token": "<|im_end|>"})
            tokenizer = load(family, CHAT / (name + ".jinja"), tokens)
            yield {"family": family, "template": name + ".jinja", "tokens": tokens,
                   "ids": [list(tokenizer.apply_chat_template(
                       conversation([], turn, 0), add_generation_prompt=True, return_dict=False)) for turn in TURNS]}


def main():
    words = [word for word in sys.argv[1:] if word != "--check"]
    path = pathlib.Path(words[0]) if words else CHAT / "expected.json"
    utils.datetime = Clock
    made = {"date": DATE, "heads": HEADS, "turns": TURNS, "texts": list(texts()), "ids": list(ids())}
    text = json.dumps(made, ensure_ascii=False, indent=0) + "\n"
    errors = sum("error" in case for case in made["texts"])
    if "--check" not in sys.argv:
        path.write_text(text)
    elif path.read_text() != text:
        raise SystemExit(f"{path} is not what transformers makes")
    print(f"{len(made['texts'])} renderings ({errors} refused), {len(made['ids'])} lists of ids")


main()

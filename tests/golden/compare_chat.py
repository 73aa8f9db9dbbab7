"""Holds `etreerpo sample --show-prompt` against transformers' apply_chat_template, text and
ids, on checkpoint folders made of the templates of tests/data/chat and one small tokenizer
that knows all their special tokens.  Where transformers cannot be imported, the texts are
held against tests/data/chat/expected.json.

    python3 tests/golden/compare_chat.py ETREERPO [MODEL ...]     MODEL: more folders, as they are
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import transformers.utils.chat_template_utils as utils
    from transformers import AutoTokenizer
except ImportError:
    utils = None

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
GOLDEN = json.loads((DATA / "chat" / "expected.json").read_text())
QUESTIONS = (0, 2, 4)
SPECIAL = re.compile(r"<\|[^|<>{}']+\|>|</?s>|<[a-z]+_of_turn>|\[/?[A-Z_]+\]|<｜[^｜]+｜>|<(?:bos|eos|pad|image|boi)>")
# What their templates end a reply by is no token, or nothing.
NO_END = ("odd-", "error-")


def tokenizer_json():
    """The small SmolLM2 tokenizer with every special token that the templates spell."""
    tokenizer = json.loads((DATA / "text" / "families" / "smollm2" / "tokenizer.json").read_text())
    names = {name for path in sorted((DATA / "chat").glob("*.jinja")) for name in SPECIAL.findall(path.read_text())}
    names |= {token for case in GOLDEN["texts"] for token in case["tokens"].values()}
    known = {token["content"] for token in tokenizer["added_tokens"]}
    first = max([*tokenizer["model"]["vocab"].values(), *(token["id"] for token in tokenizer["added_tokens"])]) + 1
    for i, name in enumerate(sorted(names - known)):
        tokenizer["added_tokens"].append({"id": first + i, "content": name, "single_word": False, "lstrip": False,
                                          "rstrip": False, "normalized": False, "special": True})
    return json.dumps(tokenizer)


def write_rows(path, pairs):
    path.write_text("".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in pairs))


def make_folder(folder, case, tokenizer):
    """A checkpoint without its model, as it was read from."""
    folder.mkdir()
    tokens = case["tokens"]
    (folder / "tokenizer.json").write_text(tokenizer)
    (folder / "chat_template.jinja").write_bytes((DATA / "chat" / case["template"]).read_bytes())
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {**{k: v for k, v in tokens.items() if k.endswith("_token")}, "model_max_length": int(1e30),
         "extra_special_tokens": {k: v for k, v in tokens.items() if not k.endswith("_token")},
         "tokenizer_class": "PreTrainedTokenizerFast"}))


def settings_of(scratch, case):
    words = ["prompt.template_kwargs=" + json.dumps(case["kwargs"], ensure_ascii=False)]
    head = GOLDEN["heads"][case["head"]]
    if head:
        examples = [m["content"] for m in head[1:]]
        write_rows(scratch / "examples.jsonl", zip(examples[::2], examples[1::2]))
        words += ["prompt.system=" + head[0]["content"], f"prompt.examples={scratch}/examples.jsonl"]
    return words


def ours(program, scratch, folder, words, i):
    """(text, ids), or the error."""
    done = subprocess.run(
        [program, "sample", str(scratch / "empty.yaml"), "--show-prompt", "--problem", str(i),
         f"data.tokenizer={folder}", f"data.test={scratch}/questions.jsonl", "prompt.date=" + GOLDEN["date"], *words],
        capture_output=True)
    if done.returncode:
        return done.stderr.decode().splitlines()[-1]
    text, ids = done.stdout.decode().rsplit("\n# ", 1)
    return text, [int(word) for word in ids.split()[2:]]


def theirs(tokenizer, case, question):
    messages = GOLDEN["heads"][case["head"]] + [{"role": "user", "content": question}]
    how = {"add_generation_prompt": True, **case["kwargs"]}
    return (tokenizer.apply_chat_template(messages, tokenize=False, **how),
            list(tokenizer.apply_chat_template(messages, return_dict=False, **how)))


def compare(case, got, expected):
    if isinstance(got, str):
        raise SystemExit(f"{case['template']}, head \"{case['head']}\": {got}")
    for what, mine, right in zip(("text", "ids"), got, expected):
        if mine != right:
            raise SystemExit(f"{case['template']}, head \"{case['head']}\": {what}\n{mine!r}\nexpected\n{right!r}")


def check_texts(program, scratch):
    n = 0
    for case in GOLDEN["texts"]:
        if "error" in case or case["template"].startswith(NO_END):
            continue
        folder = scratch / f"{n}"
        make_folder(folder, case, tokenizer_json())
        tokenizer = AutoTokenizer.from_pretrained(folder) if utils else None
        words = settings_of(scratch, case)
        for i in QUESTIONS:
            got = ours(program, scratch, folder, words, i)
            compare(case, got, theirs(tokenizer, case, GOLDEN["turns"][i][0]) if utils else (case["asks"][i],))
            n += 1
    return n


def check_model(program, scratch, folder):
    case = {"template": folder, "tokens": {}, "kwargs": {}}
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for case["head"] in GOLDEN["heads"]:
        words = settings_of(scratch, case)
        for i in range(len(GOLDEN["turns"])):
            compare(case, ours(program, scratch, folder, words, i), theirs(tokenizer, case, GOLDEN["turns"][i][0]))
    return len(GOLDEN["heads"]) * len(GOLDEN["turns"])


def main():
    program, models = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        (scratch / "empty.yaml").touch()
        write_rows(scratch / "questions.jsonl", [(q, "#### 5") for q, _ in GOLDEN["turns"]])
        if utils:
            date = [int(part) for part in GOLDEN["date"].split("-")]
            utils.datetime = type("Clock", (utils.datetime,), {"now": classmethod(lambda c, tz=None: c(*date))})
        n = check_texts(program, scratch)
        n += sum(check_model(program, scratch, model) for model in models) if utils else 0
    print(f"{n} prompts of {'transformers, text and ids' if utils else 'the golden file, text'}")


main()

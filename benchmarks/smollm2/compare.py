#!/usr/bin/env python3
"""What etreerpo sampled from a Hugging Face folder, against transformers in float32 on the
same folder.  Reads the lines of `etreerpo sample --json`; needs what requirements.txt names.

    compare.py prompts FOLDER PROMPTS LINES chat|plain   ids: the tokenizer's and the template's
    compare.py greedy FOLDER LINES                       the likeliest tokens
    compare.py log-probs FOLDER LINES                    of what was sampled at temperature 1
    compare.py change FOLDER OTHER                       how far two folders' weights are apart

Prints figures; exit status 1, with what differs, where something does.
"""
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

NEAR = 1e-4
torch.set_num_threads(1)  # threads that wait for each other crawl on a busy machine
logging.disable_progress_bar()


def model_of(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def lines_of(path):
    return [json.loads(line) for line in open(path, encoding="utf-8")]


def chains_of(path):
    """Prompt and reply of every line, of one chain each."""
    for line in lines_of(path):
        nodes = line["nodes"]
        if [n["parent"] for n in nodes] != list(range(len(nodes))):
            sys.exit(f"problem {line['problem']}: not one chain")
        yield line, sum((n["ids"] for n in nodes), []), sum((n["log_probs"] for n in nodes), [])


def prompts(folder, path, lines, kind):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    questions = [line["question"] for line in lines_of(path)]
    got = lines_of(lines)
    for line in got:
        question = questions[line["problem"]]
        if kind == "chat":
            want = tokenizer.apply_chat_template([{"role": "user", "content": question}],
                                                 add_generation_prompt=True)["input_ids"]
        else:
            want = tokenizer(question.removesuffix("\n") + "\n")["input_ids"]
        if line["prompt_ids"] != want:
            sys.exit(f"problem {line['problem']}: ids {line['prompt_ids']}, transformers' {want}")
    print(f"{len(got)} {kind} prompts: transformers' ids")


@torch.no_grad()
def greedy(folder, path):
    """Their own greedy text; where it parts from ours, how near the two best logits are."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), model_of(folder)
    same = near = tokens = 0
    for line, ours, _ in chains_of(path):
        ids = torch.tensor([line["prompt_ids"]])
        out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False,
                             max_new_tokens=len(ours), output_logits=True,
                             return_dict_in_generate=True)
        theirs = out.sequences[0, ids.shape[1]:].tolist()
        tokens += len(theirs)
        at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), None)
        if at is None:
            text = "".join(n["text"] for n in line["nodes"])
            if len(theirs) != len(ours) or line["nodes"][-1]["reply"] != \
                    tokenizer.decode(theirs, skip_special_tokens=True):
                sys.exit(f"problem {line['problem']}: {text!r}, transformers' {tokenizer.decode(theirs)!r}")
            same += 1
            continue
        logits = out.logits[at][0]
        gap = float(logits.max() - logits[ours[at]])
        if gap >= NEAR:
            sys.exit(f"problem {line['problem']}, token {at}: ours is {gap:.2e} below the best logit")
        near += 1
    print(f"{same} of {same + near} texts equal over {tokens} tokens, {near} part at logits nearer than {NEAR:g}")


@torch.no_grad()
def log_probs(folder, path):
    model = model_of(folder)
    worst, count = 0.0, 0
    for line, ids, ours in chains_of(path):
        prompt = line["prompt_ids"]
        logits = model(torch.tensor([prompt + ids])).logits[0, len(prompt) - 1:-1]
        theirs = torch.log_softmax(logits.double(), -1)[torch.arange(len(ids)), torch.tensor(ids)]
        worst = max(worst, float((theirs - torch.tensor(ours, dtype=torch.float64)).abs().max()))
        count += len(ids)
    print(f"largest difference of {count} log-probs: {worst:.1e}")
    if not worst < NEAR:
        sys.exit(f"log-probs differ by {worst:g}")


def change(folder, other):
    one, two = model_of(folder).state_dict(), model_of(other).state_dict()
    if one.keys() != two.keys():
        sys.exit("the folders hold other tensors")
    most = max(float((one[k] - two[k]).abs().max()) for k in one)
    print(f"weights moved by at most {most:.1e}")
    if not 0 < most < 1:
        sys.exit(f"weights moved by {most:g}")


COMMANDS = {"prompts": (prompts, 4), "greedy": (greedy, 2), "log-probs": (log_probs, 2), "change": (change, 2)}

if __name__ == "__main__":
    command, count = COMMANDS.get(sys.argv[1] if len(sys.argv) > 1 else "", (None, 0))
    if not command or len(sys.argv) != 2 + count:
        sys.exit(__doc__)
    command(*sys.argv[2:])

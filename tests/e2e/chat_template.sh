#!/usr/bin/env bash
# A checkpoint with a chat template through sft, train, resume and eval: rank 0 alone
# renders it, every rank knows what ends a reply, the day stays the run's; hostile
# templates and what is missing here are named; without a template no Python starts.
BUILD=$1
. "$(dirname "$0")/../claims.d/common.sh"
config=$root/launch/configs/quickstart.yaml
job=$scratch/job chat=$scratch/chat
"$etreerpo" data algebra --out "$job" seed=7 train=60 test=20 max_steps=2 max_operand=20 max_factor=3 \
    max_value=99 >/dev/null 2>&1

# The tokenizer of the generated problems with two tokens more, and a template with a day.
mkdir "$chat"
/usr/bin/python3 - "$job" "$chat" <<'PY'
import json, sys
tokenizer = json.load(open(sys.argv[1] + "/tokenizer.json"))
first = max([*tokenizer["model"]["vocab"].values(), *(t["id"] for t in tokenizer["added_tokens"])]) + 1
for i, name in enumerate(("<|im_start|>", "<|im_end|>")):
    tokenizer["added_tokens"].append({"id": first + i, "content": name, "single_word": False, "lstrip": False,
                                      "rstrip": False, "normalized": False, "special": True})
json.dump(tokenizer, open(sys.argv[2] + "/tokenizer.json", "w"))
PY
cp "$job/tokenizer_config.json" "$chat"
{ printf '{%% if not dated is defined or dated %%}{{ strftime_now("%%Y") }} {%% endif %%}\n'
  cat "$root/launch/templates/chatml.jinja"; } >"$chat/chat_template.jinja"
# The generated vocabulary holds the letters that its problems need, not all of these.
letters() { sed -i "s/>assistant/>a/; s/message.role +/message.role[0] +/; s/%Y/%d/" "$1"; }
letters "$chat/chat_template.jinja"
cp "$root/launch/templates/chatml.jinja" "$scratch/own.jinja"
letters "$scratch/own.jinja"

settings=(data.train="$job/train.jsonl" data.test="$job/test.jsonl" data.tokenizer="$chat" model.dim=32
    model.heads=2 model.kv_heads=1 model.layers=2 model.ffn=64)
show() { "$etreerpo" sample "$config" "${settings[@]}" --problem 0 --show-prompt "$@"; }

show prompt.date=2025-01-23 >"$scratch/out" 2>"$scratch/err" || { cat "$scratch/err"; fail "show-prompt"; }
[ "$(head -c 15 "$scratch/out")" = "23 <|im_start|>" ] || { cat "$scratch/out"; fail "no template in the prompt"; }
grep -q '^# [0-9]* ids: ' "$scratch/out" || fail "no ids"
show prompt.template="$scratch/own.jinja" 2>/dev/null | head -n 1 | grep -q '^<|im_start|>u$' || fail "a template of one's own"
show prompt.template_kwargs='{dated: false}' 2>/dev/null | head -n 1 | grep -q '^<|im_start|>u$' || fail "template_kwargs"
show prompt.template=none 2>/dev/null | grep -q 'im_start' && fail "a template where none was asked for"

"$etreerpo" sft "$config" "${settings[@]}" run.dir="$scratch/warm" sft.steps=40 sft.warmup=5 sft.eval_every=0 \
    >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "sft"; }
grep -q 'a reply ends with <|im_end|>' "$scratch/log" || { cat "$scratch/log"; fail "sft does not say what ends a reply"; }
cmp "$chat/chat_template.jinja" "$scratch/warm/model/chat_template.jinja" || fail "the template did not travel"
"$etreerpo" sft "$config" "${settings[@]}" run.dir="$scratch/chosen" sft.steps=1 sft.eval_every=0 \
    prompt.template="$scratch/own.jinja" >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "sft with a file"; }
cmp "$scratch/own.jinja" "$scratch/chosen/model/chat_template.jinja" || fail "a chosen template stays behind"
settings+=(model.path="$scratch/warm/model")
train() { # RUN RANKS [key=value ...]
    local run=$1 mpi=()
    [ "$2" -eq 1 ] || mpi=(mpirun -n "$2")
    shift 2
    "${mpi[@]}" "$etreerpo" train "$config" "${settings[@]}" run.dir="$run" train.prompts=4 rollout.branch=[3,2] \
        rollout.max_new_tokens=40 run.checkpoint_every=1 "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "train"; }
}
date_of() { sed -n 's/^  date: "\([^"]*\)".*/\1/p' "$1/config.yaml"; }

# Ranks: only the first renders, all end a reply at the same token.
train "$scratch/one" 1 train.steps=3
train "$scratch/three" 3 train.steps=3
cmp <(fingerprints "$scratch/one") <(fingerprints "$scratch/three") || fail "one rank and three differ"
[ "$(fingerprints "$scratch/one" | wc -l)" -eq 3 ] || fail "not 3 steps"
[ "$(grep -c 'chat template: ' "$scratch/log")" -eq 1 ] || { cat "$scratch/log"; fail "not one rendering"; }
"$etreerpo" train "$config" "${settings[@]}" model.path="$scratch/one/model" --dry-run run.dir="$scratch/dry" \
    >"$scratch/log" 2>&1 || fail "the trained folder does not load"

# The day: of the run's making, stored, and taken up again.
[ "$(date_of "$scratch/one")" = "$(date +%F)" ] || fail "prompt.date is $(date_of "$scratch/one")"
train "$scratch/day" 1 train.steps=1 prompt.date=2001-02-13
train "$scratch/day" 1 train.steps=3
[ "$(date_of "$scratch/day")" = 2001-02-13 ] || fail "resumed on $(date_of "$scratch/day")"
train "$scratch/straight" 1 train.steps=3 prompt.date=2001-02-13
cmp <(fingerprints "$scratch/day") <(fingerprints "$scratch/straight") || fail "the day was not resumed"

# A program that is called bwrap and says so: no template, no child.
mkdir "$scratch/bin"
chmod 755 "$scratch" # a child is not root
printf '#!/bin/sh\necho "bwrap: called" >&2\nexit 1\n' >"$scratch/bin/bwrap"
chmod +x "$scratch/bin/bwrap"
PATH=$scratch/bin:$PATH show prompt.template=none >/dev/null 2>"$scratch/err" || fail "none needs a sandbox"
grep -q 'bwrap' "$scratch/err" && fail "a child without a template"
if PATH=$scratch/bin:$PATH show >/dev/null 2>"$scratch/err"; then fail "a template without a sandbox"; fi
grep -q 'no sandbox for the template: .*bwrap: called.*judge.sandbox=weak' "$scratch/err" || { cat "$scratch/err"; fail "no sandbox"; }
PATH=$scratch/bin:$PATH show judge.sandbox=weak prompt.date=2025-01-23 2>/dev/null | cmp - "$scratch/out" || fail "weak"

# bad WORDS TEXT [key=value]: status 2 and one line, within the deadline.
bad() {
    local words=$1 status=0
    printf '%s' "$2" >"$scratch/bad.jinja"
    shift 2
    timeout 60 "$etreerpo" sample "$config" "${settings[@]}" --problem 0 --show-prompt \
        prompt.template="$scratch/bad.jinja" "$@" >/dev/null 2>"$scratch/err" || status=$?
    [ "$status" -eq 2 ] && [ "$(grep -c ' error: ' "$scratch/err")" -eq 1 ] && grep -qF -- "$words" "$scratch/err" ||
        { cat "$scratch/err"; fail "status $status, expected $words"; }
    echo "ok: $(sed -n 's/.* error: sample: \(prompt.template: \)\?//p' "$scratch/err" | sed "s|$scratch/||g" | cut -c1-130)"
}
bad "does not end within 20." '{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}'
bad "more than 4194304 bytes" '{% for i in range(99999) %}{{ "a" * 999 }}{% endfor %}'
bad "more memory" '{{ "a" * 10 ** 11 }}'
bad "line 2: access to attribute '__class__'" $'\n{{ \'\'.__class__.__mro__ }}'
bad "unsafe" '{{ cycler.__init__.__globals__.os.system("id") }}'
bad "no loader" '{% include "/etc/passwd" %}'
bad "line 1: " '{% if %}'
bad "Gently: no" '{{ raise_exception("Gently:\n no") }}'
bad 'at the question "' '{% if "How" in messages[0].content %}{{ raise_exception("How?") }}{% endif %}{{ messages[-1].content }}'
bad "no reply would end" '{{ messages[-1].content }}{% if not add_generation_prompt %}[end]{% endif %}'
bad "messages is set by the program" '{{ messages[-1].content }}' prompt.template_kwargs='{messages: 1}'
bad "prompt.date: 'soon' is not a day" 'x' prompt.date=soon
bad "prompt.template_kwargs" 'x' prompt.template_kwargs='[1]'
settings+=(prompt.template=chatml)
if show >/dev/null 2>"$scratch/err"; then fail "chatml is a name"; fi
grep -q 'prompt.template: chatml: formats have no names' "$scratch/err" || { cat "$scratch/err"; fail "chatml"; }
echo "passed"

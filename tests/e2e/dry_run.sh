#!/usr/bin/env bash
# --dry-run of train, eval and sft says what the run then takes (within 5 % and what a small
# process varies by), and writes nothing; train refuses a temperature that has no log-probs.
BUILD=$1
. "$(dirname "$0")/../claims.d/common.sh"
: >"$scratch/config.yaml"
"$etreerpo" data algebra --out "$scratch/data" seed=7 train=40 test=8 >/dev/null 2>&1
set=("$scratch/config.yaml" data.train="$scratch/data/train.jsonl" data.test="$scratch/data/test.jsonl" data.tokenizer="$scratch/data"
    model.dim=256 model.layers=4 model.heads=4 model.kv_heads=2 model.ffn=704 rollout.kv_mb=16 rollout.max_rows=16
    rollout.max_new_tokens=24 train.steps=1 train.prompts=2 train.kl_coef=0.01 train.pack_tokens=512 eval.problems=2 eval.samples=2
    sft.steps=1 sft.eval_every=0 run.dir="$scratch/run")
for command in train eval sft; do
    "$etreerpo" $command --dry-run "${set[@]}" >"$scratch/plan" 2>"$scratch/log" || fail "$command --dry-run: $(tail -n 1 "$scratch/log")"
    [ ! -e "$scratch/run" ] || fail "$command --dry-run wrote something"
    predicted=$(sed -n 's/# peak memory *\([0-9]*\) MB alone.*/\1/p' "$scratch/plan")
    "$etreerpo" $command "${set[@]}" >/dev/null 2>"$scratch/log" || fail "$command: $(tail -n 1 "$scratch/log")"
    peak=$(sed -n 's/.*info: peak memory \([0-9]*\) MB.*/\1/p' "$scratch/log")
    awk -v p="$predicted" -v q="$peak" 'BEGIN { d = p - q; d = d < 0 ? -d : d; exit !(q > 0 && d <= 0.05 * q + 10) }' ||
        fail "$command: $predicted MB predicted, $peak MB used"
    rm -rf "$scratch/run"
done
status=0
"$etreerpo" train "${set[@]}" rollout.temperature=0 >/dev/null 2>"$scratch/log" || status=$?
[ "$status" -eq 2 ] && grep -q 'rollout.temperature: 0: train needs 0.01 or more' "$scratch/log" || fail "train at temperature 0: $(tail -n 1 "$scratch/log")"
[ ! -e "$scratch/run/metrics.jsonl" ] || fail "train at temperature 0 wrote something"
status=0
"$etreerpo" sample "${set[@]}" --problem 3:3 >/dev/null 2>"$scratch/log" || status=$?
[ "$status" -eq 2 ] && grep -q 'problem 3:3: N or A:B' "$scratch/log" || fail "sample --problem 3:3: $(tail -n 1 "$scratch/log")"
"$etreerpo" sample "${set[@]}" --problem 3:5 --json rollout.temperature=0 >"$scratch/out" 2>"$scratch/log" || fail "sample: $(tail -n 1 "$scratch/log")"
/usr/bin/python3 -c 'import json, sys
lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
assert [line["problem"] for line in lines] == [3, 4], "rows"
assert all(n["parent"] < n["node"] for line in lines for n in line["nodes"]), "parents"' "$scratch/out" || fail "sample --json"

#!/usr/bin/env bash
# A study of four tiny cells: all of them, again, one alone; its bad input; its report.
BUILD=$1
. "$(dirname "$0")/../claims.d/common.sh"
cat >"$scratch/tiny.yaml" <<'EOF'
study: tiny
seeds: 2
settings: >-
  train.steps=4 train.prompts=8 train.lr=5e-4 eval.problems=20 eval.samples=2 model.dim=32
  model.heads=2 model.kv_heads=1 model.layers=2 model.ffn=64
tasks:
  algebra:
    data: algebra max_steps=2 max_operand=4 max_factor=2 max_value=9 train=500 test=50
    settings: rollout.max_new_tokens=60
    warm: sft.steps=110 sft.eval_every=0
arms:
  flat: train.credit=grpo rollout.branch=[4]
  tree: rollout.branch=[3,2] cutoff.mode=zero cutoff.most_false=1 reuse.weights=is reuse.visits=2
EOF
study() { "$etreerpo" study "$scratch/tiny.yaml" --out "$scratch/s" "$@"; }
check() { "$@" || fail "$*"; }

study --jobs 2 >"$scratch/table" 2>"$scratch/log" || { cat "$scratch/log"; fail "the study"; }
for cell in flat-s1 tree-s1 flat-s2 tree-s2; do
    check test -s "$scratch/s/cells/algebra-$cell/result.json"
    check grep -q '"arm": "'"${cell%-s*}"'", "seed": '"${cell#*-s}" "$scratch/s/cells/algebra-$cell/cell.json"
done
check grep -Eq '^  tree +2 ' "$scratch/table"
[ "$(number "$scratch/s/cells/algebra-tree-s1/result.json" steps)" = 4 ] || fail "steps of a cell"

# Again: nothing is done twice, the table is the same.
before=$(stat -c %Y.%s "$scratch"/s/cells/*/metrics.jsonl)
study >"$scratch/again" 2>/dev/null || fail "the study again"
check cmp -s "$scratch/table" "$scratch/again"
study --table >"$scratch/again" 2>/dev/null || fail "the table"
check cmp -s "$scratch/table" "$scratch/again"
[ "$before" = "$(stat -c %Y.%s "$scratch"/s/cells/*/metrics.jsonl)" ] || fail "cells were run again"

# One cell alone, whose run was cut off after its checkpoint: the same steps and weights.
cell=$scratch/s/cells/algebra-tree-s2
fingerprints "$cell" >"$scratch/expected"
rm -rf "$cell"
study --cell 3 train.steps=2 2>/dev/null || fail "a shorter cell"
rm "$cell/result.json" "$cell/DONE"
study --cell 3 2>/dev/null || fail "the cell goes on"
fingerprints "$cell" | cmp -s "$scratch/expected" - || fail "the cell that went on differs"

# Equal tokens: the bound ends the run.
study --cell 0 train.stop_tokens=1 run.dir="$scratch/bound" 2>/dev/null || true
rm -rf "$scratch/s/cells/algebra-flat-s1"
study --cell 0 train.stop_tokens=1 2>/dev/null || fail "a cell with a bound"
[ "$(number "$scratch/s/cells/algebra-flat-s1/result.json" steps)" = 1 ] || fail "the bound on tokens"

# The data of the studies that come with the program, by their defaults.
"$etreerpo" data countdown --out "$scratch/countdown" >/dev/null 2>&1 || fail "data countdown"
[ "$(wc -l <"$scratch/countdown/train.jsonl")" -eq 8000 ] || fail "8000 problems"

# Bad input: one line, status 2.
refused() { # WORDS ARGS...
    local words=$1 status=0
    shift
    "$etreerpo" study "$@" >/dev/null 2>"$scratch/error" || status=$?
    [ "$status" -eq 2 ] && [ "$(grep -c ' error: ' "$scratch/error")" -eq 1 ] && grep -q "$words" "$scratch/error" ||
        fail "status $status: $(cat "$scratch/error")"
    echo "ok: $(sed 's/.* error: //; s|'"$scratch"'/||g' "$scratch/error" | cut -c1-120)"
}
refused 'cells 0 to 3' "$scratch/tiny.yaml" --out "$scratch/s" --cell 4
refused 'no study' nonsense --out "$scratch/s"
refused 'out DIR is missing' branching
sed 's/^seeds: 2/seeds: many/' "$scratch/tiny.yaml" >"$scratch/bad.yaml"
refused 'bad.yaml:2: seeds' "$scratch/bad.yaml" --out "$scratch/s"
sed 's/^  flat:/  ..:/' "$scratch/tiny.yaml" >"$scratch/bad.yaml"
refused 'bad.yaml:1[0-9]' "$scratch/bad.yaml" --out "$scratch/s"
sed 's/credit=grpo/credits=grpo/' "$scratch/tiny.yaml" >"$scratch/bad.yaml"
rm "$scratch/s/cells/algebra-flat-s2/result.json"
refused 'arm flat.*train.credits' "$scratch/bad.yaml" --out "$scratch/s" --cell 2

# The report of the study, the variance study and a single run.
"$etreerpo" study variance trees=2000 --out "$scratch/v" >/dev/null 2>&1 || true # few trees
"$etreerpo" report "$scratch/s" "$scratch/v" --reference flat --out "$scratch/report.html" >"$scratch/said" 2>&1 ||
    { cat "$scratch/said"; fail "the report"; }
/usr/bin/python3 "$root/tests/e2e/report-check.py" "$scratch/report.html" 'tiny: algebra' 'Cost to reach' Guideline \
    'Theory against measurement' 'Early cutoff' 'Subtree reuse' '<h2>Trees' || fail "the page"
status=0
"$etreerpo" report "$scratch/nothing" --out "$scratch/none.html" >/dev/null 2>"$scratch/error" || status=$?
[ "$status" -eq 2 ] && [ ! -e "$scratch/none.html" ] || fail "a report of nothing"
echo "the study of four cells and its report: all as they must be"

#!/usr/bin/env bash
# The whole program on a tiny policy: data, sft, train (one rank, then resumed under
# mpirun), eval, sample; what was promised is on the disk afterwards.
BUILD=$1
. "$(dirname "$0")/../claims.d/common.sh"
job=$scratch/job run=$scratch/run
small_job "$job" 20

train_small "$job" "$run" 1 train.steps=2 run.checkpoint_every=2 >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "train"; }
train_small "$job" "$run" 3 train.steps=4 run.checkpoint_every=2 >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "resume"; }
grep -q 'resum' "$scratch/log" || fail "the second run did not resume"
[ "$(fingerprints "$run" | wc -l)" -eq 4 ] || fail "not 4 steps in metrics.jsonl"
train_small "$job" "$scratch/straight" 2 train.steps=4 >"$scratch/log" 2>&1 || fail "straight run"
cmp <(fingerprints "$run") <(fingerprints "$scratch/straight") || fail "resumed != straight"

for key in reward pass_at_1 length silent_groups entropy grad_norm log_prob_diff_max \
    unique_ratio generated_tokens flops learner_idle rollout_s train_s publish_s; do
    grep -q "\"$key\"" "$run/metrics.jsonl" || fail "metrics.jsonl has no $key"
done
for file in model/model.safetensors model/config.json model/tokenizer.json config.yaml DONE; do
    [ -s "$run/$file" ] || fail "no $file"
done
segments=("$run"/archive/*.h5)
[ "${#segments[@]}" -eq 2 ] || fail "${#segments[@]} archive segments"
[ "$(h5dump -d /metrics/step "${segments[0]}" 2>/dev/null | grep -c '(0)')" -ge 1 ] || fail "archive"

mpirun -n 2 "$etreerpo" eval "$root/launch/configs/quickstart.yaml" model.path="$run/model" \
    data.test="$job/data/test.jsonl" data.tokenizer="$job/data" eval.problems=20 eval.samples=3 \
    --json "$scratch/two.json" >"$scratch/out" 2>&1 || { cat "$scratch/out"; fail "eval"; }
"$etreerpo" eval "$root/launch/configs/quickstart.yaml" model.path="$run/model" \
    data.test="$job/data/test.jsonl" data.tokenizer="$job/data" eval.problems=20 eval.samples=3 \
    --json "$scratch/one.json" >/dev/null 2>&1 || fail "eval on one rank"
cmp "$scratch/one.json" "$scratch/two.json" || fail "eval depends on the ranks"
"$etreerpo" sample "$root/launch/configs/quickstart.yaml" model.path="$run/model" \
    data.tokenizer="$job/data" --prompt "Eva has 4 eggs. Eva gets 6 more. How many?" >"$scratch/out" 2>"$scratch/err" ||
    { cat "$scratch/err"; fail "sample"; }
grep -q '─' "$scratch/out" || fail "sample drew no tree"
"$etreerpo" train "$root/launch/configs/quickstart.yaml" --dry-run data.train="$job/data/train.jsonl" \
    data.tokenizer="$job/data" run.dir="$scratch/dry" >"$scratch/out" 2>&1 || { cat "$scratch/out"; fail "dry run"; }
[ ! -e "$scratch/dry" ] || fail "the dry run wrote something"

#!/usr/bin/env bash
# SmolLM2-135M-Instruct (benchmarks/smollm2/fetch) through sample, eval and two steps of train,
# with a KL term and without.
. "$(dirname "$0")/../claims.d/common.sh"
etreerpo=$1/etreerpo
model=${SMOLLM2:-$root/build/smollm2}
[ -f "$model/model.safetensors" ] || { echo "skipped: no $model (benchmarks/smollm2/fetch makes it)"; exit 77; }
for problem in "3+4 7" "8+1 9" "2+3 5" "5+2 7" "1+6 7" "2+5 7" "6+1 7"; do
    echo "{\"question\": \"What is ${problem% *}?\", \"answer\": \"#### ${problem#* }\"}"
done >"$scratch/sums.jsonl"
set=(model.path="$model" data.train="$scratch/sums.jsonl[3:7]" data.test="$scratch/sums.jsonl[3:7]"
    "prompt.examples=$scratch/sums.jsonl[0:3]" "rollout.branch=[4,2]" rollout.step_tokens=3 rollout.delimiter= rollout.max_new_tokens=10
    rollout.max_rows=16 rollout.kv_mb=64 train.steps=2 train.prompts=4 rollout.temperature=1.2 train.pack_tokens=256 train.lr=1e-5 train.warmup=0
    eval.problems=4 eval.samples=2)
: >"$scratch/config.yaml"

run() { # COMMAND ... : under the small settings
    local command=$1
    shift
    "$etreerpo" "$command" "$scratch/config.yaml" "${set[@]}" "$@" >"$scratch/out" 2>"$scratch/err" ||
        { tail -n 3 "$scratch/err"; fail "$command $*"; }
}

run sample --json --prompt "What is 2+3?" rollout.temperature=0 prompt.examples= rollout.max_new_tokens=16 rollout.step_tokens=8
grep -q '"prompt_ids": \[1, 9690, 198, 2683, .*, 198, 1, 520, 9531, 198\]' "$scratch/out" || fail "sample: other prompt ids"
replies=$(grep -o '"reply": "[^"]*"' "$scratch/out" | sort -u)
[ "$replies" = '"reply": "2 + 3 = 5"' ] || fail "sample: greedy replies $replies"
run eval --json "$scratch/eval.json"
[ "$(number "$scratch/eval.json" samples)" = 8 ] || fail "eval: $(cat "$scratch/eval.json")"
for kl in 0 0.01; do
    run train run.dir="$scratch/run$kl" train.kl_coef=$kl
    steps=$(wc -l <"$scratch/run$kl/metrics.jsonl")
    [ "$steps" -eq 2 ] || fail "train: $steps steps of 2 with kl_coef $kl"
    awk -v s="$(number "$scratch/run$kl/metrics.jsonl" signal_prompts)" "BEGIN { exit !(s > 0) }" || fail "nothing to learn with kl_coef $kl"
    [ "$(number "$scratch/run$kl/metrics.jsonl" log_prob_diff_max)" = 0 ] || fail "rollout and learner differ with kl_coef $kl"
    [ -f "$scratch/run$kl/model/model.safetensors" ] || fail "no model with kl_coef $kl"
done
awk -v k="$(number "$scratch/run0.01/metrics.jsonl" kl)" "BEGIN { exit !(k > 0) }" || fail "no KL after an update"
run sample --prompt "What is 2+3?" model.path="$scratch/run0/model"

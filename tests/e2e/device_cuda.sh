#!/usr/bin/env bash
# The whole program with device=cuda, its kernels on the CPU (tests/cuda_on_host): sft,
# train (one rank, then resumed on three), eval and sample.  Deterministic: rollout equals
# learner, and neither a resumption nor the ranks change a bit.
BUILD=$1
. "$(dirname "$0")/../claims.d/common.sh"
export ETREERPO_CUDA=$BUILD/tests/cuda/etreerpo_cuda_on_host.so
[ -f "$ETREERPO_CUDA" ] || fail "$ETREERPO_CUDA is not built"
job=$scratch/job run=$scratch/run
config=$root/launch/configs/quickstart.yaml
small=(device=cuda rollout.kv_mb=2 rollout.max_rows=12 train.pack_tokens=512)

attempt() { # WHAT command...: shows the log only where it fails
    local what=$1
    shift
    "$@" >"$scratch/out" 2>"$scratch/log" || { cat "$scratch/log"; fail "$what"; }
}
step() { # RUN RANKS [key=value ...]
    attempt "train $*" train_small "$job" "$1" "$2" train.prompts=3 rollout.branch=[3,2] \
        rollout.max_new_tokens=40 run.checkpoint_every=1 "${small[@]}" "${@:3}"
}

# A policy that is right sometimes: without signal nothing is trained.  Heads of 64, the
# smallest that the tensor cores' kernels take.
"$etreerpo" data algebra --out "$job/data" seed=7 train=1000 test=8 max_steps=2 max_operand=4 \
    max_factor=2 max_value=9 >/dev/null
attempt "warm start" "$etreerpo" sft "$config" run.dir="$job/warm" \
    data.train="$job/data/train.jsonl" data.test="$job/data/test.jsonl" \
    data.tokenizer="$job/data" model.dim=64 model.heads=1 model.kv_heads=1 model.layers=1 \
    model.ffn=64 sft.steps=130 sft.warmup=10 sft.eval_every=0
attempt sft "$etreerpo" sft "$config" "${small[@]}" run.dir="$scratch/sft" \
    data.train="$job/data/train.jsonl" data.test="$job/data/test.jsonl" \
    data.tokenizer="$job/data" model.path="$job/warm/model" sft.steps=2 sft.batch=2 \
    sft.warmup=1 sft.eval_every=0
grep -q 'GPU 0: this CPU' "$scratch/log" || fail "sft does not say what it ran on"

step "$run" 1 train.steps=1 deterministic=true
step "$run" 3 train.steps=2 deterministic=true
grep -q 'resum' "$scratch/log" || fail "the second run did not resume"
step "$scratch/straight" 2 train.steps=2 deterministic=true
[ "$(fingerprints "$run" | wc -l)" -eq 2 ] || fail "not 2 steps in metrics.jsonl"
cmp <(fingerprints "$run") <(fingerprints "$scratch/straight") || fail "resumed != straight"
zero=$(grep -cE '"log_prob_diff_max": *0(\.0*)?[,}]' "$run/metrics.jsonl")
[ "$zero" -eq 2 ] || fail "deterministic: rollout and learner differ"
[ "$(number "$run/metrics.jsonl" trained_tokens)" -gt 0 ] || fail "no token was trained"

# The fast mode, whose difference is measured; float32.
step "$scratch/fast" 2 train.steps=1
awk -v d="$(number "$scratch/fast/metrics.jsonl" log_prob_diff_max)" 'BEGIN { exit !(d > 0 && d < 0.2) }' ||
    fail "fast: the difference is $(number "$scratch/fast/metrics.jsonl" log_prob_diff_max)"
step "$scratch/float" 1 train.steps=1 gpu.type=f32 gpu.recompute=layer gpu.optimizer=host

for ranks in 1 2; do
    mpi=()
    [ "$ranks" -eq 1 ] || mpi=(mpirun -n "$ranks")
    attempt "eval on $ranks" "${mpi[@]}" "$etreerpo" eval "$config" "${small[@]}" \
        deterministic=true model.path="$run/model" data.test="$job/data/test.jsonl" \
        data.tokenizer="$job/data" eval.problems=4 eval.samples=2 rollout.max_new_tokens=12 \
        --json "$scratch/eval$ranks.json"
done
cmp "$scratch/eval1.json" "$scratch/eval2.json" || fail "eval depends on the ranks"
attempt sample "$etreerpo" sample "$config" "${small[@]}" model.path="$run/model" \
    data.tokenizer="$job/data" rollout.max_new_tokens=12 --prompt "Eva has 4 eggs."
grep -q '─' "$scratch/out" || fail "sample drew no tree"

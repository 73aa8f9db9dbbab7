# Sourced by the steps that run the whole program: problems and policies on the GPU.
. "$root/launch/mpi-env.sh"
etreerpo=$(program etreerpo)
config=$root/launch/configs/quickstart.yaml
work=$WORK/$STEP.d
rm -rf "$work" && mkdir -p "$work"
export OMPI_MCA_orte_tmpdir_base=$work OMPI_MCA_btl_vader_backing_directory=$work
gpu=(device=cuda "data.train=$work/data/train.jsonl" "data.test=$work/data/test.jsonl"
    "data.tokenizer=$work/data" rollout.kv_mb=256)
# Heads of 64, which the tensor cores' kernels take.
small=(model.dim=128 model.heads=2 model.kv_heads=1 model.layers=3 model.ffn=320)
half_billion=(model.dim=896 model.layers=24 model.heads=14 model.kv_heads=2 model.ffn=4864)

# attempt NAME command...: its output in NAME.log; fails with the last line.
attempt() {
    local name=$1
    shift
    "$@" >"$work/$name.log" 2>&1 || fail "$name: $(tail -n 1 "$work/$name.log")"
}

problems() {
    attempt data "$etreerpo" data algebra --out "$work/data" seed=1 "$@"
}

# train RUN MODEL [key=value ...], of one process
train() {
    attempt "train-$1" "$etreerpo" train "$config" "${gpu[@]}" run.dir="$work/$1" model.path="$2" "${@:3}"
}

evaluate() { # NAME MODEL
    attempt "eval-$1" "$etreerpo" eval "$config" "${gpu[@]}" model.path="$2" eval.problems=256 \
        --json "$work/$1.json"
    number "$work/$1.json" pass_at_1
}

# The largest of a metric over a run's steps; one that is no number comes before all.
largest() {
    local values
    values=$(sed -n "s/.*\"$2\": *\([^,}]*\).*/\1/p" "$work/$1/metrics.jsonl")
    grep -m 1 '[^-+.0-9e]' <<<"$values" || sort -g <<<"$values" | tail -n 1
}

warm_policy() { # a policy that solves some problems, in $work/warm/model
    problems
    attempt sft "$etreerpo" sft "$config" "${gpu[@]}" "${small[@]}" run.dir="$work/warm" sft.steps=2000 \
        sft.stop_at="${1:-0.36}" sft.max_seconds="${2:-60}"
}

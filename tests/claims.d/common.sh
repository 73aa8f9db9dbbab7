# Sourced by the claims and by tests/e2e: paths, a scratch folder, a small warm policy.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$root/build/release}
etreerpo=$BUILD/etreerpo
. "$root/launch/mpi-env.sh"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/etreerpo-claim.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
# What a killed rank leaves behind goes with the scratch folder.
export OMPI_MCA_orte_tmpdir_base=$scratch OMPI_MCA_btl_vader_backing_directory=$scratch

fail() {
    echo "does not hold: $*"
    exit 1
}

# A number by its key from a JSON file or line.
number() { sed -n "s/.*\"$2\": *\([-0-9.e]*\).*/\1/p" "$1" | tail -n 1; }
text() { sed -n "s/.*\"$2\": *\"\([^\"]*\)\".*/\1/p" "$1" | tail -n 1; }

# small_job DIR: problems and a policy that has seen a little, in seconds.
small_job() {
    mkdir -p "$1"
    "$etreerpo" data algebra --out "$1/data" seed=7 train=1000 test=50 max_steps=2 \
        max_operand=4 max_factor=2 max_value=9 >/dev/null
    "$etreerpo" sft "$root/launch/configs/quickstart.yaml" run.dir="$1/warm" \
        data.train="$1/data/train.jsonl" data.test="$1/data/test.jsonl" \
        data.tokenizer="$1/data" model.dim=32 model.heads=2 model.kv_heads=1 model.layers=2 \
        model.ffn=64 sft.steps="${2:-130}" sft.warmup=10 sft.eval_every=0 >/dev/null 2>"$1/sft.log" ||
        { cat "$1/sft.log" >&2; return 1; }
}

# train_small JOB RUN RANKS [key=value ...]: a short run of the small job.
train_small() {
    local job=$1 run=$2 ranks=$3
    shift 3
    local mpi=()
    [ "$ranks" -gt 1 ] && mpi=(mpirun ${MPIRUN_FLAGS:-} -n "$ranks")
    "${mpi[@]}" "$etreerpo" train "$root/launch/configs/quickstart.yaml" run.dir="$run" \
        model.path="$job/warm/model" data.train="$job/data/train.jsonl" \
        data.test="$job/data/test.jsonl" data.tokenizer="$job/data" \
        train.steps=5 train.prompts=8 rollout.branch=[3,2] rollout.max_new_tokens=60 "$@"
}

# pid_of_rank RUN RANK: of a run under mpirun, by its environment, for process numbers
# may have begun anew.
pid_of_rank() {
    local pid
    for pid in $(pgrep -f "etreerpo train .*run.dir=$1"); do
        grep -qz "^OMPI_COMM_WORLD_RANK=$2\$" "/proc/$pid/environ" 2>/dev/null && echo "$pid"
    done
    return 0
}

# The fingerprints of a run's steps, one line each: step, trees, weights.
fingerprints() {
    sed -n 's/.*"step": *\([0-9]*\).*"batch_hash": *"\([0-9a-f]*\)".*"weights_hash": *"\([0-9a-f]*\)".*/\1 \2 \3/p' \
        "$1/metrics.jsonl"
}

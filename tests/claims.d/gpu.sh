# Sourced by the claims about a GPU: runs a step of tests/gpu/run and reads its figures.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# gpu_step NAME [option ...]: shows the step's log; its text in $gpu_text.
gpu_step() {
    local name=$1 rc=0 line
    shift
    unset BUILD # a stage, where there is one
    export OUT=${OUT:-$root/build/gpu-results/$name}
    "$root/tests/gpu/run" --only "$name" "$@" >"$scratch/run" 2>&1 || rc=$?
    line=$(grep -E "^(PASS|FAIL|SKIP) +$name " "$scratch/run" | tail -n 1)
    gpu_text=$(echo "$line" | sed -E 's/^[A-Z]+ +[^ ]+ +[0-9]+ s +//')
    [ ! -f "$OUT/$name.log" ] || cat "$OUT/$name.log"
    case $line in
    PASS*) ;;
    SKIP*) fail "$gpu_text" ;;
    *) fail "${gpu_text:-tests/gpu/run: $(tail -n 1 "$scratch/run")}" ;;
    esac
}

# gpu_figure NAME: of the step's results.
gpu_figure() {
    sed -n "s/.*\"figure\": \"$1\", \"value\": \([-0-9.e+]*\),.*/\1/p" "$OUT/results.jsonl" | tail -n 1
}

device_name() { sed -n 's/^name: //p' "$OUT/device.log"; }
at_least() { awk -v a="${1:-0}" -v b="$2" 'BEGIN { exit !(a >= b) }'; }
at_most() { awk -v a="${1:-1e30}" -v b="$2" 'BEGIN { exit !(a <= b) }'; }

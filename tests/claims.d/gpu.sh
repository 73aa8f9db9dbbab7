# Sourced by the claims about a GPU: runs a step of tests/gpu/run and reads its figures.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# gpu_step NAME: shows the step's log; its text in $gpu_text.  With GPU_RESULTS set, of a run
# of tests/gpu/run that was made already: the folder that it called OUT.
gpu_step() {
    local name=$1 line results=${GPU_RESULTS:-}
    unset BUILD # a stage, where there is one
    OUT=$results
    if [ -z "$results" ]; then
        export OUT=$root/build/gpu-results/$name
        "$root/tests/gpu/run" --only "$name" >"$scratch/run" 2>&1 || true
    fi
    line=$(grep -F "{\"step\": \"$name\", \"result\":" "$OUT/results.jsonl" | tail -n 1) || true
    gpu_text=$(sed 's/.*"text": "\(.*\)"}$/\1/' <<<"$line")
    sed -n "/^== $name: /,/^== [a-z-]*: /p" "$OUT/logs.txt"
    case $line in
    *'"result": "PASS"'*) ;;
    *) fail "${gpu_text:-$name was not run}" ;;
    esac
}

# gpu_figure NAME: of the step's results.
gpu_figure() {
    sed -n "s/.*\"figure\": \"$1\", \"value\": \([-0-9.e+]*\),.*/\1/p" "$OUT/results.jsonl" | tail -n 1
}

device_name() { sed -n 's/^name: //p' "$OUT/logs.txt" | head -n 1; }
is_number() { [[ ${1:-} =~ ^-?[0-9]+(\.[0-9]*)?(e[-+]?[0-9]+)?$ ]]; }
at_least() { is_number "$1" && awk -v a="$1" -v b="$2" 'BEGIN { exit !(a + 0 >= b + 0) }'; }
at_most() { is_number "$1" && awk -v a="$1" -v b="$2" 'BEGIN { exit !(a + 0 <= b + 0) }'; }

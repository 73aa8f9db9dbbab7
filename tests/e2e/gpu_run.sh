#!/usr/bin/env bash
# tests/gpu/run and the claims that read its results, over made-up benchmarks: a figure
# above its bound holds; one below it, none, a word, and a program that fails do not.
BUILD=$1
. "$(dirname "$0")/../claims.d/common.sh"
made=$scratch/made
mkdir -p "$made/benchmarks/gpu"
touch "$made/etreerpo_cuda.so"

program() { # NAME: reads its text
    { echo '#!/usr/bin/env bash' && cat; } >"$made/benchmarks/gpu/bench_gpu_$1"
    chmod +x "$made/benchmarks/gpu/bench_gpu_$1"
}
program device <<'END'
echo "Made-up GPU, compute capability 9.0, 1 SMs, 1.0 GiB"
echo "measured: copy 3000 GB/s read and written, bf16 product of 8192^3 798.1 TFLOP/s"
END
program decode <<'END'
for mode in fast deterministic; do
    for prefix in 512 2048; do
        echo "1.5b $mode $prefix 64 40000 1.6 1.1 $SHARE % 60.0 %"
    done
done
exit $RC
END
program train <<'END'
[ "$MFU" != hang ] || { (trap "" TERM && exec sleep "$HANG") & wait; }
echo "1.5b   fast          b 4 depth 3    16320     768     330.1     49000    470.2    59.1 %    $MFU %"
END

# run STEP: results in $scratch/out
run() {
    BUILD=$made OUT=$scratch/out WORK=$scratch/work "$root/tests/gpu/run" --only "$1" >"$scratch/log" 2>&1
}
claim() { GPU_RESULTS=$scratch/out bash "$root/tests/claims.d/gpu-$1" >"$scratch/claim" 2>&1; }
expect() { # WHAT STEP CLAIM, of the step: passes|fails, of the claim: holds|not
    local passed=fails held=not
    run "$2" && passed=passes
    claim "$3" && held=holds
    [ "$passed $held" = "$4 $5" ] || { cat "$scratch/log" "$scratch/claim"; fail "$1: $passed, $held"; }
}

export SHARE=75.2 MFU=47.5 RC=0 HANG=$((100000 + $$))
expect "decode above its bound" decode decode passes holds
[ "$(ls "$scratch/out" | tr '\n' ' ')" = "gpu-Made-up-GPU.txt logs.txt results.jsonl " ] ||
    fail "OUT holds $(ls "$scratch/out" | tr '\n' ' ')"
SHARE=69.9 expect "decode below its bound" decode decode passes not
SHARE=nan expect "decode, no number" decode decode fails not
SHARE='' expect "decode, nothing" decode decode fails not
RC=1 expect "decode, a failure" decode decode fails not
MFU=nan expect "training, no number" training train fails not
MFU=44.9 expect "training below its bound" training train passes not
tail -n 1 "$scratch/claim" | grep -q '44.9 %' || fail "gpu-train does not tell its figure: $(tail -n 1 "$scratch/claim")"

# What is stopped takes its children along.
MFU=hang BUILD=$made OUT=$scratch/out WORK=$scratch/work "$root/tests/gpu/run" --only training >"$scratch/log" 2>&1 &
runner=$!
for _ in $(seq 100); do
    child=$(pgrep -f "^sleep $HANG$" | head -n 1) || true
    [ -z "$child" ] || break
    sleep 0.1
done
[ -n "${child:-}" ] || fail "the program that hangs did not start"
kill -TERM $runner
pkill -TERM -P $runner || true
wait $runner || true
# Ended, if perhaps not yet waited for by whoever inherited it.
state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$child/status" 2>/dev/null) || true
[[ ${state:-Z} == Z ]] || fail "a child outlived the run"
echo "holds: figures are held to their bounds, words are none, children end"

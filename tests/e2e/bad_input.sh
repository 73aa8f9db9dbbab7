#!/usr/bin/env bash
# Every kind of bad input: exit status 2, one line that names file, place and reason,
# and nothing written.
BUILD=$1
. "$(dirname "$0")/../claims.d/common.sh"
job=$scratch/job
small_job "$job" 2
config=$root/launch/configs/quickstart.yaml
data=(data.train="$job/data/train.jsonl" data.test="$job/data/test.jsonl"
    data.tokenizer="$job/data" model.path="$job/warm/model")
failures=0

# expect WORD... -- COMMAND: it fails with status 2 and its error line has every word.
expect() {
    local words=()
    while [ "$1" != -- ]; do words+=("$1") && shift; done
    shift
    rm -rf "$scratch/out"
    local status=0 bad=0
    "$@" run.dir="$scratch/out" >"$scratch/stdout" 2>"$scratch/stderr" || status=$?
    [ "$status" -eq 2 ] || bad=1
    [ "$(grep -c ' error: ' "$scratch/stderr")" -eq 1 ] || bad=1
    for word in "${words[@]}"; do
        grep ' error: ' "$scratch/stderr" | grep -qF -- "$word" || bad=1
    done
    [ ! -e "$scratch/out" ] || bad=1
    if [ $bad -ne 0 ]; then
        echo "FAILED: expected [${words[*]}], got status $status, written: $(ls -d "$scratch/out" 2>/dev/null)"
        sed 's/^/    /' "$scratch/stderr"
        failures=$((failures + 1))
    else
        echo "ok: $(grep ' error: ' "$scratch/stderr" | sed 's/.* error: //; s|'"$scratch"'/||g' | cut -c1-150)"
    fi
}
train() { "$etreerpo" train "$@"; }

# configs
printf 'train:\n  lrr: 1.0\n' >"$scratch/unknown.yaml"
expect unknown.yaml:2 lrr -- train "$scratch/unknown.yaml" "${data[@]}"
printf 'train:\n  lr: fast\n' >"$scratch/type.yaml"
expect type.yaml:2 train.lr fast -- train "$scratch/type.yaml" "${data[@]}"
printf 'rollout:\n  branch: [4, 0]\n' >"$scratch/range.yaml"
expect range.yaml:2 rollout.branch -- train "$scratch/range.yaml" "${data[@]}"
printf 'train:\n  lr: [1\n' >"$scratch/syntax.yaml"
expect syntax.yaml: -- train "$scratch/syntax.yaml" "${data[@]}"
expect nothere.yaml "No such file" -- train "$scratch/nothere.yaml" "${data[@]}"
expect train.stepz -- train "$config" "${data[@]}" train.stepz=3
expect rollout.parts -- train "$config" "${data[@]}" rollout.parts=9

# data lines
cp "$job/data/train.jsonl" "$scratch/train.jsonl"
sed -i '3s/.*/{"question": "no answer"}/' "$scratch/train.jsonl"
expect train.jsonl:3 answer -- train "$config" "${data[@]}" data.train="$scratch/train.jsonl"
sed -i '3s/.*/{"question": "cut of/' "$scratch/train.jsonl"
expect train.jsonl:3 -- train "$config" "${data[@]}" data.train="$scratch/train.jsonl"
sed -i '3s/.*/{"question": "q", "answer": "no final line"}/' "$scratch/train.jsonl"
expect train.jsonl:3 "####" -- train "$config" "${data[@]}" data.train="$scratch/train.jsonl"

# model folders
broken() { rm -rf "$scratch/model" && cp -r "$job/warm/model" "$scratch/model"; }
weights=$scratch/model/model.safetensors
broken && truncate -s 100 "$weights"
expect model.safetensors -- train "$config" "${data[@]}" model.path="$scratch/model"
broken && printf '\377\377\377\377\377\377\377\177' | dd of="$weights" conv=notrunc status=none
expect model.safetensors header -- train "$config" "${data[@]}" model.path="$scratch/model"
broken && sed -i 's/"hidden_size": *[0-9]*/"hidden_size": 48/' "$scratch/model/config.json"
expect model.safetensors -- train "$config" "${data[@]}" model.path="$scratch/model"
broken && sed -i 's/llama/mamba/g' "$scratch/model/config.json"
expect config.json mamba -- train "$config" "${data[@]}" model.path="$scratch/model"

# tokenizers
mkdir -p "$scratch/tok" && head -c 200 "$job/data/tokenizer.json" >"$scratch/tok/tokenizer.json"
expect tokenizer.json -- train "$config" "${data[@]}" data.tokenizer="$scratch/tok"
expect nowhere -- train "$config" "${data[@]}" data.tokenizer="$scratch/nowhere"

# an output that cannot be written is found before the run starts (status 1, not 2)
: >"$scratch/file"
if train "$config" "${data[@]}" run.dir="$scratch/file/run" >"$scratch/stdout" 2>"$scratch/stderr"; then
    echo "FAILED: a run inside a plain file" && failures=$((failures + 1))
else
    grep -q 'file' "$scratch/stderr" && echo "ok: $(grep error "$scratch/stderr" | cut -c1-150)"
fi
if mountpoint=$(mktemp -d "$scratch/full.XXXX") && mount -t tmpfs -o size=256k tmpfs "$mountpoint" 2>/dev/null; then
    train "$config" "${data[@]}" run.dir="$mountpoint/run" >"$scratch/stdout" 2>"$scratch/stderr" &&
        { echo "FAILED: a run on a full disk" && failures=$((failures + 1)); }
    grep -E ' error: .*(free|space)' "$scratch/stderr" | cut -c1-150 || failures=$((failures + 1))
    umount "$mountpoint"
fi
[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }

#!/usr/bin/env bash
# Folders as transformers publishes them: each is trained two steps, and what it held besides weights is
# in the trained folder as it was; ends of texts, lost bytes, lost folders and wrong paths are told.
#   published.sh BUILD [FOLDERS [TRAINED]]: those instead of tests/data/published; where the trained ones stay
BUILD=$1
. "$(dirname "$0")/../claims.d/common.sh"
from=${2:-$root/tests/data/published}
to=${3:-$scratch/trained}
[ -x /usr/bin/python3 ] || { echo "skipped: no /usr/bin/python3"; exit 77; }
"$etreerpo" data algebra --out "$scratch/data" train=32 test=8 >/dev/null 2>&1 || fail "data"
small=("$root/launch/configs/quickstart.yaml" data.train="$scratch/data/train.jsonl"
    data.test="$scratch/data/test.jsonl" data.tokenizer= train.prompts=4 rollout.branch=[2,2]
    rollout.max_new_tokens=12 train.steps=2 run.checkpoint_every=1 rollout.kv_mb=16)

# ---- every folder, trained
mkdir -p "$to"
count=0
for folder in "$from"/*/; do
    name=$(basename "$folder")
    "$etreerpo" train "${small[@]}" run.dir="$scratch/$name" model.path="$folder" 2>"$scratch/log" ||
        fail "$name: $(tail -n 1 "$scratch/log")"
    /usr/bin/python3 "$root/tests/golden/check_kept.py" "$folder" "$scratch/$name/model" >/dev/null 2>"$scratch/log" ||
        fail "$name: $(cat "$scratch/log")"
    rm -rf "${to:?}/$name" && mv "$scratch/$name/model" "$to/$name" && count=$((count + 1))
done
[ "$count" -gt 3 ] || fail "$count folders in $from"
echo "$count folders trained, with all that they held"

# ---- what is said of a folder
said() { # WORDS... in the log
    local word
    for word in "$@"; do grep -qF -- "$word" "$scratch/log" || { cat "$scratch/log"; fail "no \"$word\""; }; done
}
"$etreerpo" sample "${small[@]}" model.path="$from/qwen" --prompt 'Eva has' >/dev/null 2>"$scratch/log" || fail "sample"
said 'temperature 0.7, top_p 0.8, top_k 20, repetition_penalty 1.05' 'rollout.temperature 1'
"$etreerpo" sample "${small[@]}" model.path="$from/qwen" rollout.temperature=0.7 --prompt 'Eva has' \
    >/dev/null 2>"$scratch/log" || fail "sample"
said 'generation_config.json has top_p 0.8, top_k 20'
"$etreerpo" sample "${small[@]}" model.path="$from/smollm2" prompt.template=none --prompt $'Eva\x06 has\x01\x06 4' \
    >/dev/null 2>"$scratch/log" || fail "sample with lost bytes"
said '7 of 256 have none' '3 bytes of the texts had no token (0x01, 0x06)'
[ "$(grep -c warn: "$scratch/log")" = 1 ] || { cat "$scratch/log"; fail "not one warning"; }
"$etreerpo" sample "${small[@]}" model.path="$from/beyond" --prompt 'Eva has' >/dev/null 2>"$scratch/log" ||
    fail "sample with tokens beyond the rows"
said 'no rows for 2 added tokens'

# ---- a folder that is lost between two parts of a run
cp -r "$from/smollm2" "$scratch/source"
"$etreerpo" train "${small[@]}" run.dir="$scratch/lost" model.path="$scratch/source" train.steps=1 \
    2>/dev/null || fail "the run whose folder will be lost"
rm -rf "$scratch/source" "$scratch/lost/model" "$scratch/lost/DONE"
"$etreerpo" train "${small[@]}" run.dir="$scratch/lost" model.path="$scratch/source" 2>"$scratch/log" ||
    { cat "$scratch/log"; fail "resuming without the folder"; }
said 'the newest checkpoint stands in' 'resuming after step 1'
/usr/bin/python3 "$root/tests/golden/check_kept.py" "$from/smollm2" "$scratch/lost/model" >/dev/null || fail "lost files"
cmp -s "$scratch/lost/model/model.safetensors" "$to/smollm2/model.safetensors" || fail "other weights after the loss"
"$etreerpo" train "${small[@]}" run.dir="$scratch/lost" model.path="$scratch/source" train.kl_coef=0.1 \
    2>"$scratch/log" && fail "a starting policy that is gone was not missed"
said "$scratch/source: no such folder"

# ---- what is no folder of a model: exit status 2, one line
refused() { # PATH WORDS...
    local rc=0
    "$etreerpo" train "${small[@]}" run.dir="$scratch/none" model.path="$1" 2>"$scratch/log" || rc=$?
    [ "$rc" = 2 ] || fail "$1: exit status $rc"
    shift
    [ "$(grep -c error: "$scratch/log")" = 1 ] || { cat "$scratch/log"; fail "not one line"; }
    said "$@"
}
bad=$scratch/bad
fresh() { rm -rf "$bad" && cp -r "$from/${1:-smollm2}" "$bad"; }
refused "$scratch/nowhere" 'no such folder'
refused Qwen/Qwen2.5-0.5B-Instruct 'nothing is downloaded'
refused "$from/smollm2/config.json" 'a file: name the folder'
fresh && touch "$bad/x.gguf" && refused "$bad/x.gguf" 'GGUF file'
fresh && touch "$bad/x.gguf" && rm "$bad/config.json" && refused "$bad" 'no config.json' 'GGUF'
fresh && mv "$bad/model.safetensors" "$bad/pytorch_model.bin" && refused "$bad" 'pickles' 'save_pretrained'
fresh && echo '{}' >"$bad/adapter_config.json" && refused "$bad" 'adapter' 'merge_and_unload'
fresh && sed -i '1s/{/{"quantization_config": {"quant_method": "awq"},/' "$bad/config.json" && refused "$bad" 'quantised' awq
fresh && sed -i 's/"model_type": "llama"/"model_type": "smollm3"/' "$bad/config.json" && refused "$bad" smollm3 'not supported'
fresh && echo 'version https://git-lfs.github.com/spec/v1' >"$bad/model.safetensors" && refused "$bad" 'git-lfs pointer'
fresh llama3 && rm "$bad"/model-00002-of-* && refused "$bad" 'model-00002-of-' 'is not there'
echo "wrong paths are told"

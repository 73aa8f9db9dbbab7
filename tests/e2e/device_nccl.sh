#!/usr/bin/env bash
# The whole program with device=cuda on three ranks, each with a GPU of its own (kernels on
# the CPU, tests/cuda_on_host), and the weights by NCCL (tests/nccl_on_host): the bits of a
# run that sends them by MPI; also where a broadcast breaks, and where a worker dies.
BUILD=$1
. "$(dirname "$0")/../claims.d/common.sh"
export ETREERPO_CUDA=$BUILD/tests/cuda/etreerpo_cuda_on_host.so
if [ ! -f "$BUILD/tests/nccl_on_host/libnccl.so.2" ]; then
    echo "skipped: built without nccl.h"
    exit 77
fi
export LD_LIBRARY_PATH=$BUILD/tests/nccl_on_host${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export CUDA_ON_HOST_OWN_GPU=1 NCCL_ON_HOST=$scratch/library
mkdir "$NCCL_ON_HOST"
job=$scratch/job

"$etreerpo" data algebra --out "$job/data" seed=7 train=1000 test=8 max_steps=2 max_operand=4 \
    max_factor=2 max_value=9 >/dev/null
"$etreerpo" sft "$root/launch/configs/quickstart.yaml" run.dir="$job/warm" \
    data.train="$job/data/train.jsonl" data.test="$job/data/test.jsonl" \
    data.tokenizer="$job/data" model.dim=64 model.heads=1 model.kv_heads=1 model.layers=1 \
    model.ffn=64 sft.steps=130 sft.warmup=10 sft.eval_every=0 >/dev/null 2>"$scratch/log" ||
    { cat "$scratch/log"; fail "warm start"; }

run() { # NAME RANKS [key=value ...]
    train_small "$job" "$scratch/$1" "$2" train.prompts=2 rollout.branch=[3,2] \
        rollout.max_new_tokens=40 device=cuda deterministic=true rollout.kv_mb=2 \
        rollout.max_rows=12 train.pack_tokens=512 train.steps=3 comm.send_s=6 \
        comm.silence_s=30 "${@:3}" >"$scratch/$1.out" 2>"$scratch/$1.log"
}
attempt() {
    run "$@" || { tail -n 20 "$scratch/$1.log"; fail "train $1"; }
}
# each NAME: how many workers had each step's weights by the group.
each() { sed -n 's/.*"group_workers": *\([0-9]*\).*/\1/p' "$scratch/$1/metrics.jsonl" | tr '\n' ' '; }
same() { cmp <(fingerprints "$scratch/$1" | head -n 3) <(fingerprints "$scratch/mpi") || fail "$1: other bits than by MPI"; }

attempt mpi 3 gpu.weights=mpi
[ "$(fingerprints "$scratch/mpi" | wc -l)" -eq 3 ] || fail "not 3 steps in metrics.jsonl"
[ "$(each mpi)" = "0 0 0 " ] || fail "a group although gpu.weights is mpi"

attempt nccl 3 gpu.weights=nccl
same nccl
[ "$(each nccl)" = "2 2 2 " ] || fail "by the group: $(each nccl)of 2 workers"
grep -q 'warn' "$scratch/nccl.log" && { cat "$scratch/nccl.log"; fail "a warning"; }

# The second broadcast of rank 2 is never done: a deadline, slices to it, and the last
# version by a group without it.
NCCL_ON_HOST_STALL=2:2 attempt stall 3 train.steps=4
same stall
grep -qE 'NCCL broadcast of version 1 at rank 0: [0-9]+ of [0-9]+ bytes after .*deadline' "$scratch/stall.log" ||
    grep -qE 'NCCL broadcast of version 1 after .*: rank 2: ' "$scratch/stall.log" ||
    { cat "$scratch/stall.log"; fail "the failure is not named"; }
grep -q 'version 1 of the weights goes by slices to rank' "$scratch/stall.log" || fail "no slices"
[ "$(each stall | awk '{ print $NF }')" -ge 1 ] || fail "by the group: $(each stall)"

# A worker is killed in mid-run: the others go on, by the group.
MPIRUN_FLAGS=--enable-recovery run death 3 train.steps=8 &
for _ in $(seq 600); do
    grep -q '"step": 1,' "$scratch/death/metrics.jsonl" 2>/dev/null && break
    sleep 0.05
done
victim=$(pid_of_rank "$scratch/death" 2)
kill -KILL "$victim" || fail "no worker to kill"
wait $! || true # mpirun's status says nothing once a rank is lost
[ -s "$scratch/death/DONE" ] || { tail -n 20 "$scratch/death.log"; fail "the run did not end"; }
grep -qE 'rank [12] is excluded from the broadcast group' "$scratch/death.log" ||
    { cat "$scratch/death.log"; fail "the dead worker is not excluded"; }
same death
[ "$(each death | awk '{ print $NF }')" = 1 ] || fail "the last versions: $(each death)"

#!/usr/bin/env bash
# A worker is killed in mid-run: it is named, its leases go to the others, and the run
# ends as the undisturbed one does, bit for bit.
BUILD=$1
. "$(dirname "$0")/../claims.d/common.sh"
small_job "$scratch/job"
set_all=(train.steps=400 comm.silence_s=8 comm.send_s=5)
train_small "$scratch/job" "$scratch/whole" 2 "${set_all[@]}" >"$scratch/log" 2>&1 || fail "whole run"

MPIRUN_FLAGS=--enable-recovery train_small "$scratch/job" "$scratch/run" 4 "${set_all[@]}" >"$scratch/log" 2>&1 &
for _ in $(seq 100); do
    grep -q '"step": 5,' "$scratch/run/metrics.jsonl" 2>/dev/null && break
    sleep 0.05
done
victim=$(pid_of_rank "$scratch/run" 3)
[ -n "$victim" ] && kill -KILL "$victim" || fail "no worker to kill"
wait $! || true # mpirun's status says nothing once a rank is lost
[ -s "$scratch/run/DONE" ] || { tail -n 5 "$scratch/log"; fail "the run did not end"; }
grep -q 'warn: rank 3: silent' "$scratch/log" || fail "the dead worker is not named"
cmp <(fingerprints "$scratch/run") <(fingerprints "$scratch/whole") || fail "another run"

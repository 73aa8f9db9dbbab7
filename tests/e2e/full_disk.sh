#!/usr/bin/env bash
# The disk fills up in mid-run: the run stops with one line and status 1, the last
# checkpoint is whole, and with room again the run goes on to the same end.
BUILD=$1
. "$(dirname "$0")/../claims.d/common.sh"
disk=$scratch/disk
mkdir "$disk"
mount -t tmpfs -o size=96m tmpfs "$disk" 2>/dev/null || { echo "skipped: no tmpfs may be mounted here"; exit 77; }
trap 'umount -l "$disk"; rm -rf "$scratch"' EXIT
small_job "$scratch/job"
run() { train_small "$scratch/job" "$1" 2 train.steps=120 run.checkpoint_every=3; }

run "$disk/run" >"$scratch/log" 2>&1 &
for _ in $(seq 100); do
    [ -d "$disk/run/checkpoints/step-000003" ] && break
    sleep 0.05
done
fallocate -l 96m "$disk/filler" 2>/dev/null || dd if=/dev/zero of="$disk/filler" bs=64k 2>/dev/null || true
status=0
wait $! || status=$?
[ "$status" -eq 1 ] || { tail -n 5 "$scratch/log"; fail "status $status on a full disk"; }
grep -q ' error: train: ' "$scratch/log" || fail "no error line"
echo "stopped: $(grep ' error: ' "$scratch/log" | sed 's/.* error: //' | cut -c1-120)"

rm "$disk/filler"
train_small "$scratch/job" "$disk/run" 2 train.steps=120 run.checkpoint_every=3 >"$scratch/log" 2>&1 ||
    { tail -n 5 "$scratch/log"; fail "it does not resume"; }
grep -q resuming "$scratch/log" || fail "it did not resume from a checkpoint"
run "$scratch/whole" >"$scratch/log" 2>&1 || fail "whole run"
cmp <(fingerprints "$disk/run") <(fingerprints "$scratch/whole") || fail "another end"

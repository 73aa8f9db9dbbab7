# Sourced by the batch scripts.  launch ARGS runs the program's ranks under mpirun; when
# Slurm says that the time is running out (--signal=B:USR1@...) it lets them end their
# step and write a checkpoint, and puts the job back into the queue.
# shellcheck shell=bash

script=${SLURM_JOB_NAME:-job}
etreerpo=${ETREERPO:-$home/build/release/etreerpo}
again=75 # the program's exit status: stopped on request, the same command goes on

refuse() {
    echo "$script: $*" >&2
    exit 2
}

[ -n "${SLURM_JOB_ID:-}" ] || refuse "submit it with sbatch"
[ -x "$etreerpo" ] || refuse "$etreerpo is not there: build it, or set ETREERPO to the program"
command -v mpirun >/dev/null || refuse "no mpirun in PATH: load Open MPI before sbatch"

# An array's last task bears the id of the array, by which Slurm means all its tasks.
job=$SLURM_JOB_ID
[ -z "${SLURM_ARRAY_TASK_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID

ranks_pid='' interrupted=0
pass_on() {
    interrupted=1
    [ -z "$ranks_pid" ] || kill -USR2 "$ranks_pid" 2>/dev/null || true # it may be gone
}
trap pass_on USR1

# `wait` ends early when a trap runs; mpirun forwards SIGUSR2 to every rank.
launch() {
    local status
    echo "$script: job $job, start $((${SLURM_RESTART_COUNT:-0} + 1)), on $SLURM_JOB_NODELIST"
    mpirun --bind-to none "$etreerpo" "$@" &
    ranks_pid=$!
    while :; do
        interrupted=0 status=0
        wait "$ranks_pid" || status=$?
        [ "$interrupted" -eq 1 ] || break
    done
    [ "$status" -eq "$again" ] || exit "$status"
    echo "$script: stopped with a checkpoint, back into the queue"
    scontrol requeue "$job" || exit "$again"
}

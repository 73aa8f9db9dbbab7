#!/bin/sh
# transport.sh BUILD: the MPI transport among 2 and 4 processes, through shared memory
# and over TCP.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$1/tests/mpi/transport_pingpong
if ! command -v mpirun >/dev/null; then
    echo "skipped: no mpirun"
    exit 77
fi
. "$here/../../launch/mpi-env.sh"

# What a killed rank leaves behind goes away with this folder.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export OMPI_MCA_orte_tmpdir_base="$scratch"
export OMPI_MCA_btl_vader_backing_directory="$scratch"
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" # MPI's own leaks

fail() {
    echo "failed: $btl: $*"
    cat "$scratch/log"
    exit 1
}

# all RANKS SCENARIO: every rank finalizes.
all() {
    timeout 120 mpirun -n "$1" "$program" "$2" >"$scratch/log" 2>&1 || fail "$2, $1 ranks"
}

# some RANKS SCENARIO SURVIVORS: mpirun's exit status says nothing once a rank is lost.
some() {
    timeout 120 mpirun --enable-recovery -n "$1" "$program" "$2" >"$scratch/log" 2>&1 ||
        fail "$2, $1 ranks"
    alive=$(grep -c 'rank alive at the end' "$scratch/log") || true
    [ "$alive" -eq "$3" ] || fail "$2: $alive of $3 ranks came to the end"
}

for btl in self,vader self,tcp; do
    export OMPI_MCA_btl=$btl
    for ranks in 2 4; do
        all $ranks pingpong
        all $ranks flood
    done
    some 2 silence 2
    some 2 pause 2
    some 4 death 3
done
echo "passed"

#!/usr/bin/env bash
# The structure that ARCHITECTURE.md promises: one door for each outside library, cores
# without I/O, learner and rollout apart, no process exit but in main.
BUILD=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
failures=0
complain() { echo "FAILED: $*" && failures=$((failures + 1)); }

# door SYMBOLS-PATTERN ALLOWED-LIBRARY...: only these libraries call into it.
door() {
    local pattern=$1 library name
    shift
    for library in "$BUILD"/lib*.a; do
        name=$(basename "$library" .a) && name=${name#lib}
        case " $* " in *" $name "*) continue ;; esac
        nm --undefined-only "$library" 2>/dev/null | grep -qE " U ($pattern)" &&
            complain "$name calls $(nm --undefined-only "$library" 2>/dev/null | grep -oE "($pattern)[A-Za-z_0-9]*" | head -n 1)"
    done
}
door 'MPI_' comm_mpi
door 'H5[A-Z]' archive
door 'msgpack_' proto
door 'yaml_' base
door 'cblas_|openblas_' tensor
door '__gmp' verify
door 'mpfr_|mpc_' verify
door 'pcre2_' text
door 'json_' json text data chat judge reward model archive report launch
door 'seccomp_' judge
door 'utf8proc_' text
door 'gz(open|read|close)' data
door 'exit$|abort$' none
door '_exit$' sandbox # of a child that has not become another program yet
door 'fopen|open64|open$|socket|clock_gettime|getenv' base data judge text model archive launch comm_mpi tensor

# The GPU backend is an object of its own: its doors are told by what files include.
# include_door HEADER FILE...: only these include it.
include_door() {
    local header=$1 file
    shift
    for file in $(grep -rlE "#include [<\"]$header" common proto rollout learner launch); do
        case " $* " in *" $file "*) ;; *) complain "$file includes $header" ;; esac
    done
}
include_door 'nccl\.h' common/comm/nccl/nccl_library.c
include_door 'cublas' common/tensor/cuda/gemm.cu
include_door 'cuda_runtime' common/tensor/cuda/runtime.cu common/tensor/cuda/kernel.cuh \
    common/tensor/cuda/ptx/ptx.cuh common/comm/nccl/nccl_library.c
door 'cuda[A-Z]|cublas|nccl[A-Z]' none

grep -lE '#include "rollout/' learner/*.[ch] && complain "the learner includes the rollout"
grep -lE '#include "learner/' rollout/*.[ch] && complain "the rollout includes the learner"
for file in $(find common proto rollout learner launch benchmarks -name '*.[ch]' -o -name '*.cu' -o -name '*.cuh'); do
    [ -f "$file" ] || continue
    lines=$(wc -l <"$file")
    [ "$lines" -le 400 ] || complain "$file has $lines lines"
done
# The judge's Python files are one program: no name stands for two things.
names=$(grep -hoE '^(async )?(def|class) \w+|^[A-Z_]+(, [A-Z_]+)* =' common/judge/*.py |
    sed -E 's/^(async )?(def|class) //; s/ =$//; s/, /\n/g' | sort | uniq -d)
[ -z "$names" ] || complain "common/judge/*.py define twice: $names"
[ "$failures" -eq 0 ] || exit 1

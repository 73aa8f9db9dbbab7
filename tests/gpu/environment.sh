# Sourced by tests/gpu/run and its steps: where the programs are, their libraries, small
# helpers.  A stage (tests/gpu/stage) is used where there is one, else the build in
# build/release, which is made where our packages are.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/launch/mpi-env.sh"
stage=$root/build/gpu-stage
tree=$root/build/gpu-unpacked # not in the stage's folder, which travels
# What is to be kept, few files; and what is not: policies of gigabytes, every program's log.
export OUT=${OUT:-$root/build/gpu-results} WORK=${WORK:-$root/build/gpu-work}

say() { printf '%s\n' "$*"; }
fail() {
    say "$*"
    exit 1
}
skip() {
    say "$*"
    exit 77
}

# A number by its key from a JSON file or the last line that has it.
number() { sed -n "s/.*\"$2\": *\([^,}]*\).*/\1/p" "$1" | tail -n 1; }
is_number() { [[ ${1:-} =~ ^-?[0-9]+(\.[0-9]*)?(e[-+]?[0-9]+)?$ ]]; }
# Numbers compared; false for an expression with a word in it (nan, null) or without a number.
holds() {
    [[ ! $1 =~ (^|[^0-9.])[A-Za-z] ]] && awk "BEGIN { exit !($1) }" 2>/dev/null
}
fingerprints() {
    sed -n 's/.*"step": *\([0-9]*\).*"batch_hash": *"\([0-9a-f]*\)".*"weights_hash": *"\([0-9a-f]*\)".*/\1 \2 \3/p' "$1/metrics.jsonl"
}
# figure NAME VALUE UNIT: a line of results.jsonl; the step fails where it is no number.
figure() {
    is_number "$2" || fail "$1: '$2' is not a number"
    printf '{"step": "%s", "figure": "%s", "value": %s, "unit": "%s"}\n' "${STEP:-}" "$1" "$2" "$3" >>"$OUT/results.jsonl"
}

program() { # NAME: its path
    local place
    for place in "$GPU_BIN" "$GPU_BIN/tests/cuda" "$GPU_BIN/benchmarks/gpu"; do
        [ -x "$place/$1" ] && say "$place/$1" && return
    done
    say "$GPU_BIN/$1"
}

# The tests of operations, or (`models`) those of whole models, without their gpu_.
test_names() {
    local at
    for at in "$GPU_BIN"/gpu_* "$GPU_BIN"/tests/cuda/gpu_*; do
        [ -x "$at" ] || continue
        at=${at##*/gpu_}
        case $1:$at in
        models:model*) say "$at" ;;
        models:* | ops:model*) ;;
        ops:*) say "$at" ;;
        esac
    done
}

add_path() { # VARIABLE FOLDER: at its end, once
    case ":${!1:-}:" in
    *":$2:"*) ;;
    *) export "$1=${!1:+${!1}:}$2" ;;
    esac
}

# Whether the loader finds a library by itself.
loads() {
    local path
    path=$(ldconfig -p 2>/dev/null | awk -v name="$1" '$1 == name { print $NF; exit }')
    [ -n "$path" ] && [ -e "$path" ]
}

# The folder that holds a library of CUDA's: the loader's own, toolkits, Python's wheels.
library_folder() { # NAME, which may end in a star
    local folder
    for folder in ${CUDA_HOME:+"$CUDA_HOME"/lib64 "$CUDA_HOME"/lib} ${NCCL_HOME:+"$NCCL_HOME"/lib} \
        /usr/local/cuda/{lib64,lib,targets/x86_64-linux/lib} /usr/local/cuda-*/{lib64,targets/x86_64-linux/lib} \
        /opt/cuda/lib64 /usr/lib/x86_64-linux-gnu /usr/lib64 \
        $(python3 -c 'import site, glob; print(*[g for s in site.getsitepackages() for g in glob.glob(s + "/nvidia/*/lib")])' 2>/dev/null); do
        compgen -G "$folder/$1" >/dev/null && say "$folder" && return
    done
    return 1
}

# What stopped half-way is not taken for a tree.
unpack_stage() {
    cmp -s "$stage/about" "$tree/about" && return
    rm -rf "$tree" "$tree.part" && mkdir -p "$tree.part" || return
    if command -v xz >/dev/null; then
        xz -dc "$stage/stage.tar.xz"
    else
        python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$stage/stage.tar.xz"
    fi | tar -C "$tree.part" -xf - && mv "$tree.part" "$tree" || { say "the stage cannot be unpacked"; return 1; }
}

of_stage() { sed -n "s/^$1=//p" "$tree/about"; }

use_stage() {
    unpack_stage || return
    local needs here
    needs=$(of_stage glibc) here=$(getconf GNU_LIBC_VERSION | sed 's/.* //')
    [ "$(printf '%s\n' "$needs" "$here" | sort -V | tail -n 1)" = "$here" ] ||
        say "note: the stage was made with glibc $needs, here is $here: the program may not start (tests and benchmarks need 2.34)" >&2
    grep -qw avx2 /proc/cpuinfo || { say "the stage needs a CPU with AVX2"; return 1; }
    export GPU_BIN=$tree/bin PATH=$tree/bin:$PATH OPAL_PREFIX=$tree
    export PMIX_PREFIX=$tree/lib/x86_64-linux-gnu/pmix2 PMIX_INSTALL_PREFIX=$tree/lib/x86_64-linux-gnu/pmix2
    export PMIX_MCA_pcompress_base_silence_warning=1 OMPI_MCA_plm=isolated
    # For programs that are not ours.
    export LD_LIBRARY_PATH_BEFORE=${LD_LIBRARY_PATH:-}
    export LD_LIBRARY_PATH=$tree/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    loads libstdc++.so.6 || add_path LD_LIBRARY_PATH "$tree/fallback"
}

use_build() {
    export GPU_BIN=${BUILD:-$root/build/release}
    if [ ! -x "$GPU_BIN/benchmarks/gpu/bench_gpu_device" ]; then
        command -v mpicc >/dev/null && command -v cmake >/dev/null && command -v ninja >/dev/null ||
            { say "no stage in $stage (tests/gpu/stage makes one where the packages are), and no packages to build with here"; return 1; }
        (cd "$root" && cmake --preset release >"$WORK/build.log" 2>&1 &&
            cmake --build build/release --target etreerpo etreerpo_cuda gpu_tests gpu_benchmarks \
                -- -j "$(nproc)" >>"$WORK/build.log" 2>&1) || { say "the build failed: $WORK/build.log"; return 1; }
    fi
    [ -f "$GPU_BIN/etreerpo_cuda.so" ] || { say "$GPU_BIN has no etreerpo_cuda.so: no nvcc when it was built"; return 1; }
}

# cuBLASLt of the very version that was built against; NCCL where it is.
find_cuda_libraries() {
    local wanted folder other
    wanted=$(readelf -d "$GPU_BIN/etreerpo_cuda.so" 2>/dev/null | sed -n 's/.*\[\(libcublasLt\.so\.[0-9]*\)\].*/\1/p')
    [ -n "$wanted" ] || wanted=$(of_stage cublas 2>/dev/null)
    if [ -n "$wanted" ] && ! loads "$wanted"; then
        if ! folder=$(library_folder "$wanted"); then
            other=$(library_folder 'libcublasLt.so.*') && other=$(basename "$(compgen -G "$other/libcublasLt.so.*" | head -n 1)")
            say "the backend was built with CUDA ${wanted##*.} and needs $wanted; here is ${other:-no libcublasLt at all}: stage with that CUDA (CUDA_HOME=... tests/gpu/stage) or set CUDA_HOME"
            return 1
        fi
        add_path LD_LIBRARY_PATH "$folder"
    fi
    loads libnccl.so.2 ||
        { folder=$(library_folder libnccl.so.2) && add_path LD_LIBRARY_PATH "$folder"; }
    return 0
}

use_programs() {
    if [ -f "$stage/stage.tar.xz" ] && [ -z "${BUILD:-}" ]; then
        use_stage
    else
        use_build
    fi && find_cuda_libraries
}

// Matrix products on a GPU, by cuBLASLt.  Plans (descriptors and the algorithm that its
// heuristic names first) are kept by shape.
//
// M rows (tokens), N outputs, K inputs, as in tensor/ops.h; row-major.  Sums are float.
#ifndef TENSOR_CUDA_GEMM_H
#define TENSOR_CUDA_GEMM_H

#include "runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

enum gemm_kind {
    GEMM_FORWARD, // to (M, N) = a (M, K) b (N, K)^T [+ bias (N)] [+ add (M, N)]
    GEMM_INPUT,   // to (M, K) = a (M, N) b (N, K)
    GEMM_WEIGHT,  // to (N, K) += a (M, N)^T b (M, K)
};

struct gemm_call {
    enum gemm_kind kind;
    int M, N, K;
    void *to;
    const void *a, *b;
    const void *bias;      // GEMM_FORWARD, of to's type; NULL: none
    int ld_to, ld_a, ld_b; // elements from row to row
    enum gpu_type type;    // of a and b
    enum gpu_type to_type;
    // GEMM_FORWARD: of to's type and row distance, may be `to`; NULL: none.
    const void *add;
};

struct gpu_gemm;

// `workspace` is device memory, borrowed.  fixed_rows != 0: GEMM_FORWARD works on
// exactly so many rows at a time, by one algorithm without split sums, so that a row's
// result does not depend on how many others stand beside it; buffers must then have
// room for M rounded up to a multiple of it.  ERR_IO, ERR_NOMEM.
CHECKED enum status gpu_gemm_new(struct gpu_gemm **out, struct gpu *g, void *workspace,
                                 size_t workspace_bytes, int fixed_rows);
void gpu_gemm_free(struct gpu_gemm *m);

// Enqueues.  ERR_IO names the shape that cuBLASLt refused.
CHECKED enum status gpu_gemm(struct gpu_gemm *m, const struct gemm_call *c);

enum {
    GPU_GEMM_WORKSPACE = 64 << 20
}; // bytes; what cuBLASLt wants on Hopper is 32 MiB

#ifdef __cplusplus
}
#endif

#endif

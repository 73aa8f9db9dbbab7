// Products of few rows (decoding) with a weight matrix: the matrix is read once, as one
// stream through shared memory, and that is all the time they take.  bf16 with float
// sums, up to FEW_ROWS rows, K a multiple of 8.
//
// A row's bits do not depend on the other rows: how K is cut and in what order the sums
// are added follows from N and K alone.
//
// Kernels of this file begin while the one before them ends (launch_early of
// kernel.cuh): their first weights are on the way before the rows x exist.  So weights
// must be in place before the last kernel that was launched in full order.
#ifndef TENSOR_CUDA_FEW_ROWS_H
#define TENSOR_CUDA_FEW_ROWS_H

#include "ops.h"
#include "runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    FEW_ROWS = 128,
    FEW_CHUNK = 64,     // of K, at a time
    FEW_STRIP = 32,     // outputs of a warp
    FEW_SPLITS = 16,    // of K, at most
    FEW_WIDEST = 16384, // columns of gpu_few_stream
};

// How a product whose sums are split is cut into blocks.  Host code, pure.
struct few_cut {
    int warps;  // of a block, FEW_STRIP outputs each
    int chunks; // of FEW_CHUNK that one split sums
    int splits;
};
struct few_cut few_cut_of(int N, int K);

// Weights that products to come will read, asked into the L2 cache meanwhile.
struct few_ahead {
    const void *at;
    size_t bytes; // 0: none
};

// y (M, N) = x (M, K) w (N, K)^T [+ bias (N)].
struct few_product {
    int M, N, K;
    const void *x, *w, *bias; // bias may be NULL
    struct few_ahead ahead;
};

void gpu_few_plain(struct gpu *g, void *y, const struct few_product *p);
// y (M, ld) float.
void gpu_few_logits(struct gpu *g, float *y, int ld, const struct few_product *p);
// w = [gate | up]: y (M, N / 2) = silu(gate) * up of both rounded to bf16.  N / 2 is a
// multiple of 8.
void gpu_few_swiglu(struct gpu *g, void *y, const struct few_product *p);
// w = [q | k | v], whose heads are rotated: q goes to its place in the rows qkv (M, N),
// k and v only to their slots.  r has no gains; half a head is a multiple of 8.
void gpu_few_heads(struct gpu *g, void *qkv, const struct gpu_rotate *r,
                   const struct few_product *p);
// parts (splits, M, N) float, to be added by gpu_few_stream; without bias.
void gpu_few_parts(struct gpu *g, float *parts, const struct few_product *p);

// Rows of the residual stream between two products.
struct few_stream {
    int M, D;
    float *stream; // (M, D)
    // The new rows are rows `tokens` (M) of a table, or what they were plus parts.
    const void *table; // NULL: parts
    const int32_t *tokens;
    const float *parts; // (splits, M, D)
    int splits;
    const void *bias; // (D), NULL: none
    // row (M, D) bf16 = their RMSNorm; NULL: none.
    void *row;
    const void *gain;
    float epsilon;
    // hidden[place[i]] (.., D) = row i of the stream; NULL: none.
    float *hidden;
    const int32_t *place;
};
// `first`: in full order after all that was enqueued.
void gpu_few_stream(struct gpu *g, const struct few_stream *s, int first);

#ifdef __cplusplus
}
#endif

#endif

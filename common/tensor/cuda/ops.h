// The numeric operations on a GPU.  Pointers are to device memory unless a name says
// `host`; rows are row-major; `type` is the element type T of weights and activations
// (void * below), all else is float.  M rows (tokens), D = model width.  Widths are
// multiples of 8 elements and buffers are aligned to 16 bytes.
//
// Calls enqueue and return; errors show at gpu_wait.  Every row's result depends on
// that row's inputs only, whatever the batch, in all forward operations but the fast
// attention (attention_*.h); the backward ones are the same bits from run to run.
#ifndef TENSOR_CUDA_OPS_H
#define TENSOR_CUDA_OPS_H

#include "runtime.h"

#include "tensor/token_loss.h"

#ifdef __cplusplus
extern "C" {
#endif

#include "tensor/ops.h"

// Sums of many rows are made by GPU_PARTS blocks, whose parts are added in a fixed
// order: `parts` below is scratch of GPU_PARTS * columns floats.
enum { GPU_PARTS = 512 }; // about four blocks on each SM of an H100

// to (n) of T = from (n) float.
void gpu_cast(struct gpu *g, enum gpu_type type, void *to, const float *from, size_t n);

void gpu_embedding(struct gpu *g, enum gpu_type type, float *X /* (M, D) */,
                   const void *table /* (V, D) */, const int32_t *tokens, int M, int D);
// d_table[t] += sum of the rows dX[order[i]], i in [first[k], first[k + 1]), where
// t = token[k]: rows sorted by token on the host (gpu_token_groups, groups.h).
void gpu_embedding_backward(struct gpu *g, float *d_table, const float *dX,
                            const int32_t *order, const int32_t *first,
                            const int32_t *token, int n_tokens, int D);

// Y[to[i]] = X[from[i]] * inv_rms * gain for i < M; a NULL map is the identity.
// inv_rms (M) may be NULL.  D is at most GPU_WIDEST_NORM.
enum { GPU_WIDEST_NORM = 16384 };
struct gpu_norm {
    const void *gain; // (D)
    float epsilon;
    const int32_t *from, *to;
};
void gpu_rmsnorm(struct gpu *g, enum gpu_type type, void *Y, float *inv_rms,
                 const float *X, const struct gpu_norm *n, int M, int D);
// dX += ..., d_gain += ...  No maps.
struct gpu_norm_grad {
    float *dX;      // (M, D)
    void *copy;     // (M, D) of T: the new dX.  NULL: none
    void *again;    // (M, D): what the forward pass gave, may be dY.  NULL: none
    float *d_gain;  // (D)
    const void *dY; // (M, D)
    const float *X; // (M, D)
    const void *gain;
    const float *inv_rms; // (M)
    float *parts;
};
void gpu_rmsnorm_backward(struct gpu *g, enum gpu_type type,
                          const struct gpu_norm_grad *n, int M, int D);
// out (P, D) = X[row[j]]: the rows of X that predict.
void gpu_gather(struct gpu *g, float *out, const float *X, const int32_t *row, int P,
                int D);
// dX = 0 but for dX[row[j]] = the sum of d (P, D) over equal row[j]; rows ascend.
void gpu_scatter(struct gpu *g, float *dX, const float *d, const int32_t *row, int P,
                 int M, int D);

// to[row[i]] (.., D) = X[i], i < M; rows that occur twice hold either.
void gpu_place_rows(struct gpu *g, float *to, const float *X, const int32_t *row, int M,
                    int D);

// Heads of [q | k | v] rows, `width` apart, made ready for attention: q and k are
// normalised where gains are given (both or neither) and rotated; `out` may be `in`.
// Where slots are given, k and v of row i also go to slot slots[i] of the cache:
// (slots, 2 kv_heads * head_dim) = [k | v].
struct gpu_rotate {
    int heads, kv_heads, head_dim;
    const float *cosine, *sine;  // (positions, head_dim / 2)
    const int32_t *positions;    // (M)
    const void *q_gain, *k_gain; // (head_dim) or NULL
    float epsilon;
    void *cache;          // of this layer
    const int32_t *slots; // (M) or NULL
};
void gpu_rotate(struct gpu *g, enum gpu_type type, void *out, float *inv_rms,
                const void *in, const struct gpu_rotate *r, int M);
// d (M, width), of attention's inputs, becomes that of the product's outputs `in`.
// dq_gain, dk_gain += ... where the heads are normalised; inv_rms (M, heads +
// kv_heads) as the forward pass gave it; parts of 2 * head_dim columns.
void gpu_rotate_backward(struct gpu *g, enum gpu_type type, void *d, float *dq_gain,
                         float *dk_gain, const void *in, const float *inv_rms,
                         const struct gpu_rotate *r, float *parts, int M);

// Y (M, F) = silu(gate) * up, GU (M, 2F) = [gate | up].
void gpu_swiglu(struct gpu *g, enum gpu_type type, void *Y, const void *GU, int M,
                int F);
// dGU, and Y as in the forward pass; dGU may be GU, Y may be dY.
void gpu_swiglu_backward(struct gpu *g, enum gpu_type type, void *dGU, void *Y,
                         const void *dY, const void *GU, int M, int F);

// X (M, N) float += bias (N) of T.  db (N) += column sums of dY (M, N).
void gpu_add_bias(struct gpu *g, enum gpu_type type, float *X, const void *bias, int M,
                  int N);
void gpu_bias_backward(struct gpu *g, enum gpu_type type, float *db, const void *dY,
                       float *parts, int M, int N);

// ---- the vocabulary: logits (M, V) float, rows ld apart, a multiple of 8
// log_prob, entropy (M) of softmax(inv_temperature * logits); either may be NULL.
void gpu_softmax_stats(struct gpu *g, float *log_prob, float *entropy,
                       const float *logits, int ld, const int32_t *targets,
                       float inv_temperature, int M, int V);

// What training needs of each output: its loss's inputs, one array each, or the loss's
// derivative by the log-prob itself.
struct gpu_loss {
    const float *coef; // (M); NULL: by the policy loss of the following
    struct loss_rule rule;
    const float *weight, *advantage, *behaviour, *reference; // (M)
};
// log_prob as above, and d_logits (M, V) of T, rows ld apart.
void gpu_loss_backward(struct gpu *g, enum gpu_type type, void *d_logits,
                       float *log_prob, const float *logits, int ld,
                       const int32_t *targets, const struct gpu_loss *loss,
                       float inv_temperature, int M, int V);

// One token of each of n rows: by inverse cumulative probability as sample_token of
// tensor/ops.h, or where greedy != 0 the most likely one (the lowest on ties), with its
// log-prob and the row's entropy in the sampling distribution (greedy: temperature 1).
// ld is a multiple of 8; scratch: gpu_sample_scratch bytes.  Begins while the kernel
// before it ends.
struct gpu_draw {
    int32_t row;
    int32_t greedy;
    float inv_temperature;
    double u; // in [0, 1)
};
struct gpu_drawn {
    int32_t token;
    float log_prob, entropy;
};
void gpu_sample(struct gpu *g, struct gpu_drawn *out, const float *logits, int ld,
                const struct gpu_draw *draws, void *scratch, int n, int V);
size_t gpu_sample_scratch(int n, int V);

// ---- the optimizer
// adamw_update of tensor/ops.h on float parameters, whose image in T is written too.
void gpu_adamw(struct gpu *g, enum gpu_type type, void *image, float *w, float *m,
               float *v, const float *grad, size_t n, const struct adamw *a, int decay);
// *out (device) = sum of squares in double; parts (GPU_PARTS) doubles of scratch.
void gpu_squared_norm(struct gpu *g, double *out, const float *x, double *parts,
                      size_t n);
// *sum (device) += a fingerprint of x, whose elements are numbers first, first + 1, ...
// of a whole; modulo 2^64, so that the cut into calls does not matter.
void gpu_fingerprint(struct gpu *g, uint64_t *sum, const float *x, size_t first,
                     size_t n);

#ifdef __cplusplus
}
#endif

#endif

// The numeric operations, as the model calls them.  Row-major float32 throughout;
// shapes stand beside each argument: M rows (tokens), K inputs, N outputs.
//
// The law of the forward pass, on which the whole program rests: *a row of any result
// depends on that row's own inputs only*, bit for bit.  Not on M, not on the row's
// place in the batch, not on the number of threads, not on how the tree was cut into
// nodes or calls.  So a rollout's log-prob is the learner's, exactly.  It holds because
// every sum runs in an order fixed by the data alone: one sequential chain of fused
// multiply-adds over k for each output of a product, over the key's position for each
// attention output, sixteen lanes by index for each row reduction.
// The backward pass is deterministic too (any number of threads, same bits), but does
// depend on how rows were batched.
//
// No function here allocates or fails: the caller gives the memory and valid shapes.
// Work is spread with par_for (base/par.h) on the threads of the calling process.
#ifndef TENSOR_OPS_H
#define TENSOR_OPS_H

#include <stddef.h>
#include <stdint.h>

// ---- products -------------------------------------------------------------------
// A weight W (N, K) is packed once per version for the forward product: panels of 64
// outputs, [ceil(N/64)][K][64], the last one zero-padded.

size_t gemm_packed_floats(int N, int K);
void gemm_pack(float *packed, const float *W /* (N, K) */, int N, int K);

// Y (M, N) = X (M, K) W^T + bias (N) [NULL: none]; accumulate != 0 adds Y's old value
// last (a residual).  ldx, ldy: floats from one row to the next.
void gemm_forward(float *Y, int ldy, const float *X, int ldx, const float *packed,
                  const float *bias, int M, int N, int K, int accumulate);

// dX (M, K) = dY (M, N) W, overwriting.  dY has row stride N, dX row stride K.
void gemm_backward_input(float *dX, const float *dY, const float *W, int M, int N,
                         int K);

// dW (N, K) += dY^T X, and db (N) += column sums of dY where db is given.
void gemm_backward_weight(float *dW, float *db, const float *dY, const float *X, int M,
                          int N, int K);

// ---- rows -----------------------------------------------------------------------
void embedding_forward(float *Y /* (M, D) */, const float *table /* (V, D) */,
                       const int32_t *tokens /* (M) */, int M, int D);
void embedding_backward(float *d_table, const float *dY, const int32_t *tokens, int M,
                        int D);

// Y = X * inv_rms * gain; inv_rms (M) is kept for the backward pass (NULL: not kept).
void rmsnorm_forward(float *Y, float *inv_rms, const float *X /* (M, D) */,
                     const float *gain /* (D) */, float epsilon, int M, int D);
// dX += ..., d_gain += ...
void rmsnorm_backward(float *dX, float *d_gain, const float *dY, const float *X,
                      const float *gain, const float *inv_rms, int M, int D);

// Every head of a row normalised on its own, in place: X's rows are ldx floats apart
// and begin with `heads` heads, which share one gain.  inv_rms (M, heads) or NULL.
void headnorm_forward(float *X, int ldx, float *inv_rms,
                      const float *gain /* (head_dim) */, float epsilon, int M,
                      int heads, int head_dim);
// dY becomes dX in place; d_gain += ...  X, laid out as dY, is that before the forward.
void headnorm_backward(float *dY, float *d_gain, const float *X, int ldx,
                       const float *gain, const float *inv_rms, int M, int heads,
                       int head_dim);

// Rotary tables: cosine and sine (positions, head_dim / 2) of pos * inv_freq[j].
void rope_fill(float *cosine, float *sine, const double *inv_freq, int positions,
               int head_dim);
// Rotates `heads` heads of each row in place, halves convention (element j with
// j + head_dim/2, as Hugging Face's Llama).  X's rows are ldx floats apart.
// direction +1 forward, -1 backward (the inverse rotation of gradients).
void rope_apply(float *X, int ldx, const int32_t *positions /* (M) */,
                const float *cosine, const float *sine, int M, int heads, int head_dim,
                int direction);

// Y (M, F) = silu(gate) * up with GU (M, 2F) = [gate | up].
void swiglu_forward(float *Y, const float *GU, int M, int F);
void swiglu_backward(float *dGU, const float *dY, const float *GU, int M, int F);

// ---- attention over a tree --------------------------------------------------------
// Keys and values live in pages of KV_PAGE consecutive positions of one path, for one
// kv head: keys transposed [head_dim][KV_PAGE], then values [KV_PAGE][head_dim].  A
// page belongs to one tree node; a node's pages are all full but its last.
enum { KV_PAGE = 16 };

static inline size_t kv_page_floats(int head_dim)
{
    return (size_t)2 * KV_PAGE * (size_t)head_dim;
}

// Writes the keys and values of one token at slot `slot` of its page, for all kv heads.
// page_of_head0 is head 0's page; head h's is h * head_stride floats further.
void kv_store(float *page_of_head0, size_t head_stride, int slot,
              const float *k /* (kv_heads, head_dim) */, const float *v, int kv_heads,
              int head_dim);

// A stretch of a path's keys: `count` tokens in ceil(count/KV_PAGE) pages.  A segment's
// parent stands before it in the list.
struct kv_segment {
    float *const *pages; // head 0's pages
    int32_t count;       // tokens
    int32_t parent;      // index of the segment before it on the path, -1 at the root
    int32_t start;       // position of its first token
};

// One decode step over many branches of many trees.  Row i attends to every token of
// its path: the whole of segment `leaf[i]` and of all its ancestors.  Rows that share
// a segment must be adjacent (order rows depth-first), so that its keys are read once
// for all of them.  Q and O are (M, heads * head_dim) with row strides ldq, ldo.
struct attention_decode {
    const struct kv_segment *segments;
    int n_segments;
    const int32_t *leaf; // (M)
    size_t head_stride;  // floats between two kv heads' pages
    int heads, kv_heads, head_dim;
    int max_context; // longest path in tokens
};
size_t attention_decode_scratch(const struct attention_decode *a, int M); // in floats
void attention_decode(float *O, int ldo, const float *Q, int ldq,
                      const struct attention_decode *a, int M, float *scratch);

// Forward and backward over packed trees.  The M packed tokens are cut into `spans`:
// span s holds tokens [begin, begin + count), all of one node, in depth-first order;
// its parent span (-1 at a root) ends where it starts.  Token i of a span attends to
// all tokens of its ancestor spans and to the tokens of its own span up to itself.
// Walking depth-first, each thread keeps ONE path of keys and values, indexed by
// position, in which entering a span overwrites the positions it covers; so the mask
// is plain causality on a dense path and each key is laid out once.
struct attention_span {
    int32_t begin, count;
    int32_t parent; // index of the parent span, -1 at a root; parents come first
    int32_t start;  // position of its first token on the path
};
struct attention_train {
    const struct attention_span *spans;
    int n_spans;
    int heads, kv_heads, head_dim;
    int max_context;
};
// QKV (M, (heads + 2 kv_heads) * head_dim) = [q | k | v] after rotation; O (M, heads *
// head_dim); lse (M, heads) = log-sum-exp of the scaled scores, kept for the backward.
size_t attention_train_scratch(const struct attention_train *a); // floats, all threads
void attention_forward(float *O, float *lse, const float *QKV,
                       const struct attention_train *a, float *scratch);
// dQKV is overwritten.  Uses dS = P o (dP - rowsum(P o dP)) with rowsum = dO . O.
void attention_backward(float *dQKV, const float *dO, const float *O, const float *lse,
                        const float *QKV, const struct attention_train *a,
                        float *scratch);

// ---- the vocabulary ---------------------------------------------------------------
// Row statistics of softmax(inv_temperature * logits): log-prob of `target`, entropy in
// nats.  Either output may be NULL.
void softmax_stats(float *log_prob /* (M) */, float *entropy /* (M) */,
                   const float *logits /* (M, V), row stride ld */, int ld,
                   const int32_t *targets /* (M) */, float inv_temperature, int M,
                   int V);

// logits := d loss / d logits in place, for loss = sum_i coef[i] * log_prob_i: that is
// coef * inv_temperature * (onehot(target) - softmax).
void softmax_backward(float *logits, int ld, const int32_t *targets, const float *coef,
                      float inv_temperature, int M, int V);

// One token by inverse cumulative probability: the first t whose cumulative probability
// exceeds u in [0, 1).  Deterministic in (logits, u).
int32_t sample_token(const float *logits /* (V) */, float inv_temperature, double u,
                     int V);
int32_t argmax_token(const float *logits, int V); // the lowest index on ties

// ---- the optimizer ----------------------------------------------------------------
struct adamw {
    float lr, beta1, beta2, epsilon, weight_decay;
    float grad_scale; // multiplies every gradient first (normalisation and clipping)
    int64_t step;     // 1 at the first update (bias correction)
};
// 1 - beta^step by squaring: libm's pow is not the same on every machine.
static inline double adamw_correction(double beta, int64_t step)
{
    double power = 1.0;
    while (step > 0) {
        if (step % 2)
            power *= beta;
        beta *= beta;
        step /= 2;
    }
    return 1.0 - power;
}

// AdamW (Loshchilov & Hutter 2019): decoupled weight decay where `decay` != 0.  m and v
// are the moments, all of n elements.  28 bytes moved a parameter.
void adamw_update(float *w, float *m, float *v, const float *grad, size_t n,
                  const struct adamw *a, int decay);
double squared_norm(const float *x, size_t n); // in double, fixed order

#endif

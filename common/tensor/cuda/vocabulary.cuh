// One pass over a row of logits.  The sampler and the learner use this same code, so
// that a token's log-prob is the same bits in both.
#ifndef TENSOR_CUDA_VOCABULARY_CUH
#define TENSOR_CUDA_VOCABULARY_CUH

#include "sums.cuh"

enum { VOCABULARY_THREADS = 1024 };

// Of z = inv_temperature * logits: the maximum, the sum of e = exp(z - maximum), and
// the sum of e (z - maximum).
struct row_stats {
    float maximum, sum, weighted;
};

__device__ __forceinline__ void raise_maximum(struct row_stats *s, float top)
{
    if (!(top > s->maximum))
        return;
    float drop = s->maximum - top, keep = __expf(drop);
    // Of an empty sum, drop is infinite and keep 0.
    s->weighted = s->sum > 0.0f ? keep * (s->weighted + drop * s->sum) : 0.0f;
    s->sum = keep * s->sum;
    s->maximum = top;
}
// z is not above the maximum.
__device__ __forceinline__ void add_below(struct row_stats *s, float z)
{
    float below = z - s->maximum, e = __expf(below);
    s->sum += e;
    s->weighted += e > 0.0f ? e * below : 0.0f;
}

enum { LOGIT_VECTORS = 4 }; // of four, that a thread reads at once

// The vectors first, first + blockDim, ... of z, of which there are n; the first n_kept
// of all are also written to `kept`.
__device__ __forceinline__ void add_vectors(struct row_stats *s, const float *z,
                                            float inv_temperature, int first, int n,
                                            float *kept, int n_kept)
{
    float4 v[LOGIT_VECTORS];
    float top = -INFINITY;
#pragma unroll
    for (int i = 0; i < LOGIT_VECTORS; i++) {
        int at = first + i * (int)blockDim.x;
        v[i] = at < n ? load4(z + 4 * at)
                      : float4{-INFINITY, -INFINITY, -INFINITY, -INFINITY};
        if (at < n_kept)
            store4(kept + 4 * at, v[i]);
    }
#pragma unroll
    for (int i = 0; i < LOGIT_VECTORS; i++)
        v[i] = scale4(v[i], inv_temperature);
#pragma unroll
    for (int i = 0; i < LOGIT_VECTORS; i++)
        top = fmaxf(top, fmaxf(fmaxf(v[i].x, v[i].y), fmaxf(v[i].z, v[i].w)));
    raise_maximum(s, top);
#pragma unroll
    for (int i = 0; i < LOGIT_VECTORS; i++) {
        add_below(s, v[i].x);
        add_below(s, v[i].y);
        add_below(s, v[i].z);
        add_below(s, v[i].w);
    }
}

// By all threads of the block; scratch (32) is shared memory, logits are aligned to 16
// bytes.  The first n_kept vectors of four are also written to `kept`, each by the
// thread whose number is its own modulo the block's size; at most V / 4.
__device__ __forceinline__ struct row_stats
stats_of_row(const float *logits, float inv_temperature, int V, float *scratch,
             float *kept = NULL, int n_kept = 0)
{
    struct row_stats own = {-INFINITY, 0.0f, 0.0f};
    int vectors = V / 4, step = LOGIT_VECTORS * (int)blockDim.x;
    for (int first = (int)threadIdx.x; first < vectors; first += step)
        add_vectors(&own, logits, inv_temperature, first, vectors, kept, n_kept);
    for (int t = 4 * vectors + (int)threadIdx.x; t < V; t += (int)blockDim.x) {
        float z = inv_temperature * logits[t];
        raise_maximum(&own, z);
        add_below(&own, z);
    }
    float top = block_max(own.maximum, scratch);
    float drop = own.maximum - top, keep = own.sum > 0.0f ? __expf(drop) : 0.0f;
    struct row_stats all;
    all.maximum = top;
    all.weighted =
        block_sum(keep > 0.0f ? keep * (own.weighted + drop * own.sum) : 0.0f, scratch);
    all.sum = block_sum(keep * own.sum, scratch);
    return all;
}

__device__ __forceinline__ float log_prob_of(const struct row_stats *s, float z)
{
    return z - s->maximum - logf(s->sum);
}
// - sum p log p = log(sum e) - sum e (z - maximum) / sum e.
__device__ __forceinline__ float entropy_of(const struct row_stats *s)
{
    return logf(s->sum) - s->weighted / s->sum;
}

#endif

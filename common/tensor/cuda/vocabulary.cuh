// One pass over a row of logits.  The sampler and the learner use this same code, so
// that a token's log-prob is the same bits in both.
#ifndef TENSOR_CUDA_VOCABULARY_CUH
#define TENSOR_CUDA_VOCABULARY_CUH

#include "sums.cuh"

enum { VOCABULARY_THREADS = 512 };

// Of z = inv_temperature * logits: the maximum, the sum of e = exp(z - maximum), and the
// sum of e (z - maximum).
struct row_stats {
    float maximum, sum, weighted;
};

__device__ __forceinline__ void add_logit(struct row_stats *s, float z)
{
    if (z > s->maximum) {
        float drop = s->maximum - z, keep = expf(drop);
        // Of an empty sum, drop is infinite and keep 0.
        s->weighted = s->sum > 0.0f ? keep * (s->weighted + drop * s->sum) : 0.0f;
        s->sum = keep * s->sum;
        s->maximum = z;
    }
    float below = z - s->maximum, e = expf(below);
    s->sum += e;
    s->weighted += e > 0.0f ? e * below : 0.0f;
}

// By all threads of the block; scratch (32) is shared memory.
__device__ __forceinline__ struct row_stats stats_of_row(const float *logits,
                                                         float inv_temperature, int V,
                                                         float *scratch)
{
    struct row_stats own = {-INFINITY, 0.0f, 0.0f};
    for (int t = (int)threadIdx.x; t < V; t += (int)blockDim.x)
        add_logit(&own, inv_temperature * logits[t]);
    float top = block_max(own.maximum, scratch);
    float drop = own.maximum - top, keep = own.sum > 0.0f ? expf(drop) : 0.0f;
    struct row_stats all;
    all.maximum = top;
    all.weighted = block_sum(keep > 0.0f ? keep * (own.weighted + drop * own.sum) : 0.0f, scratch);
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

// Log-prob, entropy, loss and gradient over the vocabulary: one block a row.
#include "vocabulary.cuh"

__global__ void __launch_bounds__(VOCABULARY_THREADS)
    softmax_stats_kernel(float *log_prob, float *entropy, const float *logits, int ld,
                         const int32_t *targets, float inv_temperature, int V)
{
    __shared__ float scratch[WARP];
    size_t row = blockIdx.x;
    const float *z = logits + row * (size_t)ld;
    struct row_stats s = stats_of_row(z, inv_temperature, V, scratch);
    if (threadIdx.x != 0)
        return;
    if (log_prob)
        log_prob[row] = log_prob_of(&s, inv_temperature * z[targets[row]]);
    if (entropy)
        entropy[row] = entropy_of(&s);
}

void gpu_softmax_stats(struct gpu *g, float *log_prob, float *entropy,
                       const float *logits, int ld, const int32_t *targets,
                       float inv_temperature, int M, int V)
{
    launch(g, (unsigned)M, VOCABULARY_THREADS, 0, softmax_stats_kernel, log_prob,
           entropy, logits, ld, targets, inv_temperature, V);
}

__device__ __forceinline__ float slope_of(const struct gpu_loss *l, size_t row,
                                          float log_prob)
{
    if (l->coef)
        return l->coef[row];
    const struct loss_token token = {l->weight[row], l->advantage[row], log_prob,
                                     l->behaviour[row],
                                     l->reference ? l->reference[row] : 0.0f};
    return loss_of_token(&l->rule, &token).d_log_prob;
}

enum {
    LOSS_SPARE_BYTES = 8 << 10
}; // static shared memory, and some for the cache of L1

struct softmax_slope {
    float slope, share, inv_temperature, maximum; // share: slope / sum
    int target, V;
};

// d loss / d logit = coef * inv_temperature * (onehot - softmax) of the four logits at
// t; 0 behind the last token.
__device__ __forceinline__ float4 slopes_at(const struct softmax_slope *s, float4 z,
                                            int t)
{
    float d[4] = {z.x, z.y, z.z, z.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float p = s->share * __expf(s->inv_temperature * d[i] - s->maximum);
        d[i] = t + i < s->V ? (t + i == s->target ? s->slope : 0.0f) - p : 0.0f;
    }
    return float4{d[0], d[1], d[2], d[3]};
}

template <class T>
__global__ void __launch_bounds__(VOCABULARY_THREADS)
    loss_backward_kernel(T *d_logits, float *log_prob, const float *logits, int ld,
                         const int32_t *targets, struct gpu_loss loss,
                         float inv_temperature, int V, int n_kept)
{
    __shared__ float scratch[WARP];
    float *kept = (float *)dynamic_shared();
    size_t row = blockIdx.x;
    const float *z = logits + row * (size_t)ld;
    struct row_stats s = stats_of_row(z, inv_temperature, V, scratch, kept, n_kept);
    int target = targets[row];
    float own = log_prob_of(&s, inv_temperature * z[target]);
    float slope = slope_of(&loss, row, own) * inv_temperature;
    const struct softmax_slope of = {slope,     slope / s.sum, inv_temperature,
                                     s.maximum, target,        V};
    T *d = d_logits + row * (size_t)ld;
    // Backwards: what was read last may still be in the cache.
    int rounds = (ld / 4 + (int)blockDim.x - 1) / (int)blockDim.x;
#pragma unroll 4
    for (int round = rounds - 1; round >= 0; round--) {
        int at = round * (int)blockDim.x + (int)threadIdx.x;
        if (at < ld / 4)
            store4(d + 4 * at,
                   slopes_at(&of, load4(at < n_kept ? kept + 4 * at : z + 4 * at),
                             4 * at));
    }
    if (threadIdx.x == 0)
        log_prob[row] = own;
}

template <class T>
static void loss_backward(struct gpu *g, void *d_logits, float *log_prob,
                          const float *logits, int ld, const int32_t *targets,
                          const struct gpu_loss *loss, float inv_temperature, int M,
                          int V)
{
    // The beginning of a row stays in shared memory: one block an SM.
    size_t room = gpu_shared_bytes(g) - LOSS_SPARE_BYTES, vectors = (size_t)V / 4;
    size_t kept = vectors * sizeof(float4) < room ? vectors : room / sizeof(float4);
    launch(g, (unsigned)M, VOCABULARY_THREADS, kept * sizeof(float4),
           loss_backward_kernel<T>, (T *)d_logits, log_prob, logits, ld, targets, *loss,
           inv_temperature, V, (int)kept);
}

void gpu_loss_backward(struct gpu *g, enum gpu_type type, void *d_logits,
                       float *log_prob, const float *logits, int ld,
                       const int32_t *targets, const struct gpu_loss *loss,
                       float inv_temperature, int M, int V)
{
    BY_TYPE(type, loss_backward, g, d_logits, log_prob, logits, ld, targets, loss,
            inv_temperature, M, V);
}

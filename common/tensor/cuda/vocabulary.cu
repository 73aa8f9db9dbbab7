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

void gpu_softmax_stats(struct gpu *g, float *log_prob, float *entropy, const float *logits, int ld,
                       const int32_t *targets, float inv_temperature, int M, int V)
{
    launch(g, (unsigned)M, VOCABULARY_THREADS, 0, softmax_stats_kernel, log_prob, entropy, logits,
           ld, targets, inv_temperature, V);
}

__device__ __forceinline__ float slope_of(const struct gpu_loss *l, size_t row, float log_prob)
{
    if (l->coef)
        return l->coef[row];
    const struct loss_token token = {l->weight[row], l->advantage[row], log_prob,
                                     l->behaviour[row], l->reference ? l->reference[row] : 0.0f};
    return loss_of_token(&l->rule, &token).d_log_prob;
}

struct softmax_slope {
    float slope, share, inv_temperature, maximum; // share: slope / sum
    int target, V;
};

// d loss / d logit = coef * inv_temperature * (onehot - softmax) of the four logits at
// t; 0 behind the last token.
__device__ __forceinline__ float4 slopes_at(const struct softmax_slope *s, float4 z, int t)
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
__global__ void __launch_bounds__(VOCABULARY_THREADS) loss_backward_kernel(T *d_logits, float *log_prob, const float *logits, int ld,
                                     const int32_t *targets, struct gpu_loss loss,
                                     float inv_temperature, int V)
{
    __shared__ float scratch[WARP];
    size_t row = blockIdx.x;
    const float *z = logits + row * (size_t)ld;
    struct row_stats s = stats_of_row(z, inv_temperature, V, scratch);
    int target = targets[row];
    float own = log_prob_of(&s, inv_temperature * z[target]);
    float slope = slope_of(&loss, row, own) * inv_temperature;
    const struct softmax_slope of = {slope, slope / s.sum, inv_temperature, s.maximum, target, V};
#pragma unroll 2
    for (int t = 8 * (int)threadIdx.x; t < ld; t += 8 * (int)blockDim.x) {
        struct eight v = load8(z + t);
        v.low = slopes_at(&of, v.low, t);
        v.high = slopes_at(&of, v.high, t + 4);
        store8(d_logits + row * (size_t)ld + (size_t)t, v);
    }
    if (threadIdx.x == 0)
        log_prob[row] = own;
}

template <class T>
static void loss_backward(struct gpu *g, void *d_logits, float *log_prob, const float *logits,
                          int ld, const int32_t *targets, const struct gpu_loss *loss,
                          float inv_temperature, int M, int V)
{
    launch(g, (unsigned)M, VOCABULARY_THREADS, 0, loss_backward_kernel<T>, (T *)d_logits, log_prob,
           logits, ld, targets, *loss, inv_temperature, V);
}

void gpu_loss_backward(struct gpu *g, enum gpu_type type, void *d_logits, float *log_prob,
                       const float *logits, int ld, const int32_t *targets,
                       const struct gpu_loss *loss, float inv_temperature, int M, int V)
{
    BY_TYPE(type, loss_backward, g, d_logits, log_prob, logits, ld, targets, loss, inv_temperature,
            M, V);
}

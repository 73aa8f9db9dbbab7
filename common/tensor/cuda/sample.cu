// Sampling: one block a draw.
#include "vocabulary.cuh"

// Of the block: the double before `x` in the order of threads, and the sum of all.
__device__ __forceinline__ double block_before(double x, double *total, double *scratch)
{
    int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    double sum = x;
    for (int by = 1; by < WARP; by *= 2) {
        double other = __shfl_up_sync(ALL_LANES, sum, (unsigned)by);
        if (lane >= by)
            sum += other;
    }
    if (lane == WARP - 1)
        scratch[warp] = sum;
    __syncthreads();
    double before = 0.0, all = 0.0;
    for (int i = 0; i < (int)blockDim.x / WARP; i++) {
        before += i < warp ? scratch[i] : 0.0;
        all += scratch[i];
    }
    __syncthreads();
    *total = all;
    // Lane by lane, so that rounding never makes the cumulative sum fall.
    double up = __shfl_up_sync(ALL_LANES, sum, 1u);
    return before + (lane > 0 ? up : 0.0);
}

// The first token whose cumulative weight exceeds u times the sum of all.
__device__ __forceinline__ void draw_token(int32_t *token, const float *z, float inv_temperature,
                                           float maximum, double u, int V, double *scratch)
{
    double sum = 0.0, passed = 0.0, total;
    for (int t = (int)threadIdx.x; t < V; t += (int)blockDim.x)
        sum += (double)expf(inv_temperature * z[t] - maximum);
    (void)block_before(sum, &total, scratch);
    double goal = u * total;
    for (int first = 0; first < V; first += (int)blockDim.x) {
        int t = first + (int)threadIdx.x;
        double own = t < V ? (double)expf(inv_temperature * z[t] - maximum) : 0.0, tile;
        double before = passed + block_before(own, &tile, scratch);
        if (own > 0.0 && before <= goal && goal < before + own)
            atomicMin(token, t);
        passed += tile;
        if (passed > goal)
            break; // the same in all threads
    }
}

// The lowest token of the largest logit.
__device__ __forceinline__ void best_token(int32_t *token, const float *z, float inv_temperature,
                                           float maximum, int V)
{
    for (int t = (int)threadIdx.x; t < V; t += (int)blockDim.x)
        if (inv_temperature * z[t] == maximum) {
            atomicMin(token, t);
            break;
        }
}

__global__ void sample_kernel(struct gpu_drawn *out, const float *logits, int ld,
                              const struct gpu_draw *draws, int V)
{
    __shared__ float scratch[WARP];
    __shared__ double sums[WARP];
    __shared__ int32_t token;
    struct gpu_draw d = draws[blockIdx.x];
    const float *z = logits + (size_t)d.row * (size_t)ld;
    float inv_temperature = d.greedy ? 1.0f : d.inv_temperature;
    struct row_stats s = stats_of_row(z, inv_temperature, V, scratch);
    if (threadIdx.x == 0)
        token = V;
    __syncthreads();
    if (!d.greedy)
        draw_token(&token, z, inv_temperature, s.maximum, d.u, V, sums);
    __syncthreads();
    int none = token == V; // also where rounding left nothing above u
    __syncthreads();
    if (none)
        best_token(&token, z, inv_temperature, s.maximum, V);
    __syncthreads();
    if (threadIdx.x != 0)
        return;
    int32_t chosen = token < V ? token : 0; // logits that are not numbers
    out[blockIdx.x].token = chosen;
    out[blockIdx.x].log_prob = log_prob_of(&s, inv_temperature * z[chosen]);
    out[blockIdx.x].entropy = entropy_of(&s);
}

void gpu_sample(struct gpu *g, struct gpu_drawn *out, const float *logits, int ld,
                const struct gpu_draw *draws, int n, int V)
{
    launch(g, (unsigned)n, VOCABULARY_THREADS, 0, sample_kernel, out, logits, ld, draws, V);
}

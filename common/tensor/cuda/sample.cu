// Sampling in three steps: every row's softmax; then, by as many blocks as there are
// chunks of the vocabulary, the weight of each chunk; last the chunk that the draw
// falls into is read once more.
#include "vocabulary.cuh"

enum {
    CHUNK_THREADS = 256,
    OWN_TOKENS = 16, // of a chunk, adjacent, a thread's
    CHUNK = CHUNK_THREADS * OWN_TOKENS,
};

static int chunks_of(int V)
{
    return (V + CHUNK - 1) / CHUNK;
}

// Scratch of n draws, in this order.
struct sample_scratch {
    double *weights;         // (n, chunks)
    struct row_stats *stats; // (n)
    int32_t *best;           // (n, chunks) the lowest most likely token; V: none
};

size_t gpu_sample_scratch(int n, int V)
{
    size_t rows = (size_t)n, chunks = (size_t)chunks_of(V);
    return rows *
           (chunks * (sizeof(double) + sizeof(int32_t)) + sizeof(struct row_stats));
}

static struct sample_scratch scratch_of(void *memory, int n, int V)
{
    double *weights = (double *)memory;
    struct row_stats *stats =
        (struct row_stats *)(weights + (size_t)n * (size_t)chunks_of(V));
    return sample_scratch{weights, stats, (int32_t *)(stats + n)};
}

// Before and up to a thread, in the order of the block's threads.
struct before {
    double before, through, all;
};

__device__ __forceinline__ struct before block_before(double x, double *scratch)
{
    int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    double sum = x, before = 0.0, all = 0.0;
    for (int by = 1; by < WARP; by *= 2) {
        double other = __shfl_up_sync(ALL_LANES, sum, (unsigned)by);
        if (lane >= by)
            sum += other;
    }
    if (lane == WARP - 1)
        scratch[warp] = sum;
    __syncthreads();
    for (int i = 0; i < (int)blockDim.x / WARP; i++) {
        before += i < warp ? scratch[i] : 0.0;
        all += scratch[i];
    }
    __syncthreads();
    // What one thread ends with the next begins with, to the bit: rounding leaves no
    // gap.
    double up = __shfl_up_sync(ALL_LANES, sum, 1u);
    return {before + (lane > 0 ? up : 0.0), before + sum, all};
}

// A thread's own tokens of a chunk, times inv_temperature.
struct own_logits {
    float z[OWN_TOKENS];
    int first, n;
};

__device__ __forceinline__ struct own_logits load_own(const float *z, int chunk,
                                                      float inv_temperature, int V)
{
    struct own_logits own;
    own.first = chunk * CHUNK + (int)threadIdx.x * OWN_TOKENS;
    own.n = V - own.first < OWN_TOKENS ? V - own.first : OWN_TOKENS;
#pragma unroll
    for (int i = 0; i < OWN_TOKENS; i += 4) {
        // Rows are padded to a multiple of eight: whole vectors may be read.
        float4 v = i < own.n ? load4(z + own.first + i) : zero4();
        own.z[i] = inv_temperature * v.x;
        own.z[i + 1] = inv_temperature * v.y;
        own.z[i + 2] = inv_temperature * v.z;
        own.z[i + 3] = inv_temperature * v.w;
    }
    return own;
}

__device__ __forceinline__ double weight_of(const struct own_logits &own, int i,
                                            float maximum)
{
    return i < own.n ? (double)expf(own.z[i] - maximum) : 0.0;
}

__device__ __forceinline__ double weight_of_all(const struct own_logits &own,
                                                float maximum)
{
    double sum = 0.0;
#pragma unroll
    for (int i = 0; i < OWN_TOKENS; i++)
        sum += weight_of(own, i, maximum);
    return sum;
}

__device__ __forceinline__ float inv_temperature_of(const struct gpu_draw &d)
{
    return d.greedy ? 1.0f : d.inv_temperature;
}

__global__ void __launch_bounds__(VOCABULARY_THREADS)
    stats_kernel(struct sample_scratch s, const float *logits, int ld,
                 const struct gpu_draw *draws, int V)
{
    __shared__ float scratch[WARP];
    let_next_begin();
    wait_for_earlier();
    struct gpu_draw d = draws[blockIdx.x];
    struct row_stats all = stats_of_row(logits + (size_t)d.row * (size_t)ld,
                                        inv_temperature_of(d), V, scratch);
    if (threadIdx.x == 0)
        s.stats[blockIdx.x] = all;
}

// Block (chunk, draw).
__global__ void __launch_bounds__(CHUNK_THREADS)
    chunk_kernel(struct sample_scratch s, const float *logits, int ld,
                 const struct gpu_draw *draws, int V)
{
    __shared__ double sums[WARP];
    __shared__ int32_t best;
    let_next_begin();
    wait_for_earlier();
    struct gpu_draw d = draws[blockIdx.y];
    float maximum = s.stats[blockIdx.y].maximum;
    if (threadIdx.x == 0)
        best = V;
    const struct own_logits own = load_own(logits + (size_t)d.row * (size_t)ld,
                                           (int)blockIdx.x, inv_temperature_of(d), V);
    struct before b = block_before(weight_of_all(own, maximum), sums); // `best` is set
#pragma unroll
    for (int i = 0; i < OWN_TOKENS; i++)
        if (i < own.n && own.z[i] == maximum)
            atomicMin(&best, own.first + i);
    __syncthreads();
    if (threadIdx.x == 0) {
        s.weights[(size_t)blockIdx.y * gridDim.x + blockIdx.x] = b.all;
        s.best[(size_t)blockIdx.y * gridDim.x + blockIdx.x] = best;
    }
}

// The first chunk whose cumulative weight exceeds u times the sum of all, and that goal
// less what stands before it.
__device__ __forceinline__ int find_chunk(const double *weights, int chunks, double u,
                                          double *goal)
{
    double total = 0.0, passed = 0.0;
    for (int i = 0; i < chunks; i++)
        total += weights[i];
    for (int i = 0; i < chunks; i++) {
        if (u * total < passed + weights[i]) {
            *goal = u * total - passed;
            return i;
        }
        passed += weights[i];
    }
    return -1;
}

// Likewise within the chunk, by the thread whose tokens the goal falls on.
__device__ __forceinline__ void draw_token(int32_t *token, const struct own_logits &own,
                                           float maximum, double goal, double *scratch)
{
    struct before b = block_before(weight_of_all(own, maximum), scratch);
    if (!(b.before <= goal && goal < b.through))
        return;
    double passed = b.before;
    int chosen =
        -1; // the last one that weighs anything and begins at or below the goal
#pragma unroll
    for (int i = 0; i < OWN_TOKENS; i++) {
        double weight = weight_of(own, i, maximum);
        if (weight > 0.0 && passed <= goal)
            chosen = i;
        passed += weight;
    }
    if (chosen >= 0)
        *token = own.first + chosen;
}

__device__ __forceinline__ int32_t best_token(const int32_t *best, int chunks, int V)
{
    for (int i = 0; i < chunks; i++)
        if (best[i] < V)
            return best[i];
    return 0; // logits that are not numbers
}

__global__ void __launch_bounds__(CHUNK_THREADS)
    draw_kernel(struct gpu_drawn *out, struct sample_scratch s, const float *logits,
                int ld, const struct gpu_draw *draws, int chunks, int V)
{
    __shared__ double sums[WARP];
    __shared__ int32_t token;
    size_t first = blockIdx.x * (size_t)chunks;
    double goal = 0.0;
    wait_for_earlier();
    struct gpu_draw d = draws[blockIdx.x];
    struct row_stats all = s.stats[blockIdx.x];
    const float *z = logits + (size_t)d.row * (size_t)ld;
    int chunk = d.greedy ? -1 : find_chunk(s.weights + first, chunks, d.u, &goal);
    if (threadIdx.x == 0)
        token = V;
    __syncthreads();
    if (chunk >= 0) // the same in all threads
        draw_token(&token, load_own(z, chunk, d.inv_temperature, V), all.maximum, goal,
                   sums);
    __syncthreads();
    if (threadIdx.x != 0)
        return;
    // Also where rounding left nothing above u.
    int32_t chosen = token < V ? token : best_token(s.best + first, chunks, V);
    out[blockIdx.x].token = chosen;
    out[blockIdx.x].log_prob = log_prob_of(&all, inv_temperature_of(d) * z[chosen]);
    out[blockIdx.x].entropy = entropy_of(&all);
}

void gpu_sample(struct gpu *g, struct gpu_drawn *out, const float *logits, int ld,
                const struct gpu_draw *draws, void *scratch, int n, int V)
{
    struct sample_scratch s = scratch_of(scratch, n, V);
    int chunks = chunks_of(V);
    launch_early(g, (unsigned)n, VOCABULARY_THREADS, 0, stats_kernel, s, logits, ld,
                 draws, V);
    launch_early(g, dim3((unsigned)chunks, (unsigned)n), CHUNK_THREADS, 0, chunk_kernel,
                 s, logits, ld, draws, V);
    launch_early(g, (unsigned)n, CHUNK_THREADS, 0, draw_kernel, out, s, logits, ld,
                 draws, chunks, V);
}

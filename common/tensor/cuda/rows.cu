// Rows of the residual stream: embeddings, norms, gather and scatter.
#include "sums.cuh"

enum { ROW_THREADS = 256 };

// ---- casts and embeddings

template <class T> __global__ void cast_kernel(T *to, const float *from, size_t n)
{
    size_t at = 4 * ((size_t)blockIdx.x * blockDim.x + threadIdx.x);
    if (at + 4 <= n)
        store4(to + at, load4(from + at));
    else
        for (; at < n; at++)
            to[at] = from_float<T>(from[at]);
}

template <class T>
static void cast(struct gpu *g, void *to, const float *from, size_t n)
{
    launch(g, blocks_for(n, 4 * ROW_THREADS), ROW_THREADS, 0, cast_kernel<T>, (T *)to, from, n);
}

void gpu_cast(struct gpu *g, enum gpu_type type, void *to, const float *from, size_t n)
{
    BY_TYPE(type, cast, g, to, from, n);
}

template <class T>
__global__ void embedding_kernel(float *X, const T *table, const int32_t *tokens, int D)
{
    size_t row = blockIdx.x;
    const T *from = table + (size_t)tokens[row] * (size_t)D;
    for (int d = 4 * (int)threadIdx.x; d < D; d += 4 * (int)blockDim.x)
        store4(X + row * (size_t)D + d, load4(from + d));
}

template <class T>
static void embedding(struct gpu *g, float *X, const void *table, const int32_t *tokens, int M,
                      int D)
{
    launch(g, (unsigned)M, ROW_THREADS, 0, embedding_kernel<T>, X, (const T *)table, tokens, D);
}

void gpu_embedding(struct gpu *g, enum gpu_type type, float *X, const void *table,
                   const int32_t *tokens, int M, int D)
{
    BY_TYPE(type, embedding, g, X, table, tokens, M, D);
}

// One block a token of the vocabulary: its rows are added in order.
__global__ void embedding_backward_kernel(float *d_table, const float *dX,
                                          const int32_t *order, const int32_t *first,
                                          const int32_t *token, int D)
{
    int k = (int)blockIdx.x;
    float *to = d_table + (size_t)token[k] * (size_t)D;
    for (int d = 4 * (int)threadIdx.x; d < D; d += 4 * (int)blockDim.x) {
        float4 sum = load4(to + d);
        for (int i = first[k]; i < first[k + 1]; i++)
            sum = add4(sum, load4(dX + (size_t)order[i] * (size_t)D + d));
        store4(to + d, sum);
    }
}

void gpu_embedding_backward(struct gpu *g, float *d_table, const float *dX,
                            const int32_t *order, const int32_t *first,
                            const int32_t *token, int n_tokens, int D)
{
    launch(g, (unsigned)n_tokens, ROW_THREADS, 0, embedding_backward_kernel, d_table, dX, order,
           first, token, D);
}

// ---- RMSNorm

template <class T>
__global__ void rmsnorm_kernel(T *Y, float *inv_rms, const float *X, const T *gain, float epsilon,
                               const int32_t *from, const int32_t *to, int D)
{
    __shared__ float scratch[WARP];
    size_t row = blockIdx.x;
    const float *x = X + (size_t)(from ? from[row] : (int32_t)row) * (size_t)D;
    T *y = Y + (size_t)(to ? to[row] : (int32_t)row) * (size_t)D;
    float squares = 0.0f;
    for (int d = 4 * (int)threadIdx.x; d < D; d += 4 * (int)blockDim.x) {
        float4 v = load4(x + d);
        squares += (v.x * v.x + v.y * v.y) + (v.z * v.z + v.w * v.w);
    }
    float scale = rsqrtf(block_sum(squares, scratch) / (float)D + epsilon);
    for (int d = 4 * (int)threadIdx.x; d < D; d += 4 * (int)blockDim.x)
        store4(y + d, multiply4(scale4(load4(x + d), scale), load4(gain + d)));
    if (inv_rms && threadIdx.x == 0)
        inv_rms[row] = scale;
}

template <class T>
static void rmsnorm(struct gpu *g, void *Y, float *inv_rms, const float *X,
                    const struct gpu_norm *n, int M, int D)
{
    launch(g, (unsigned)M, ROW_THREADS, 0, rmsnorm_kernel<T>, (T *)Y, inv_rms, X,
           (const T *)n->gain, n->epsilon, n->from, n->to, D);
}

void gpu_rmsnorm(struct gpu *g, enum gpu_type type, void *Y, float *inv_rms, const float *X,
                 const struct gpu_norm *n, int M, int D)
{
    BY_TYPE(type, rmsnorm, g, Y, inv_rms, X, n, M, D);
}

// With y = x s gain, s = inv_rms:  dx = s gain dy - x s^3 / D * sum(gain dy x).
// A block takes every gridDim-th row and keeps the gain's gradient of all of them.
template <class T>
__global__ void rmsnorm_backward_kernel(float *dX, T *copy, float *parts, const T *dY,
                                        const float *X, const T *gain, const float *inv_rms,
                                        int M, int D)
{
    __shared__ float scratch[WARP];
    float *d_gain = parts + (size_t)blockIdx.x * (size_t)D;
    for (int d = 4 * (int)threadIdx.x; d < D; d += 4 * (int)blockDim.x)
        store4(d_gain + d, zero4());
    for (int row = (int)blockIdx.x; row < M; row += (int)gridDim.x) {
        size_t at = (size_t)row * (size_t)D;
        float s = inv_rms[row], dot = 0.0f;
        for (int d = 4 * (int)threadIdx.x; d < D; d += 4 * (int)blockDim.x) {
            float4 t = multiply4(multiply4(load4(dY + at + d), load4(X + at + d)), load4(gain + d));
            dot += (t.x + t.y) + (t.z + t.w);
        }
        float pull = block_sum(dot, scratch) * s * s * s / (float)D;
        for (int d = 4 * (int)threadIdx.x; d < D; d += 4 * (int)blockDim.x) {
            float4 dy = load4(dY + at + d), x = load4(X + at + d);
            float4 own = scale4(multiply4(dy, load4(gain + d)), s);
            float4 sum = add4(load4(dX + at + d), add4(own, scale4(x, -pull)));
            store4(dX + at + d, sum);
            if (copy)
                store4(copy + at + d, sum);
            store4(d_gain + d, add4(load4(d_gain + d), scale4(multiply4(dy, x), s)));
        }
    }
}

template <class T>
static void rmsnorm_backward(struct gpu *g, float *dX, void *copy, float *d_gain, const void *dY,
                             const float *X, const void *gain, const float *inv_rms, float *parts,
                             int M, int D)
{
    int blocks = M < GPU_PARTS ? M : GPU_PARTS;
    launch(g, (unsigned)blocks, ROW_THREADS, 0, rmsnorm_backward_kernel<T>, dX, (T *)copy, parts,
           (const T *)dY, X, (const T *)gain, inv_rms, M, D);
    add_parts(g, d_gain, parts, blocks, D);
}

void gpu_rmsnorm_backward(struct gpu *g, enum gpu_type type, float *dX, void *copy, float *d_gain,
                          const void *dY, const float *X, const void *gain, const float *inv_rms,
                          float *parts, int M, int D)
{
    BY_TYPE(type, rmsnorm_backward, g, dX, copy, d_gain, dY, X, gain, inv_rms, parts, M, D);
}

// ---- gather and scatter

__global__ void gather_kernel(float *out, const float *X, const int32_t *row, int D)
{
    size_t j = blockIdx.x;
    for (int d = 4 * (int)threadIdx.x; d < D; d += 4 * (int)blockDim.x)
        store4(out + j * (size_t)D + d, load4(X + (size_t)row[j] * (size_t)D + d));
}

void gpu_gather(struct gpu *g, float *out, const float *X, const int32_t *row, int P, int D)
{
    launch(g, (unsigned)P, ROW_THREADS, 0, gather_kernel, out, X, row, D);
}

__global__ void place_kernel(float *to, const float *X, const int32_t *row, int D)
{
    size_t i = blockIdx.x;
    for (int d = 4 * (int)threadIdx.x; d < D; d += 4 * (int)blockDim.x)
        store4(to + (size_t)row[i] * (size_t)D + d, load4(X + i * (size_t)D + d));
}

void gpu_place_rows(struct gpu *g, float *to, const float *X, const int32_t *row, int M,
                    int D)
{
    launch(g, (unsigned)M, ROW_THREADS, 0, place_kernel, to, X, row, D);
}

// The block of the first of several equal rows adds them all.
__global__ void scatter_kernel(float *dX, const float *d, const int32_t *row, int P, int D)
{
    int j = (int)blockIdx.x;
    if (j > 0 && row[j - 1] == row[j])
        return;
    for (int c = 4 * (int)threadIdx.x; c < D; c += 4 * (int)blockDim.x) {
        float4 sum = zero4();
        for (int i = j; i < P && row[i] == row[j]; i++)
            sum = add4(sum, load4(d + (size_t)i * (size_t)D + c));
        store4(dX + (size_t)row[j] * (size_t)D + c, sum);
    }
}

void gpu_scatter(struct gpu *g, float *dX, const float *d, const int32_t *row, int P, int M, int D)
{
    gpu_zero(g, GPU_MAIN, dX, (size_t)M * (size_t)D * sizeof *dX);
    launch(g, (unsigned)P, ROW_THREADS, 0, scatter_kernel, dX, d, row, P, D);
}

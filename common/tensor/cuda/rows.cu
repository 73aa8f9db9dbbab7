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
    launch(g, blocks_for(n, 4 * ROW_THREADS), ROW_THREADS, 0, cast_kernel<T>, (T *)to,
           from, n);
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
static void embedding(struct gpu *g, float *X, const void *table, const int32_t *tokens,
                      int M, int D)
{
    launch(g, (unsigned)M, ROW_THREADS, 0, embedding_kernel<T>, X, (const T *)table,
           tokens, D);
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
    launch(g, (unsigned)n_tokens, ROW_THREADS, 0, embedding_backward_kernel, d_table,
           dX, order, first, token, D);
}

// ---- RMSNorm

// A block holds its row in registers: so many vectors of four floats a thread.
enum { ROW_VECTORS = 4, NARROW_ROW = 8192 };

static int row_threads(int D)
{
    return (int)blocks_for((size_t)D, 4 * ROW_VECTORS * WARP) * WARP;
}

// Of a row of D elements; beyond its end zeros.
template <class T>
__device__ __forceinline__ void load_row(float4 v[ROW_VECTORS], const T *x, int D)
{
#pragma unroll
    for (int i = 0; i < ROW_VECTORS; i++) {
        int d = 4 * ((int)threadIdx.x + i * (int)blockDim.x);
        v[i] = d < D ? load4(x + d) : zero4();
    }
}
template <class T>
__device__ __forceinline__ void store_row(T *y, const float4 v[ROW_VECTORS], int D)
{
#pragma unroll
    for (int i = 0; i < ROW_VECTORS; i++) {
        int d = 4 * ((int)threadIdx.x + i * (int)blockDim.x);
        if (d < D)
            store4(y + d, v[i]);
    }
}

template <class T>
__global__ void __launch_bounds__(1024)
    rmsnorm_kernel(T *Y, float *inv_rms, const float *X, const T *gain, float epsilon,
                   const int32_t *from, const int32_t *to, int D)
{
    __shared__ float scratch[WARP];
    size_t row = blockIdx.x;
    float4 x[ROW_VECTORS], weight[ROW_VECTORS];
    load_row(x, X + (size_t)(from ? from[row] : (int32_t)row) * (size_t)D, D);
    load_row(weight, gain, D);
    float squares = 0.0f;
    for (int i = 0; i < ROW_VECTORS; i++)
        squares += sum4(multiply4(x[i], x[i]));
    float scale = rsqrtf(block_sum(squares, scratch) / (float)D + epsilon);
    for (int i = 0; i < ROW_VECTORS; i++)
        x[i] = multiply4(scale4(x[i], scale), weight[i]);
    store_row(Y + (size_t)(to ? to[row] : (int32_t)row) * (size_t)D, x, D);
    if (inv_rms && threadIdx.x == 0)
        inv_rms[row] = scale;
}

template <class T>
static void rmsnorm(struct gpu *g, void *Y, float *inv_rms, const float *X,
                    const struct gpu_norm *n, int M, int D)
{
    launch(g, (unsigned)M, row_threads(D), 0, rmsnorm_kernel<T>, (T *)Y, inv_rms, X,
           (const T *)n->gain, n->epsilon, n->from, n->to, D);
}

void gpu_rmsnorm(struct gpu *g, enum gpu_type type, void *Y, float *inv_rms,
                 const float *X, const struct gpu_norm *n, int M, int D)
{
    BY_TYPE(type, rmsnorm, g, Y, inv_rms, X, n, M, D);
}

// With y = x s gain, s = inv_rms:  dx = s gain dy - x s^3 / D * sum(gain dy x).
// A block takes every gridDim-th row and keeps the gain's gradient of all of them.
template <class T, int MOST_THREADS>
__global__ void __launch_bounds__(MOST_THREADS)
    rmsnorm_backward_kernel(struct gpu_norm_grad n, int M, int D)
{
    __shared__ float scratch[WARP];
    float4 sums[ROW_VECTORS] = {};
    for (int row = (int)blockIdx.x; row < M; row += (int)gridDim.x) {
        size_t at = (size_t)row * (size_t)D;
        float4 dy[ROW_VECTORS], x[ROW_VECTORS], d[ROW_VECTORS], weight[ROW_VECTORS];
        load_row(dy, (const T *)n.dY + at, D);
        load_row(x, n.X + at, D);
        load_row(d, n.dX + at, D);
        load_row(weight, (const T *)n.gain, D);
        float s = n.inv_rms[row], dot = 0.0f;
        for (int i = 0; i < ROW_VECTORS; i++) {
            float4 own = multiply4(dy[i], x[i]);
            sums[i] = add4(sums[i], scale4(own, s));
            dot += sum4(multiply4(own, weight[i]));
        }
        float pull = block_sum(dot, scratch) * s * s * s / (float)D;
        for (int i = 0; i < ROW_VECTORS; i++) {
            float4 own = scale4(multiply4(dy[i], weight[i]), s);
            d[i] = add4(d[i], add4(own, scale4(x[i], -pull)));
            x[i] = multiply4(scale4(x[i], s), weight[i]);
        }
        store_row(n.dX + at, d, D);
        if (n.copy)
            store_row((T *)n.copy + at, d, D);
        if (n.again)
            store_row((T *)n.again + at, x, D);
    }
    store_row(n.parts + (size_t)blockIdx.x * (size_t)D, sums, D);
}

template <class T>
static void rmsnorm_backward(struct gpu *g, const struct gpu_norm_grad *n, int M, int D)
{
    int blocks = M < GPU_PARTS ? M : GPU_PARTS;
    launch(g, (unsigned)blocks, row_threads(D), 0,
           D <= NARROW_ROW
               ? rmsnorm_backward_kernel<T, NARROW_ROW / (4 * ROW_VECTORS)>
               : rmsnorm_backward_kernel<T, GPU_WIDEST_NORM / (4 * ROW_VECTORS)>,
           *n, M, D);
    add_parts(g, n->d_gain, n->parts, blocks, D);
}

void gpu_rmsnorm_backward(struct gpu *g, enum gpu_type type,
                          const struct gpu_norm_grad *n, int M, int D)
{
    BY_TYPE(type, rmsnorm_backward, g, n, M, D);
}

// ---- gather and scatter

__global__ void gather_kernel(float *out, const float *X, const int32_t *row, int D)
{
    size_t j = blockIdx.x;
    for (int d = 4 * (int)threadIdx.x; d < D; d += 4 * (int)blockDim.x)
        store4(out + j * (size_t)D + d, load4(X + (size_t)row[j] * (size_t)D + d));
}

void gpu_gather(struct gpu *g, float *out, const float *X, const int32_t *row, int P,
                int D)
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
__global__ void scatter_kernel(float *dX, const float *d, const int32_t *row, int P,
                               int D)
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

void gpu_scatter(struct gpu *g, float *dX, const float *d, const int32_t *row, int P,
                 int M, int D)
{
    gpu_zero(g, GPU_MAIN, dX, (size_t)M * (size_t)D * sizeof *dX);
    launch(g, (unsigned)P, ROW_THREADS, 0, scatter_kernel, dX, d, row, P, D);
}

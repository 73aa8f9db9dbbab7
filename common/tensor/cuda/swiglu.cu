// SwiGLU, and biases where a product's epilogue cannot add them.
#include "sums.cuh"

enum { SWIGLU_THREADS = 256 };

// An element's number of eight fits 32 bits: more would be 64 GiB of bf16.
__device__ __forceinline__ unsigned unit_of_thread()
{
    return blockIdx.x * blockDim.x + threadIdx.x;
}

// 1 / (1 + e^-x): 0 where e^-x is beyond any float.
__device__ __forceinline__ float sigmoid(float x)
{
    return __fdividef(1.0f, 1.0f + __expf(-x));
}
__device__ __forceinline__ float4 sigmoid4(float4 x)
{
    return float4{sigmoid(x.x), sigmoid(x.y), sigmoid(x.z), sigmoid(x.w)};
}

// Where a thread's eight gates begin; the up values stand F further.
__device__ __forceinline__ size_t gate_at(unsigned unit, int F)
{
    unsigned row = unit / (unsigned)(F / 8), column = unit % (unsigned)(F / 8);
    return (size_t)row * 2 * (size_t)F + 8 * (size_t)column;
}

template <class T>
__global__ void __launch_bounds__(SWIGLU_THREADS)
    swiglu_kernel(T *Y, const T *GU, unsigned n, int F)
{
    unsigned unit = unit_of_thread();
    if (unit >= n)
        return;
    size_t gate = gate_at(unit, F);
    struct eight x = load8(GU + gate), up = load8(GU + gate + F);
    x.low = multiply4(multiply4(x.low, sigmoid4(x.low)), up.low);
    x.high = multiply4(multiply4(x.high, sigmoid4(x.high)), up.high);
    store8(Y + 8 * (size_t)unit, x);
}

template <class T>
static void swiglu(struct gpu *g, void *Y, const void *GU, int M, int F)
{
    size_t n = (size_t)M * (size_t)(F / 8);
    launch(g, blocks_for(n, SWIGLU_THREADS), SWIGLU_THREADS, 0, swiglu_kernel<T>,
           (T *)Y, (const T *)GU, (unsigned)n, F);
}

void gpu_swiglu(struct gpu *g, enum gpu_type type, void *Y, const void *GU, int M,
                int F)
{
    BY_TYPE(type, swiglu, g, Y, GU, M, F);
}

// y = silu(x) up;  d silu(x) / dx = sigmoid(x) (1 + x (1 - sigmoid(x)))
__device__ __forceinline__ void swiglu_slopes(float *x, float *up, float *dy)
{
    float s = sigmoid(*x), silu = *x * s, y = silu * *up;
    float d_gate = *dy * *up * (s + silu * (1.0f - s));
    *up = *dy * silu;
    *x = d_gate;
    *dy = y;
}
// gate, up and dy become their gradients and y.
__device__ __forceinline__ void swiglu_slopes4(float4 *x, float4 *up, float4 *dy)
{
    swiglu_slopes(&x->x, &up->x, &dy->x);
    swiglu_slopes(&x->y, &up->y, &dy->y);
    swiglu_slopes(&x->z, &up->z, &dy->z);
    swiglu_slopes(&x->w, &up->w, &dy->w);
}

template <class T>
__global__ void __launch_bounds__(SWIGLU_THREADS)
    swiglu_backward_kernel(T *dGU, T *Y, const T *dY, const T *GU, unsigned n, int F)
{
    unsigned unit = unit_of_thread();
    if (unit >= n)
        return;
    size_t gate = gate_at(unit, F);
    struct eight x = load8(GU + gate), up = load8(GU + gate + F),
                 dy = load8(dY + 8 * (size_t)unit);
    swiglu_slopes4(&x.low, &up.low, &dy.low);
    swiglu_slopes4(&x.high, &up.high, &dy.high);
    store8(dGU + gate, x);
    store8(dGU + gate + F, up);
    store8(Y + 8 * (size_t)unit, dy);
}

template <class T>
static void swiglu_backward(struct gpu *g, void *dGU, void *Y, const void *dY,
                            const void *GU, int M, int F)
{
    size_t n = (size_t)M * (size_t)(F / 8);
    launch(g, blocks_for(n, SWIGLU_THREADS), SWIGLU_THREADS, 0,
           swiglu_backward_kernel<T>, (T *)dGU, (T *)Y, (const T *)dY, (const T *)GU,
           (unsigned)n, F);
}

void gpu_swiglu_backward(struct gpu *g, enum gpu_type type, void *dGU, void *Y,
                         const void *dY, const void *GU, int M, int F)
{
    BY_TYPE(type, swiglu_backward, g, dGU, Y, dY, GU, M, F);
}

template <class T>
__global__ void add_bias_kernel(float *X, const T *bias, unsigned n, int N)
{
    unsigned unit = unit_of_thread();
    if (unit >= n)
        return;
    float *x = X + 8 * (size_t)unit;
    store8(x, add8(load8(x), load8(bias + 8 * (unit % (unsigned)(N / 8)))));
}

template <class T>
static void add_bias(struct gpu *g, float *X, const void *bias, int M, int N)
{
    size_t n = (size_t)M * (size_t)(N / 8);
    launch(g, blocks_for(n, SWIGLU_THREADS), SWIGLU_THREADS, 0, add_bias_kernel<T>, X,
           (const T *)bias, (unsigned)n, N);
}

void gpu_add_bias(struct gpu *g, enum gpu_type type, float *X, const void *bias, int M,
                  int N)
{
    BY_TYPE(type, add_bias, g, X, bias, M, N);
}

enum { COLUMN_THREADS = 128 };

// A thread has eight columns; block y takes every gridDim.y-th row of them.
template <class T>
__global__ void __launch_bounds__(COLUMN_THREADS)
    column_sums_kernel(float *parts, const T *dY, int M, int N)
{
    int c = 8 * (int)unit_of_thread();
    if (c >= N)
        return;
    struct eight sum = {};
#pragma unroll 4
    for (int row = (int)blockIdx.y; row < M; row += (int)gridDim.y)
        sum = add8(sum, load8(dY + (size_t)row * (size_t)N + (size_t)c));
    store8(parts + (size_t)blockIdx.y * (size_t)N + (size_t)c, sum);
}

template <class T>
static void bias_backward(struct gpu *g, float *db, const void *dY, float *parts, int M,
                          int N)
{
    int blocks = M < GPU_PARTS ? M : GPU_PARTS;
    launch(g, dim3(blocks_for((size_t)N, 8 * COLUMN_THREADS), (unsigned)blocks),
           COLUMN_THREADS, 0, column_sums_kernel<T>, parts, (const T *)dY, M, N);
    add_parts(g, db, parts, blocks, N);
}

void gpu_bias_backward(struct gpu *g, enum gpu_type type, float *db, const void *dY,
                       float *parts, int M, int N)
{
    BY_TYPE(type, bias_backward, g, db, dY, parts, M, N);
}

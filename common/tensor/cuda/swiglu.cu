// SwiGLU, and biases where a product's epilogue cannot add them.
#include "sums.cuh"

enum { SWIGLU_THREADS = 256 };

__device__ __forceinline__ float sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

__device__ __forceinline__ float silu(float x)
{
    return x * sigmoid(x);
}

template <class T> __global__ void swiglu_kernel(T *Y, const T *GU, size_t n, int F)
{
    size_t at = 4 * ((size_t)blockIdx.x * blockDim.x + threadIdx.x);
    if (at >= n)
        return;
    size_t row = at / (size_t)F, column = at % (size_t)F;
    const T *gate = GU + row * 2 * (size_t)F + column;
    float4 a = load4(gate), up = load4(gate + F);
    store4(Y + at, multiply4(float4{silu(a.x), silu(a.y), silu(a.z), silu(a.w)}, up));
}

template <class T> static void swiglu(struct gpu *g, void *Y, const void *GU, int M, int F)
{
    size_t n = (size_t)M * (size_t)F;
    launch(g, blocks_for(n, 4 * SWIGLU_THREADS), SWIGLU_THREADS, 0, swiglu_kernel<T>, (T *)Y,
           (const T *)GU, n, F);
}

void gpu_swiglu(struct gpu *g, enum gpu_type type, void *Y, const void *GU, int M, int F)
{
    BY_TYPE(type, swiglu, g, Y, GU, M, F);
}

// d silu(x) / dx = sigmoid(x) (1 + x (1 - sigmoid(x)))
__device__ __forceinline__ void swiglu_slopes(float x, float up, float dy, float *d_gate,
                                              float *d_up)
{
    float s = sigmoid(x);
    *d_gate = dy * up * s * (1.0f + x * (1.0f - s));
    *d_up = dy * x * s;
}

template <class T>
__global__ void swiglu_backward_kernel(T *dGU, const T *dY, const T *GU, size_t n, int F)
{
    size_t at = 4 * ((size_t)blockIdx.x * blockDim.x + threadIdx.x);
    if (at >= n)
        return;
    size_t gate = at / (size_t)F * 2 * (size_t)F + at % (size_t)F;
    float4 a = load4(GU + gate), up = load4(GU + gate + F), dy = load4(dY + at), da, du;
    swiglu_slopes(a.x, up.x, dy.x, &da.x, &du.x);
    swiglu_slopes(a.y, up.y, dy.y, &da.y, &du.y);
    swiglu_slopes(a.z, up.z, dy.z, &da.z, &du.z);
    swiglu_slopes(a.w, up.w, dy.w, &da.w, &du.w);
    store4(dGU + gate, da);
    store4(dGU + gate + F, du);
}

template <class T>
static void swiglu_backward(struct gpu *g, void *dGU, const void *dY, const void *GU, int M, int F)
{
    size_t n = (size_t)M * (size_t)F;
    launch(g, blocks_for(n, 4 * SWIGLU_THREADS), SWIGLU_THREADS, 0, swiglu_backward_kernel<T>,
           (T *)dGU, (const T *)dY, (const T *)GU, n, F);
}

void gpu_swiglu_backward(struct gpu *g, enum gpu_type type, void *dGU, const void *dY,
                         const void *GU, int M, int F)
{
    BY_TYPE(type, swiglu_backward, g, dGU, dY, GU, M, F);
}

template <class T> __global__ void add_bias_kernel(float *X, const T *bias, size_t n, int N)
{
    size_t at = 4 * ((size_t)blockIdx.x * blockDim.x + threadIdx.x);
    if (at < n)
        store4(X + at, add4(load4(X + at), load4(bias + at % (size_t)N)));
}

template <class T> static void add_bias(struct gpu *g, float *X, const void *bias, int M, int N)
{
    size_t n = (size_t)M * (size_t)N;
    launch(g, blocks_for(n, 4 * SWIGLU_THREADS), SWIGLU_THREADS, 0, add_bias_kernel<T>, X,
           (const T *)bias, n, N);
}

void gpu_add_bias(struct gpu *g, enum gpu_type type, float *X, const void *bias, int M, int N)
{
    BY_TYPE(type, add_bias, g, X, bias, M, N);
}

// Block y takes every gridDim.y-th row of its columns.
template <class T> __global__ void column_sums_kernel(float *parts, const T *dY, int M, int N)
{
    int c = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (c >= N)
        return;
    float sum = 0.0f;
    for (int row = (int)blockIdx.y; row < M; row += (int)gridDim.y)
        sum += to_float(dY[(size_t)row * (size_t)N + (size_t)c]);
    parts[(size_t)blockIdx.y * (size_t)N + (size_t)c] = sum;
}

template <class T>
static void bias_backward(struct gpu *g, float *db, const void *dY, float *parts, int M, int N)
{
    int blocks = M < GPU_PARTS ? M : GPU_PARTS;
    launch(g, dim3(blocks_for((size_t)N, 128), (unsigned)blocks), 128, 0, column_sums_kernel<T>,
           parts, (const T *)dY, M, N);
    add_parts(g, db, parts, blocks, N);
}

void gpu_bias_backward(struct gpu *g, enum gpu_type type, float *db, const void *dY, float *parts,
                       int M, int N)
{
    BY_TYPE(type, bias_backward, g, db, dY, parts, M, N);
}

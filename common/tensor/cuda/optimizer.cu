// AdamW and the gradient's norm.
#include "sums.cuh"

enum { UPDATE_THREADS = 256 };

// The factors that all elements share, in double on the host as on the CPU.
struct adamw_step {
    float lr, beta1, beta2, epsilon, grad_scale;
    float inv_bias1, inv_bias2; // 1 / (1 - beta^step)
    float shrink;               // 1 - lr * weight_decay, or 1
};

__device__ __forceinline__ float adamw_one(float w, float *m, float *v, float grad,
                                           const struct adamw_step *a)
{
    float d = grad * a->grad_scale;
    *m = a->beta1 * *m + (1.0f - a->beta1) * d;
    *v = a->beta2 * *v + (1.0f - a->beta2) * d * d;
    float step = *m * a->inv_bias1 / (sqrtf(*v * a->inv_bias2) + a->epsilon);
    return w * a->shrink - a->lr * step;
}

template <class T>
__global__ void adamw_kernel(T *image, float *w, float *m, float *v, const float *grad,
                             size_t n, struct adamw_step a)
{
    size_t at = 4 * ((size_t)blockIdx.x * blockDim.x + threadIdx.x);
    if (at + 4 > n) {
        for (; at < n; at++) {
            w[at] = adamw_one(w[at], &m[at], &v[at], grad[at], &a);
            image[at] = from_float<T>(w[at]);
        }
        return;
    }
    float4 weight = load4(w + at), first = load4(m + at), second = load4(v + at),
           d = load4(grad + at);
    weight.x = adamw_one(weight.x, &first.x, &second.x, d.x, &a);
    weight.y = adamw_one(weight.y, &first.y, &second.y, d.y, &a);
    weight.z = adamw_one(weight.z, &first.z, &second.z, d.z, &a);
    weight.w = adamw_one(weight.w, &first.w, &second.w, d.w, &a);
    store4(w + at, weight);
    store4(m + at, first);
    store4(v + at, second);
    store4(image + at, weight);
}

template <class T>
static void adamw(struct gpu *g, void *image, float *w, float *m, float *v,
                  const float *grad, size_t n, const struct adamw_step *a)
{
    launch(g, blocks_for(n, 4 * UPDATE_THREADS), UPDATE_THREADS, 0, adamw_kernel<T>,
           (T *)image, w, m, v, grad, n, *a);
}

void gpu_adamw(struct gpu *g, enum gpu_type type, void *image, float *w, float *m,
               float *v, const float *grad, size_t n, const struct adamw *a, int decay)
{
    const struct adamw_step step = {
        a->lr,
        a->beta1,
        a->beta2,
        a->epsilon,
        a->grad_scale,
        (float)(1.0 / adamw_correction((double)a->beta1, a->step)),
        (float)(1.0 / adamw_correction((double)a->beta2, a->step)),
        decay ? 1.0f - a->lr * a->weight_decay : 1.0f,
    };
    BY_TYPE(type, adamw, g, image, w, m, v, grad, n, &step);
}

__device__ __forceinline__ double block_sum_double(double x, double *scratch)
{
    for (int by = WARP / 2; by > 0; by /= 2)
        x += __shfl_xor_sync(ALL_LANES, x, by);
    if (threadIdx.x % WARP == 0)
        scratch[threadIdx.x / WARP] = x;
    __syncthreads();
    double sum = 0.0;
    for (int i = 0; i < (int)blockDim.x / WARP; i++)
        sum += scratch[i];
    __syncthreads();
    return sum;
}

__device__ __forceinline__ double squares4(float4 v)
{
    return ((double)v.x * (double)v.x + (double)v.y * (double)v.y) +
           ((double)v.z * (double)v.z + (double)v.w * (double)v.w);
}

__global__ void __launch_bounds__(UPDATE_THREADS)
    squares_kernel(double *parts, const float *x, size_t n)
{
    __shared__ double scratch[WARP];
    double sum = 0.0;
    size_t stride = (size_t)gridDim.x * blockDim.x, vectors = n / 4;
    size_t first = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
#pragma unroll 4
    for (size_t i = first; i < vectors; i += stride)
        sum += squares4(load4(x + 4 * i));
    if (first < n - 4 * vectors)
        sum += (double)x[4 * vectors + first] * (double)x[4 * vectors + first];
    sum = block_sum_double(sum, scratch);
    if (threadIdx.x == 0)
        parts[blockIdx.x] = sum;
}

__global__ void sum_doubles_kernel(double *out, const double *parts)
{
    __shared__ double scratch[WARP];
    double sum = block_sum_double(parts[threadIdx.x], scratch);
    if (threadIdx.x == 0)
        *out = sum;
}

void gpu_squared_norm(struct gpu *g, double *out, const float *x, double *parts,
                      size_t n)
{
    launch(g, GPU_PARTS, UPDATE_THREADS, 0, squares_kernel, parts, x, n);
    launch(g, 1, GPU_PARTS, 0, sum_doubles_kernel, out, (const double *)parts);
}

// ---- a fingerprint

// SplitMix64's finaliser (Steele, Lea, Flood: "Fast splittable pseudorandom number
// generators", 2014).
__device__ __forceinline__ unsigned long long mix(unsigned long long x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

__global__ void fingerprint_kernel(unsigned long long *sum, const float *x,
                                   size_t first, size_t n)
{
    unsigned long long own = 0;
    size_t stride = (size_t)gridDim.x * blockDim.x;
    for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride)
        own += mix(((unsigned long long)(first + i) << 32 | __float_as_uint(x[i])) +
                   0x9e3779b97f4a7c15ull);
    for (int by = WARP / 2; by > 0; by /= 2)
        own += __shfl_xor_sync(ALL_LANES, own, by);
    if (threadIdx.x % WARP == 0)
        atomicAdd(sum, own);
}

void gpu_fingerprint(struct gpu *g, uint64_t *sum, const float *x, size_t first,
                     size_t n)
{
    static_assert(sizeof(unsigned long long) == sizeof *sum, "of atomicAdd");
    launch(g, GPU_PARTS, UPDATE_THREADS, 0, fingerprint_kernel,
           (unsigned long long *)sum, x, first, n);
}

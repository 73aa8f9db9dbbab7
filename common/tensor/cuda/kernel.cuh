// What every kernel here uses: launches, element types, sums over a warp or a block.
#ifndef TENSOR_CUDA_KERNEL_CUH
#define TENSOR_CUDA_KERNEL_CUH

#include "runtime.h"

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <ptx.cuh>
#include <stdint.h>

typedef __nv_bfloat16 bf16;

enum { WARP = 32, PLAIN_SHARED_BYTES = 48 << 10 };
static constexpr unsigned ALL_LANES = 0xffffffffu;

// An error is noted at once: the runtime keeps it only until somebody clears its last
// one, as who asks whether a stream is done must.
template <class... P, class... A>
static void launch_with(struct gpu *g, cudaLaunchConfig_t *config, void (*kernel)(P...),
                        A... arguments)
{
    const dim3 n = config->gridDim;
    if (n.x == 0 || n.y == 0 || n.z == 0)
        return;
    if (config->dynamicSmemBytes > PLAIN_SHARED_BYTES)
        gpu_note(g, (int)cudaFuncSetAttribute(
                        kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                        (int)config->dynamicSmemBytes));
    config->stream = (cudaStream_t)gpu_stream_of(g, GPU_MAIN);
    gpu_note(g, (int)cudaLaunchKernelEx(config, kernel, static_cast<P>(arguments)...));
}

template <class... P, class... A>
static void launch(struct gpu *g, dim3 blocks, int threads, size_t shared_bytes,
                   void (*kernel)(P...), A... arguments)
{
    cudaLaunchConfig_t config = {};
    config.gridDim = blocks;
    config.blockDim = dim3((unsigned)threads);
    config.dynamicSmemBytes = shared_bytes;
    launch_with(g, &config, kernel, arguments...);
}

// Likewise, but where the GPU can do it the kernel begins while the one before it still
// runs.  Such a kernel must call wait_for_earlier in every block, even in one that has
// nothing to do: the kernel after it relies on that.
template <class... P, class... A>
static void launch_early(struct gpu *g, dim3 blocks, int threads, size_t shared_bytes,
                         void (*kernel)(P...), A... arguments)
{
    cudaLaunchAttribute overlap = {};
    cudaLaunchConfig_t config = {};
    config.gridDim = blocks;
    config.blockDim = dim3((unsigned)threads);
    config.dynamicSmemBytes = shared_bytes;
    overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    overlap.val.programmaticStreamSerializationAllowed = 1;
    config.attrs = &overlap;
    config.numAttrs = gpu_overlaps(g) ? 1 : 0;
    // Kernels that ask for different cuts of L1 and shared memory would not run side by
    // side.
    (void)cudaFuncSetAttribute(kernel, cudaFuncAttributePreferredSharedMemoryCarveout,
                               cudaSharedmemCarveoutMaxShared);
    launch_with(g, &config, kernel, arguments...);
}

static inline unsigned blocks_for(size_t n, size_t per_block)
{
    return (unsigned)((n + per_block - 1) / per_block);
}

__device__ __forceinline__ float to_float(float x)
{
    return x;
}
__device__ __forceinline__ float to_float(bf16 x)
{
    return __bfloat162float(x);
}
template <class T> __device__ __forceinline__ T from_float(float x);
template <> __device__ __forceinline__ float from_float<float>(float x)
{
    return x;
}
template <> __device__ __forceinline__ bf16 from_float<bf16>(float x)
{
    return __float2bfloat16(x);
}

// Two floats as a pair of bf16, the first in the low half.
__device__ __forceinline__ uint32_t pack_pair(float low, float high)
{
    union {
        bf16 half[2];
        uint32_t pair;
    } u;
    u.half[0] = __float2bfloat16(low);
    u.half[1] = __float2bfloat16(high);
    return u.pair;
}

// Sums in an order of their own that no other row or block enters into; every lane
// gets the result.
__device__ __forceinline__ float warp_sum(float x)
{
    for (int by = WARP / 2; by > 0; by /= 2)
        x += __shfl_xor_sync(ALL_LANES, x, by);
    return x;
}
__device__ __forceinline__ float warp_max(float x)
{
    for (int by = WARP / 2; by > 0; by /= 2)
        x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, by));
    return x;
}

// Over a block of up to 1024 threads, a multiple of 32; `scratch` (32) is shared memory
// that is free again after the call.
__device__ __forceinline__ float block_sum(float x, float *scratch)
{
    int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    x = warp_sum(x);
    if (lane == 0)
        scratch[warp] = x;
    __syncthreads();
    x = warp_sum(lane < (int)blockDim.x / WARP ? scratch[lane] : 0.0f);
    __syncthreads();
    return x;
}
__device__ __forceinline__ float block_max(float x, float *scratch)
{
    int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    x = warp_max(x);
    if (lane == 0)
        scratch[warp] = x;
    __syncthreads();
    x = warp_max(lane < (int)blockDim.x / WARP ? scratch[lane] : -INFINITY);
    __syncthreads();
    return x;
}

// Calls F<float> or F<bf16>.
#define BY_TYPE(type, function, ...)                                                   \
    do {                                                                               \
        if ((type) == GPU_F32)                                                         \
            function<float>(__VA_ARGS__);                                              \
        else                                                                           \
            function<bf16>(__VA_ARGS__);                                               \
    } while (0)

#endif

// Four or eight elements at a time, and sums over many rows in a fixed order.
#ifndef TENSOR_CUDA_SUMS_CUH
#define TENSOR_CUDA_SUMS_CUH

#include "ops.h"

#include "kernel.cuh"

__device__ __forceinline__ float4 load4(const float *p)
{
    return *(const float4 *)p;
}
__device__ __forceinline__ float4 load4(const bf16 *p)
{
    union {
        uint2 words;
        bf16 half[4];
    } u;
    u.words = *(const uint2 *)p;
    return float4{to_float(u.half[0]), to_float(u.half[1]), to_float(u.half[2]),
                  to_float(u.half[3])};
}
__device__ __forceinline__ void store4(float *p, float4 v)
{
    *(float4 *)p = v;
}
__device__ __forceinline__ void store4(bf16 *p, float4 v)
{
    *(uint2 *)p = uint2{pack_pair(v.x, v.y), pack_pair(v.z, v.w)};
}
__device__ __forceinline__ float4 zero4()
{
    return float4{0.0f, 0.0f, 0.0f, 0.0f};
}
__device__ __forceinline__ float4 add4(float4 a, float4 b)
{
    return float4{a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w};
}
__device__ __forceinline__ float4 multiply4(float4 a, float4 b)
{
    return float4{a.x * b.x, a.y * b.y, a.z * b.z, a.w * b.w};
}
__device__ __forceinline__ float4 scale4(float4 a, float s)
{
    return float4{a.x * s, a.y * s, a.z * s, a.w * s};
}

__device__ __forceinline__ float sum4(float4 a)
{
    return (a.x + a.y) + (a.z + a.w);
}

// Eight elements: one load of 16 bytes where T is bf16.
struct eight {
    float4 low, high;
};
__device__ __forceinline__ struct eight load8(const float *p)
{
    return eight{load4(p), load4(p + 4)};
}
__device__ __forceinline__ struct eight load8(const bf16 *p)
{
    union {
        uint4 words;
        bf16 half[8];
    } u;
    u.words = *(const uint4 *)p;
    return eight{float4{to_float(u.half[0]), to_float(u.half[1]), to_float(u.half[2]),
                        to_float(u.half[3])},
                 float4{to_float(u.half[4]), to_float(u.half[5]), to_float(u.half[6]),
                        to_float(u.half[7])}};
}
__device__ __forceinline__ void store8(float *p, struct eight v)
{
    store4(p, v.low);
    store4(p + 4, v.high);
}
__device__ __forceinline__ void store8(bf16 *p, struct eight v)
{
    *(uint4 *)p = uint4{pack_pair(v.low.x, v.low.y), pack_pair(v.low.z, v.low.w),
                        pack_pair(v.high.x, v.high.y), pack_pair(v.high.z, v.high.w)};
}
__device__ __forceinline__ struct eight add8(struct eight a, struct eight b)
{
    return eight{add4(a.low, b.low), add4(a.high, b.high)};
}

enum { PART_WARPS = 16 };

// out (columns) += parts (n, columns): warp w of a block adds the parts w, w + 16, ...
// of 32 columns, then the warps' sums are added in order.
static __global__ void __launch_bounds__(PART_WARPS *WARP)
    add_parts_kernel(float *out, const float *parts, int n, int columns)
{
    __shared__ float sums[PART_WARPS][WARP];
    int lane = (int)threadIdx.x % WARP, warp = (int)threadIdx.x / WARP;
    int c = (int)blockIdx.x * WARP + lane;
    float sum = 0.0f;
#pragma unroll 8
    for (int i = warp; i < n; i += PART_WARPS)
        sum += c < columns ? parts[(size_t)i * (size_t)columns + (size_t)c] : 0.0f;
    sums[warp][lane] = sum;
    __syncthreads();
    if (warp > 0 || c >= columns)
        return;
    sum = 0.0f;
    for (int w = 0; w < PART_WARPS; w++)
        sum += sums[w][lane];
    out[c] += sum;
}

static inline void add_parts(struct gpu *g, float *out, const float *parts, int n,
                             int columns)
{
    launch(g, blocks_for((size_t)columns, WARP), PART_WARPS * WARP, 0, add_parts_kernel,
           out, parts, n, columns);
}

#endif

// Four elements at a time, and sums over many rows in a fixed order.
#ifndef TENSOR_CUDA_SUMS_CUH
#define TENSOR_CUDA_SUMS_CUH

#include "kernel.cuh"
#include "ops.h"

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

// out (columns) += parts (n, columns), the first part first.
static __global__ void add_parts_kernel(float *out, const float *parts, int n, int columns)
{
    int c = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (c >= columns)
        return;
    float sum = 0.0f;
    for (int i = 0; i < n; i++)
        sum += parts[(size_t)i * (size_t)columns + (size_t)c];
    out[c] += sum;
}

static inline void add_parts(struct gpu *g, float *out, const float *parts, int n, int columns)
{
    launch(g, blocks_for((size_t)columns, 128), 128, 0, add_parts_kernel, out, parts, n, columns);
}

#endif

// Asking for memory before it is read.
#ifndef TENSOR_CUDA_AHEAD_CUH
#define TENSOR_CUDA_AHEAD_CUH

#include "few_rows.h"

#include "kernel.cuh"

// Each thread of the grid its share.
__device__ __forceinline__ void ask_ahead(const struct few_ahead &ahead)
{
    size_t blocks = (size_t)gridDim.x * gridDim.y;
    size_t thread =
        ((size_t)blockIdx.y * gridDim.x + blockIdx.x) * blockDim.x + threadIdx.x;
    for (size_t at = thread * 128; at < ahead.bytes; at += blocks * blockDim.x * 128)
        prefetch_line((const char *)ahead.at + at);
}

#endif

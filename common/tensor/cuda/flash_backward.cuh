// What both halves of the fast backward pass use (attention_flash_backward.cu: dQ;
// attention_flash_keys.cu: dK and dV).
//
// What a loop runs over comes by half tiles: one is used while the next arrives.
#ifndef TENSOR_CUDA_FLASH_BACKWARD_CUH
#define TENSOR_CUDA_FLASH_BACKWARD_CUH

#include "fragments.cuh"

struct backward_side {
    bf16 *dQKV;
    const bf16 *dO, *QKV;
    const float *lse, *delta;
    const int32_t *ends;
    struct gpu_tiles tiles;
    int heads, kv_heads, M;
    float scale;
};

__device__ __forceinline__ int pair_seen(const int32_t *ends, int row, int key, int M)
{
    return key <= row && key < M && row < M && ends[key] > row;
}

enum { HALF_TILE = TILE / 2 };

// Half `half` of a tile from rows first, first + 1, ... of `from`; zeros behind M.
template <int HD>
__device__ __forceinline__ void fill_half(struct tile<HD> *to, const bf16 *from,
                                          size_t stride, int first, int half, int M)
{
#pragma unroll 2
    for (int c = (int)threadIdx.x; c < HALF_TILE * HD / 8; c += FLASH_THREADS) {
        int row = half * HALF_TILE + c / (HD / 8), column = c % (HD / 8) * 8,
            own = first + row < M;
        const bf16 *p = own ? from + (size_t)(first + row) * stride + column : from;
        copy_async(&to->at[row][column], p, own ? 16 : 0);
    }
}

template <int HD>
__device__ __forceinline__ void store_strip(bf16 *to, size_t stride,
                                            const float o[HD / 8][4], int first, int M,
                                            float scale)
{
    int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    for (int half = 0; half < 2; half++) {
        int row = first + warp * STRIP + lane / 4 + 8 * half;
        if (row >= M)
            continue;
        for (int n = 0; n < HD / 8; n++)
            *(uint32_t *)(to + (size_t)row * stride + n * 8 + 2 * (lane % 4)) =
                pack_pair(o[n][2 * half] * scale, o[n][2 * half + 1] * scale);
    }
}

// dK and dV into b->dQKV; b->tiles are those of the keys.
void attention_keys_backward(struct gpu *g, const struct backward_side *b,
                             const struct gpu_shares *shares, int head_dim);

#endif

// Rows of the residual stream between two products of few rows.
#include "few_rows.h"

#include "sums.cuh"

enum {
    KEPT = 8, // float4 of a row that a thread keeps
    STREAM_THREADS = FEW_WIDEST / (4 * KEPT),
};

// Elements [d, d + 4) of the new row.
__device__ __forceinline__ float4 new_stream(const struct few_stream &s, size_t row,
                                             int d)
{
    size_t at = row * (size_t)s.D + (size_t)d;
    if (s.table)
        return load4((const bf16 *)s.table + (size_t)s.tokens[row] * (size_t)s.D + d);
    float4 sum = zero4();
#pragma unroll 4
    for (int i = 0; i < s.splits; i++)
        sum = add4(sum, load4(s.parts + (size_t)i * (size_t)s.M * (size_t)s.D + at));
    if (s.bias)
        sum = add4(sum, load4((const bf16 *)s.bias + d));
    return add4(load4(s.stream + at), sum);
}

__global__ void __launch_bounds__(STREAM_THREADS) stream_kernel(struct few_stream s)
{
    __shared__ float scratch[WARP];
    size_t row = blockIdx.x, at = row * (size_t)s.D;
    float4 kept[KEPT];
    float squares = 0.0f;
    let_next_begin();
    wait_for_earlier();
#pragma unroll
    for (int i = 0; i < KEPT; i++) {
        int d = 4 * (int)(threadIdx.x + (unsigned)i * blockDim.x);
        if (d >= s.D)
            break;
        float4 v = kept[i] = new_stream(s, row, d);
        squares += (v.x * v.x + v.y * v.y) + (v.z * v.z + v.w * v.w);
        store4(s.stream + at + d, v);
        if (s.hidden)
            store4(s.hidden + (size_t)s.place[row] * (size_t)s.D + d, v);
    }
    if (!s.row)
        return;
    float scale = rsqrtf(block_sum(squares, scratch) / (float)s.D + s.epsilon);
#pragma unroll
    for (int i = 0; i < KEPT; i++) {
        int d = 4 * (int)(threadIdx.x + (unsigned)i * blockDim.x);
        if (d >= s.D)
            break;
        store4((bf16 *)s.row + at + d,
               multiply4(scale4(kept[i], scale), load4((const bf16 *)s.gain + d)));
    }
}

void gpu_few_stream(struct gpu *g, const struct few_stream *s, int first)
{
    int threads = (s->D / 4 + WARP - 1) / WARP * WARP;
    threads = threads < STREAM_THREADS ? threads : STREAM_THREADS;
    if (first)
        launch(g, (unsigned)s->M, threads, 0, stream_kernel, *s);
    else
        launch_early(g, (unsigned)s->M, threads, 0, stream_kernel, *s);
}

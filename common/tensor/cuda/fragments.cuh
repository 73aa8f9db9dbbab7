// Tiles of bf16 in shared memory and the fragments that tensor cores take of them, for
// blocks of four warps.  Each warp owns 16 of the TILE rows of its side.
//
// In a product's result (16 rows, 8 columns), lane l holds columns 2 (l % 4) and the
// next of row l / 4 in [0], [1], and of row l / 4 + 8 in [2], [3].
#ifndef TENSOR_CUDA_FRAGMENTS_CUH
#define TENSOR_CUDA_FRAGMENTS_CUH

#include "attention.h"

#include "kernel.cuh"

enum { FLASH_WARPS = 4, FLASH_THREADS = FLASH_WARPS * WARP, STRIP = 16 };

// Rows are 16 bytes longer than their elements, so that the eight rows of a matrix lie
// in different banks.
template <int HD> struct tile {
    bf16 at[TILE][HD + 8];
};

// Fills a tile: row r comes from row index(r) of `from`, -1: zeros.  Arrives after
// copy_commit and copy_wait.
template <int HD, class Index>
__device__ __forceinline__ void fill_tile(struct tile<HD> *to, const bf16 *from,
                                          size_t stride, Index index)
{
#pragma unroll 2
    for (int c = (int)threadIdx.x; c < TILE * HD / 8; c += FLASH_THREADS) {
        int row = c / (HD / 8), column = c % (HD / 8) * 8;
        int64_t source = index(row);
        const bf16 *p = source < 0 ? from : from + (size_t)source * stride + column;
        copy_async(&to->at[row][column], p, source < 0 ? 0 : 16);
    }
}

// The left operand: rows [row, row + 16), columns [column, column + 16).
template <int HD>
__device__ __forceinline__ void left(uint32_t a[4], const struct tile<HD> *t, int row,
                                     int column)
{
    int lane = (int)threadIdx.x % WARP;
    load_matrix(a, &t->at[row + lane % 16][column + lane / 16 * 8]);
}
// The right operands of two products: columns are the tile's rows [n, n + 16), the
// summed index its columns [k, k + 16).  r[0], r[1] are the first's, r[2], r[3] the
// second's.
template <int HD>
__device__ __forceinline__ void right_rows(uint32_t r[4], const struct tile<HD> *t,
                                           int n, int k)
{
    int lane = (int)threadIdx.x % WARP;
    load_matrix(r, &t->at[n + lane / 16 * 8 + lane % 8][k + lane / 8 % 2 * 8]);
}
// Likewise with the summed index along the tile's rows [k, k + 16), columns [n, n +
// 16).
template <int HD>
__device__ __forceinline__ void right_columns(uint32_t r[4], const struct tile<HD> *t,
                                              int k, int n)
{
    int lane = (int)threadIdx.x % WARP;
    load_matrix_transposed(r,
                           &t->at[k + lane / 8 % 2 * 8 + lane % 8][n + lane / 16 * 8]);
}

// s (16, 8 N) = rows [row, row + 16) of `a` times rows [first, first + 8 N) of `b`,
// transposed.
template <int HD, int N>
__device__ __forceinline__ void product_rows(float s[N][4], const struct tile<HD> *a,
                                             int row, const struct tile<HD> *b,
                                             int first)
{
    for (int n = 0; n < N; n++)
        for (int i = 0; i < 4; i++)
            s[n][i] = 0.0f;
#pragma unroll
    for (int k = 0; k < HD; k += 16) {
        uint32_t x[4], y[4];
        left(x, a, row, k);
#pragma unroll
        for (int n = 0; n < N; n += 2) {
            right_rows(y, b, first + n * 8, k);
            multiply_add(s[n], x, y);
            multiply_add(s[n + 1], x, y + 2);
        }
    }
}

// o (16, HD) += p (16, 8 N) times rows [first, first + 8 N) of `b`, where p is a result
// as above, rounded to bf16.
template <int HD, int N>
__device__ __forceinline__ void add_product(float o[HD / 8][4], const float p[N][4],
                                            const struct tile<HD> *b, int first)
{
#pragma unroll
    for (int k = 0; k < N; k += 2) {
        uint32_t x[4] = {pack_pair(p[k][0], p[k][1]), pack_pair(p[k][2], p[k][3]),
                         pack_pair(p[k + 1][0], p[k + 1][1]),
                         pack_pair(p[k + 1][2], p[k + 1][3])};
#pragma unroll
        for (int n = 0; n < HD; n += 16) {
            uint32_t y[4];
            right_columns(y, b, first + k * 8, n);
            multiply_add(o[n / 8], x, y);
            multiply_add(o[n / 8 + 1], x, y + 2);
        }
    }
}

// The same of P tiles `a` at once, that of several heads: each fragment of `b` is read
// from shared memory once for all of them.
template <int HD, int N, int P>
__device__ __forceinline__ void products_rows(float s[P][N][4],
                                              const struct tile<HD> *a, int row,
                                              const struct tile<HD> *b, int first)
{
#pragma unroll
    for (int p = 0; p < P; p++)
#pragma unroll
        for (int n = 0; n < N; n++)
            for (int i = 0; i < 4; i++)
                s[p][n][i] = 0.0f;
#pragma unroll
    for (int k = 0; k < HD; k += 16) {
        uint32_t x[P][4], y[4];
#pragma unroll
        for (int p = 0; p < P; p++)
            left(x[p], &a[p], row, k);
#pragma unroll
        for (int n = 0; n < N; n += 2) {
            right_rows(y, b, first + n * 8, k);
#pragma unroll
            for (int p = 0; p < P; p++) {
                multiply_add(s[p][n], x[p], y);
                multiply_add(s[p][n + 1], x[p], y + 2);
            }
        }
    }
}

// A result, rounded to bf16: the left operand of a next product.
template <int N>
__device__ __forceinline__ void pack_result(uint32_t to[N][2], const float s[N][4])
{
#pragma unroll
    for (int n = 0; n < N; n++) {
        to[n][0] = pack_pair(s[n][0], s[n][1]);
        to[n][1] = pack_pair(s[n][2], s[n][3]);
    }
}

// As add_product, of P heads.
template <int HD, int N, int P>
__device__ __forceinline__ void add_products(float o[P][HD / 8][4],
                                             const uint32_t w[P][N][2],
                                             const struct tile<HD> *b, int first)
{
#pragma unroll
    for (int k = 0; k < N; k += 2) {
        uint32_t x[P][4];
#pragma unroll
        for (int p = 0; p < P; p++)
            for (int i = 0; i < 4; i++)
                x[p][i] = w[p][k + i / 2][i % 2];
#pragma unroll
        for (int n = 0; n < HD; n += 16) {
            uint32_t y[4];
            right_columns(y, b, first + k * 8, n);
#pragma unroll
            for (int p = 0; p < P; p++) {
                multiply_add(o[p][n / 8], x[p], y);
                multiply_add(o[p][n / 8 + 1], x[p], y + 2);
            }
        }
    }
}

// The heads of a block: `count` <= P of one group, from `first` on; blockIdx.y counts
// the blocks of a row tile.
struct head_pair {
    int own, first, count; // own: of the keys
};
template <int P>
__device__ __forceinline__ struct head_pair pair_of_block(int heads, int kv_heads)
{
    int group = heads / kv_heads, per_group = (group + P - 1) / P;
    int own = (int)blockIdx.y / per_group, first = (int)blockIdx.y % per_group * P;
    return head_pair{own, own * group + first, group - first < P ? group - first : P};
}
template <int P> static unsigned pairs_of(int heads, int kv_heads)
{
    return (unsigned)(kv_heads * ((heads / kv_heads + P - 1) / P));
}

// Over the four lanes that share a row.
__device__ __forceinline__ float quad_max(float x)
{
    x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, 1));
    return fmaxf(x, __shfl_xor_sync(ALL_LANES, x, 2));
}
__device__ __forceinline__ float quad_sum(float x)
{
    x += __shfl_xor_sync(ALL_LANES, x, 1);
    return x + __shfl_xor_sync(ALL_LANES, x, 2);
}

// The running softmax of 16 rows: a lane has rows lane / 4 ([0]) and lane / 4 + 8
// ([1]).
struct softmax_rows {
    float most[2], sum[2]; // most: in powers of two
};

// Scores s of 8 N keys, times `scale` (log2 e in it), become weights; o and sum are
// brought to the new maximum, which mostly is the old one.  A row that has seen nothing
// yet keeps zeros.
template <int HD, int N>
__device__ __forceinline__ void
softmax_weigh(struct softmax_rows *r, float o[HD / 8][4], float s[N][4], float scale)
{
    float keep[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float top = -INFINITY;
        for (int n = 0; n < N; n++)
            top = fmaxf(top, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
        top = fmaxf(r->most[half], quad_max(top) * scale);
        float reference = top == -INFINITY ? 0.0f : top, sum = 0.0f;
        keep[half] = power_of_2(r->most[half] - reference);
        for (int n = 0; n < N; n++)
            for (int i = 2 * half; i < 2 * half + 2; i++) {
                s[n][i] = power_of_2(s[n][i] * scale - reference);
                sum += s[n][i];
            }
        r->sum[half] = r->sum[half] * keep[half] + quad_sum(sum);
        r->most[half] = top;
    }
    if (__ballot_sync(ALL_LANES, keep[0] != 1.0f || keep[1] != 1.0f) == 0)
        return;
#pragma unroll
    for (int n = 0; n < HD / 8; n++)
        for (int i = 0; i < 4; i++)
            o[n][i] *= keep[i / 2];
}

template <int HD> struct running {
    float o[HD / 8][4];
    struct softmax_rows rows;
};

template <int HD> __device__ __forceinline__ void running_clear(struct running<HD> *r)
{
    for (int n = 0; n < HD / 8; n++)
        for (int i = 0; i < 4; i++)
            r->o[n][i] = 0.0f;
    r->rows = softmax_rows{{-INFINITY, -INFINITY}, {0.0f, 0.0f}};
}

static constexpr float LOG2_E = 1.4426950408889634f, LN_2 = 0.6931471805599453f;

// Calls F<64>, F<80>, F<96> or F<128>.
#define BY_HEAD_DIM(head_dim, function, ...)                                           \
    do {                                                                               \
        switch (head_dim) {                                                            \
        case 64:                                                                       \
            function<64>(__VA_ARGS__);                                                 \
            break;                                                                     \
        case 80:                                                                       \
            function<80>(__VA_ARGS__);                                                 \
            break;                                                                     \
        case 96:                                                                       \
            function<96>(__VA_ARGS__);                                                 \
            break;                                                                     \
        default:                                                                       \
            function<128>(__VA_ARGS__);                                                \
            break;                                                                     \
        }                                                                              \
    } while (0)

#endif

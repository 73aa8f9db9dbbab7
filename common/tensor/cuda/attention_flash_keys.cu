// The fast backward pass of keys and values over packed trees: one block a share of a
// tile of keys; it makes the weights again from the kept log-sum-exp.
#include "flash_backward.cuh"
#include "sums.cuh"

template <int HD> struct dkv_shared {
    struct tile<HD> keys, values, rows, slopes;
    float lse[TILE], delta[TILE]; // of the rows
};

// product_rows with a left operand that stays in registers for the whole of a share.
template <int HD, int N>
__device__ __forceinline__ void product_kept(float s[N][4],
                                             const uint32_t x[HD / 16][4],
                                             const struct tile<HD> *b, int first)
{
#pragma unroll
    for (int n = 0; n < N; n++)
        for (int i = 0; i < 4; i++)
            s[n][i] = 0.0f;
#pragma unroll
    for (int k = 0; k < HD; k += 16)
#pragma unroll
        for (int n = 0; n < N; n += 2) {
            uint32_t y[4];
            right_rows(y, b, first + n * 8, k);
            multiply_add(s[n], x[k / 16], y);
            multiply_add(s[n + 1], x[k / 16], y + 2);
        }
}

// The transposed products: 16 keys of the warp, also in `keys`, by half a tile of rows
// at a time.
template <int HD>
__device__ __forceinline__ void
add_keys(float dk[HD / 8][4], float dv[HD / 8][4], const struct dkv_shared<HD> *m,
         const uint32_t keys[HD / 16][4], const struct backward_side &b, int key0,
         int row0, int half, int masked)
{
    constexpr int N = HALF_TILE / 8;
    int strip = (int)threadIdx.x / WARP * STRIP, lane = (int)threadIdx.x % WARP;
    int first = half * HALF_TILE;
    float s[N][4], dp[N][4];
    product_kept<HD, N>(s, keys, &m->rows, first);
#pragma unroll
    for (int n = 0; n < N; n++)
        for (int c = 0; c < 4; c++) {
            int key = key0 + strip + lane / 4 + c / 2 * 8;
            int row = first + n * 8 + 2 * (lane % 4) + c % 2;
            int seen = row0 + row < b.M &&
                       (!masked || pair_seen(b.ends, row0 + row, key, b.M));
            float weight = power_of_2(s[n][c] * (b.scale * LOG2_E) - m->lse[row]);
            s[n][c] = seen ? weight : 0.0f;
        }
    add_product<HD, N>(dv, s, &m->slopes, first);
    product_rows<HD, N>(dp, &m->values, strip, &m->slopes, first);
#pragma unroll
    for (int n = 0; n < N; n++)
        for (int c = 0; c < 4; c++)
            s[n][c] *= dp[n][c] - m->delta[first + n * 8 + 2 * (lane % 4) + c % 2];
    add_product<HD, N>(dk, s, &m->rows, first);
}

// Where a block stands: half tile after half tile of a share, head after head.
struct dkv_step {
    int head, item, half;
};

__device__ __forceinline__ struct dkv_step step_after(struct dkv_step s,
                                                      const struct tile_share &share)
{
    s.half = !s.half;
    s.item += !s.half;
    if (s.item == share.end) {
        s.item = share.begin;
        s.head++;
    }
    return s;
}

// Returns the statistic that this thread puts beside the rows when the last ones' are
// no longer read: their log-sum-exp, or delta.
template <int HD>
__device__ __forceinline__ float
fill_step(struct dkv_shared<HD> *m, const struct backward_side &b, struct dkv_step s)
{
    size_t width = (size_t)(b.heads + 2 * b.kv_heads) * HD;
    int row0 = b.tiles.items[s.item] / 2 * TILE, i = (int)threadIdx.x % TILE;
    fill_half(&m->rows, b.QKV + (size_t)s.head * HD, width, row0, s.half, b.M);
    fill_half(&m->slopes, b.dO + (size_t)s.head * HD, (size_t)b.heads * HD, row0,
              s.half, b.M);
    int row = row0 + s.half * HALF_TILE + i % HALF_TILE;
    size_t unit = (size_t)row * (size_t)b.heads + (size_t)s.head;
    if (row >= b.M)
        return 0.0f;
    return i < HALF_TILE ? b.lse[unit] * LOG2_E : b.delta[unit];
}

template <int HD>
__device__ __forceinline__ void keep_stat(struct dkv_shared<HD> *m, struct dkv_step s,
                                          float stat)
{
    int i = (int)threadIdx.x, at = s.half * HALF_TILE + i % HALF_TILE;
    if (i < HALF_TILE)
        m->lse[at] = stat;
    else if (i < TILE)
        m->delta[at] = stat;
}

// A part is (kv_heads, 2, TILE, HD): gradients of keys, then of values.
template <int HD>
__device__ __forceinline__ void store_part(float *part, const float o[HD / 8][4])
{
    int row = (int)threadIdx.x / WARP * STRIP + (int)threadIdx.x % WARP / 4;
    for (int half = 0; half < 2; half++)
        for (int n = 0; n < HD / 8; n++)
            *(float2 *)(part + (size_t)(row + 8 * half) * HD + n * 8 +
                        2 * (threadIdx.x % 4)) =
                float2{o[n][2 * half], o[n][2 * half + 1]};
}

template <int HD>
__global__ void __launch_bounds__(FLASH_THREADS, 2)
    flash_dkv_kernel(struct backward_side b, struct gpu_shares shares)
{
    struct dkv_shared<HD> *m = (struct dkv_shared<HD> *)dynamic_shared();
    const struct tile_share share = shares.list[blockIdx.x];
    int own = (int)blockIdx.y, key0 = share.tile * TILE, group = b.heads / b.kv_heads;
    size_t width = (size_t)(b.heads + 2 * b.kv_heads) * HD;
    size_t at_k = (size_t)(b.heads + own) * HD, at_v = at_k + (size_t)b.kv_heads * HD;
    for (int half = 0; half < 2; half++) {
        fill_half(&m->keys, b.QKV + at_k, width, key0, half, b.M);
        fill_half(&m->values, b.QKV + at_v, width, key0, half, b.M);
    }
    struct dkv_step at = {own * group, share.begin, 0};
    keep_stat(m, at, fill_step(m, b, at));
    copy_commit();
    float dk[HD / 8][4] = {}, dv[HD / 8][4] = {};
    copy_wait<0>();
    __syncthreads(); // the keys are here
    uint32_t keys[HD / 16][4];
#pragma unroll
    for (int k = 0; k < HD; k += 16)
        left(keys[k / 16], &m->keys, (int)threadIdx.x / WARP * STRIP, k);
    while (at.head < (own + 1) * group) {
        const struct dkv_step next = step_after(at, share);
        int item = b.tiles.items[at.item], more = next.head < (own + 1) * group;
        float stat = 0.0f;
        copy_wait<0>();
        __syncthreads(); // this half is here, and the one before is no longer read
        if (more)
            stat = fill_step(m, b, next);
        copy_commit();
        add_keys<HD>(dk, dv, m, keys, b, key0, item / 2 * TILE, at.half, item % 2);
        if (more)
            keep_stat(m, next, stat);
        at = next;
    }
    if (share.part < 0) {
        store_strip<HD>(b.dQKV + at_k, width, dk, key0, b.M, b.scale);
        store_strip<HD>(b.dQKV + at_v, width, dv, key0, b.M, 1.0f);
        return;
    }
    float *part =
        shares.parts + (size_t)(share.part * b.kv_heads + own) * (2 * TILE * HD);
    store_part<HD>(part, dk);
    store_part<HD>(part + TILE * HD, dv);
}

// Blocks of a tile, four elements a thread.
template <int HD>
static constexpr int MERGE_BLOCKS = 2 * TILE *HD / (4 * FLASH_THREADS);

// Adds the parts of tiles that were cut, in order.
template <int HD>
__global__ void __launch_bounds__(FLASH_THREADS)
    merge_parts_kernel(struct backward_side b, struct gpu_shares shares)
{
    int tile = (int)blockIdx.x / MERGE_BLOCKS<HD>, own = (int)blockIdx.y;
    int i = 4 * ((int)blockIdx.x % MERGE_BLOCKS<HD> * FLASH_THREADS + (int)threadIdx.x);
    int of_values = i / (TILE * HD), row = tile * TILE + i / HD % TILE;
    int first = shares.part_first[tile], end = shares.part_first[tile + 1];
    if (first == end || row >= b.M)
        return;
    float4 sum = zero4();
#pragma unroll 8
    for (int p = first; p < end; p++)
        sum = add4(sum, load4(shares.parts +
                              (size_t)(p * b.kv_heads + own) * (2 * TILE * HD) + i));
    size_t width = (size_t)(b.heads + 2 * b.kv_heads) * HD;
    size_t column =
        (size_t)(b.heads + of_values * b.kv_heads + own) * HD + (size_t)(i % HD);
    store4(b.dQKV + (size_t)row * width + column,
           scale4(sum, of_values ? 1.0f : b.scale));
}

template <int HD>
static void keys_backward(struct gpu *g, const struct backward_side *b,
                          const struct gpu_shares *shares)
{
    unsigned n = (unsigned)tiles_count(b->M), kv_heads = (unsigned)b->kv_heads;
    launch(g, dim3((unsigned)shares->n, kv_heads), FLASH_THREADS,
           sizeof(struct dkv_shared<HD>), flash_dkv_kernel<HD>, *b, *shares);
    launch(g, dim3(n * MERGE_BLOCKS<HD>, kv_heads), FLASH_THREADS, 0,
           merge_parts_kernel<HD>, *b, *shares);
}

void attention_keys_backward(struct gpu *g, const struct backward_side *b,
                             const struct gpu_shares *shares, int head_dim)
{
    BY_HEAD_DIM(head_dim, keys_backward, g, b, shares);
}

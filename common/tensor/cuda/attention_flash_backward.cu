// The fast backward pass over packed trees, without atomics: one kernel for dQ, a block
// a tile of rows of up to two heads, and one for dK and dV, a block a share of a tile of
// keys; both make the weights again from the kept log-sum-exp.
//
// What a loop runs over comes by half tiles: one is used while the next arrives.
#include "fragments.cuh"
#include "sums.cuh"

void attention_delta(struct gpu *g, enum gpu_type type, const struct gpu_attention_grad *a,
                     const struct gpu_heads *h, int M);

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
__device__ __forceinline__ void fill_half(struct tile<HD> *to, const bf16 *from, size_t stride,
                                          int first, int half, int M)
{
#pragma unroll 2
    for (int c = (int)threadIdx.x; c < HALF_TILE * HD / 8; c += FLASH_THREADS) {
        int row = half * HALF_TILE + c / (HD / 8), column = c % (HD / 8) * 8, own = first + row < M;
        const bf16 *p = own ? from + (size_t)(first + row) * stride + column : from;
        copy_async(&to->at[row][column], p, own ? 16 : 0);
    }
}

template <int HD>
__device__ __forceinline__ void store_strip(bf16 *to, size_t stride, const float o[HD / 8][4],
                                            int first, int M, float scale)
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

// ---- dQ

template <int HD, int P> struct dq_shared {
    struct tile<HD> rows[P], slopes[P], keys, values;
};

// Of a lane's two rows, of each head.
struct row_stats {
    float lse[2], delta[2];
};

__device__ __forceinline__ struct row_stats stats_at(const struct backward_side &b, int row0,
                                                     int head)
{
    struct row_stats s = {};
    for (int half = 0; half < 2; half++) {
        int row = row0 + (int)threadIdx.x / WARP * STRIP + (int)threadIdx.x % WARP / 4 + 8 * half;
        size_t unit = (size_t)row * (size_t)b.heads + (size_t)head;
        s.lse[half] = row < b.M ? b.lse[unit] * LOG2_E : 0.0f;
        s.delta[half] = row < b.M ? b.delta[unit] : 0.0f;
    }
    return s;
}

// dq += of half a tile of keys.  key0, row0: where the tiles begin.
template <int HD, int P>
__device__ __forceinline__ void add_rows(float dq[P][HD / 8][4], const struct dq_shared<HD, P> *m,
                                         const struct row_stats r[P], const struct backward_side &b,
                                         int row0, int key0, int half, int masked)
{
    constexpr int N = HALF_TILE / 8;
    int strip = (int)threadIdx.x / WARP * STRIP, lane = (int)threadIdx.x % WARP;
    int first = half * HALF_TILE;
    float s[P][N][4], dp[P][N][4];
    uint32_t w[P][N][2];
    products_rows<HD, N, P>(s, m->rows, strip, &m->keys, first);
    products_rows<HD, N, P>(dp, m->slopes, strip, &m->values, first);
#pragma unroll
    for (int n = 0; n < N; n++)
        for (int c = 0; c < 4; c++) {
            int row = row0 + strip + lane / 4 + c / 2 * 8;
            int key = key0 + first + n * 8 + 2 * (lane % 4) + c % 2;
            int seen = !masked || pair_seen(b.ends, row, key, b.M);
            for (int p = 0; p < P; p++) {
                float weight = power_of_2(s[p][n][c] * (b.scale * LOG2_E) - r[p].lse[c / 2]);
                s[p][n][c] = seen ? weight * (dp[p][n][c] - r[p].delta[c / 2]) : 0.0f;
            }
        }
#pragma unroll
    for (int p = 0; p < P; p++)
        pack_result<N>(w[p], s[p]);
    add_products<HD, N, P>(dq, w, &m->keys, first);
}

template <int HD, int P>
__global__ void __launch_bounds__(FLASH_THREADS, 2) flash_dq_kernel(struct backward_side b)
{
    struct dq_shared<HD, P> *m = (struct dq_shared<HD, P> *)dynamic_shared();
    int t = (int)(gridDim.x - 1 - blockIdx.x), row0 = t * TILE;
    const struct head_pair pair = pair_of_block<P>(b.heads, b.kv_heads);
    size_t width = (size_t)(b.heads + 2 * b.kv_heads) * HD;
    const bf16 *K = b.QKV + (size_t)(b.heads + pair.own) * HD, *V = K + (size_t)b.kv_heads * HD;
    const int32_t *items = b.tiles.items + b.tiles.first[t];
    int steps = 2 * (b.tiles.first[t + 1] - b.tiles.first[t]);
    struct row_stats r[P];
    float dq[P][HD / 8][4] = {};
    for (int p = 0; p < P; p++) {
        // A head too many has no rows.
        int head = pair.first + p, M = p < pair.count ? b.M : 0;
        for (int half = 0; half < 2; half++) {
            fill_half(&m->rows[p], b.QKV + (size_t)head * HD, width, row0, half, M);
            fill_half(&m->slopes[p], b.dO + (size_t)head * HD, (size_t)b.heads * HD, row0, half, M);
        }
        r[p] = stats_at(b, row0, p < pair.count ? head : pair.first);
    }
    for (int i = -1; i < steps; i++) {
        if (i >= 0) {
            copy_wait<0>();
            __syncthreads(); // half i is here, and the one before is no longer read
        }
        if (i + 1 < steps) {
            int key0 = items[(i + 1) / 2] / 2 * TILE;
            fill_half(&m->keys, K, width, key0, (i + 1) % 2, b.M);
            fill_half(&m->values, V, width, key0, (i + 1) % 2, b.M);
        }
        copy_commit();
        if (i >= 0)
            add_rows<HD, P>(dq, m, r, b, row0, items[i / 2] / 2 * TILE, i % 2, items[i / 2] % 2);
    }
#pragma unroll
    for (int p = 0; p < P; p++)
        if (p < pair.count)
            store_strip<HD>(b.dQKV + (size_t)(pair.first + p) * HD, width, dq[p], row0, b.M,
                            b.scale);
}

// ---- dK and dV

template <int HD> struct dkv_shared {
    struct tile<HD> keys, values, rows, slopes;
    float lse[TILE], delta[TILE]; // of the rows
};

// The transposed products: 16 keys of the warp by half a tile of rows at a time.
template <int HD>
__device__ __forceinline__ void add_keys(float dk[HD / 8][4], float dv[HD / 8][4],
                                         const struct dkv_shared<HD> *m,
                                         const struct backward_side &b, int key0, int row0,
                                         int half, int masked)
{
    constexpr int N = HALF_TILE / 8;
    int strip = (int)threadIdx.x / WARP * STRIP, lane = (int)threadIdx.x % WARP;
    int first = half * HALF_TILE;
    float s[N][4], dp[N][4];
    product_rows<HD, N>(s, &m->keys, strip, &m->rows, first);
#pragma unroll
    for (int n = 0; n < N; n++)
        for (int c = 0; c < 4; c++) {
            int key = key0 + strip + lane / 4 + c / 2 * 8;
            int row = first + n * 8 + 2 * (lane % 4) + c % 2;
            int seen = row0 + row < b.M && (!masked || pair_seen(b.ends, row0 + row, key, b.M));
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
__device__ __forceinline__ float fill_step(struct dkv_shared<HD> *m, const struct backward_side &b,
                                           struct dkv_step s)
{
    size_t width = (size_t)(b.heads + 2 * b.kv_heads) * HD;
    int row0 = b.tiles.items[s.item] / 2 * TILE, i = (int)threadIdx.x % TILE;
    fill_half(&m->rows, b.QKV + (size_t)s.head * HD, width, row0, s.half, b.M);
    fill_half(&m->slopes, b.dO + (size_t)s.head * HD, (size_t)b.heads * HD, row0, s.half, b.M);
    int row = row0 + s.half * HALF_TILE + i % HALF_TILE;
    size_t unit = (size_t)row * (size_t)b.heads + (size_t)s.head;
    if (row >= b.M)
        return 0.0f;
    return i < HALF_TILE ? b.lse[unit] * LOG2_E : b.delta[unit];
}

template <int HD>
__device__ __forceinline__ void keep_stat(struct dkv_shared<HD> *m, struct dkv_step s, float stat)
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
            *(float2 *)(part + (size_t)(row + 8 * half) * HD + n * 8 + 2 * (threadIdx.x % 4)) =
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
    while (at.head < (own + 1) * group) {
        const struct dkv_step next = step_after(at, share);
        int item = b.tiles.items[at.item], more = next.head < (own + 1) * group;
        float stat = 0.0f;
        copy_wait<0>();
        __syncthreads(); // this half is here, and the one before is no longer read
        if (more)
            stat = fill_step(m, b, next);
        copy_commit();
        add_keys<HD>(dk, dv, m, b, key0, item / 2 * TILE, at.half, item % 2);
        if (more)
            keep_stat(m, next, stat);
        at = next;
    }
    if (share.part < 0) {
        store_strip<HD>(b.dQKV + at_k, width, dk, key0, b.M, b.scale);
        store_strip<HD>(b.dQKV + at_v, width, dv, key0, b.M, 1.0f);
        return;
    }
    float *part = shares.parts + (size_t)(share.part * b.kv_heads + own) * (2 * TILE * HD);
    store_part<HD>(part, dk);
    store_part<HD>(part + TILE * HD, dv);
}

// Blocks of a tile, four elements a thread.
template <int HD> static constexpr int MERGE_BLOCKS = 2 * TILE * HD / (4 * FLASH_THREADS);

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
        sum = add4(sum, load4(shares.parts + (size_t)(p * b.kv_heads + own) * (2 * TILE * HD) + i));
    size_t width = (size_t)(b.heads + 2 * b.kv_heads) * HD;
    size_t column = (size_t)(b.heads + of_values * b.kv_heads + own) * HD + (size_t)(i % HD);
    store4(b.dQKV + (size_t)row * width + column, scale4(sum, of_values ? 1.0f : b.scale));
}

// ---- both

template <int HD, int P> static void flash_dq(struct gpu *g, const struct backward_side *rows)
{
    launch(g, dim3((unsigned)tiles_count(rows->M), pairs_of<P>(rows->heads, rows->kv_heads)),
           FLASH_THREADS, sizeof(struct dq_shared<HD, P>), flash_dq_kernel<HD, P>, *rows);
}

template <int HD>
static void flash_backward(struct gpu *g, const struct backward_side *rows,
                           const struct backward_side *keys, const struct gpu_shares *shares)
{
    unsigned n = (unsigned)tiles_count(rows->M), kv_heads = (unsigned)rows->kv_heads;
    if (rows->heads > rows->kv_heads && sizeof(struct dq_shared<HD, 2>) <= gpu_shared_bytes(g))
        flash_dq<HD, 2>(g, rows);
    else
        flash_dq<HD, 1>(g, rows);
    launch(g, dim3((unsigned)shares->n, kv_heads), FLASH_THREADS, sizeof(struct dkv_shared<HD>),
           flash_dkv_kernel<HD>, *keys, *shares);
    launch(g, dim3(n * MERGE_BLOCKS<HD>, kv_heads), FLASH_THREADS, 0, merge_parts_kernel<HD>,
           *keys, *shares);
}

void gpu_attention_flash_backward(struct gpu *g, const struct gpu_attention_grad *a,
                                  const struct gpu_tiles *rows, const struct gpu_tiles *keys,
                                  const struct gpu_shares *shares, const struct gpu_heads *h, int M)
{
    struct backward_side by_rows = {(bf16 *)a->dQKV,       (const bf16 *)a->dO,
                                    (const bf16 *)a->QKV,  a->lse,
                                    a->delta,              a->ends,
                                    *rows,                 h->heads,
                                    h->kv_heads,           M,
                                    1.0f / sqrtf((float)h->head_dim)};
    struct backward_side by_keys = by_rows;
    by_keys.tiles = *keys;
    attention_delta(g, GPU_BF16, a, h, M);
    BY_HEAD_DIM(h->head_dim, flash_backward, g, &by_rows, &by_keys, shares);
}

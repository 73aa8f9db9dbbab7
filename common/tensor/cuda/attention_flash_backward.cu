// The fast backward pass over packed trees, without atomics: one kernel for dQ, a block
// a tile of rows, and one for dK and dV, a block a tile of keys; both make the weights
// again from the kept log-sum-exp.
#include "fragments.cuh"

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

template <int HD> struct backward_shared {
    struct tile<HD> rows, slopes, keys, values;
    float lse[TILE], delta[TILE];
};

template <int HD>
__device__ __forceinline__ void fill_packed(struct tile<HD> *to, const bf16 *from, size_t stride,
                                            int first, int M)
{
    fill_tile(to, from, stride,
              [&](int row) { return first + row < M ? (int64_t)(first + row) : (int64_t)-1; });
}

template <int HD>
__device__ __forceinline__ void fill_stats(struct backward_shared<HD> *m,
                                           const struct backward_side &b, int first, int head)
{
    for (int i = (int)threadIdx.x; i < TILE; i += FLASH_THREADS) {
        int row = first + i;
        size_t unit = (size_t)row * (size_t)b.heads + (size_t)head;
        m->lse[i] = row < b.M ? b.lse[unit] * LOG2_E : 0.0f;
        m->delta[i] = row < b.M ? b.delta[unit] : 0.0f;
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

template <int HD>
__global__ void __launch_bounds__(FLASH_THREADS) flash_dq_kernel(struct backward_side b)
{
    struct backward_shared<HD> *m = (struct backward_shared<HD> *)dynamic_shared();
    int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    int t = (int)(gridDim.x - 1 - blockIdx.x), head = (int)blockIdx.y, row0 = t * TILE;
    int own = head / (b.heads / b.kv_heads);
    size_t width = (size_t)(b.heads + 2 * b.kv_heads) * HD;
    const bf16 *K = b.QKV + (size_t)(b.heads + own) * HD, *V = K + (size_t)b.kv_heads * HD;
    fill_packed(&m->rows, b.QKV + (size_t)head * HD, width, row0, b.M);
    fill_packed(&m->slopes, b.dO + (size_t)head * HD, (size_t)b.heads * HD, row0, b.M);
    fill_stats(m, b, row0, head);
    float dq[HD / 8][4] = {};
    for (int i = b.tiles.first[t]; i < b.tiles.first[t + 1]; i++) {
        int key0 = b.tiles.items[i] / 2 * TILE, masked = b.tiles.items[i] % 2;
        __syncthreads(); // the last tile's keys are no longer read
        fill_packed(&m->keys, K, width, key0, b.M);
        fill_packed(&m->values, V, width, key0, b.M);
        copy_commit();
        copy_wait<0>();
        __syncthreads();
        float s[TILE / 8][4], dp[TILE / 8][4];
        product_rows<HD, TILE / 8>(s, &m->rows, warp * STRIP, &m->keys, 0);
        product_rows<HD, TILE / 8>(dp, &m->slopes, warp * STRIP, &m->values, 0);
        for (int n = 0; n < TILE / 8; n++)
            for (int c = 0; c < 4; c++) {
                int row = warp * STRIP + lane / 4 + c / 2 * 8;
                int key = n * 8 + 2 * (lane % 4) + c % 2;
                float p = exp2f(s[n][c] * b.scale * LOG2_E - m->lse[row]);
                if (masked && !pair_seen(b.ends, row0 + row, key0 + key, b.M))
                    p = 0.0f;
                s[n][c] = p * (dp[n][c] - m->delta[row]);
            }
        add_product<HD, TILE / 8>(dq, s, &m->keys, 0);
    }
    store_strip<HD>(b.dQKV + (size_t)head * HD, width, dq, row0, b.M, b.scale);
}

enum { HALF_TILE = TILE / 2 };

// The transposed products: 16 keys of the warp by half a tile of rows at a time.
template <int HD>
__device__ __forceinline__ void add_keys(float dk[HD / 8][4], float dv[HD / 8][4],
                                         const struct backward_shared<HD> *m,
                                         const struct backward_side &b, int key0, int row0,
                                         int first, int masked)
{
    int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    float s[HALF_TILE / 8][4], dp[HALF_TILE / 8][4];
    product_rows<HD, HALF_TILE / 8>(s, &m->keys, warp * STRIP, &m->rows, first);
    for (int n = 0; n < HALF_TILE / 8; n++)
        for (int c = 0; c < 4; c++) {
            int key = warp * STRIP + lane / 4 + c / 2 * 8;
            int row = first + n * 8 + 2 * (lane % 4) + c % 2;
            float p = exp2f(s[n][c] * b.scale * LOG2_E - m->lse[row]);
            if (row0 + row >= b.M ||
                (masked && !pair_seen(b.ends, row0 + row, key0 + key, b.M)))
                p = 0.0f;
            s[n][c] = p;
        }
    add_product<HD, HALF_TILE / 8>(dv, s, &m->slopes, first);
    product_rows<HD, HALF_TILE / 8>(dp, &m->values, warp * STRIP, &m->slopes, first);
    for (int n = 0; n < HALF_TILE / 8; n++)
        for (int c = 0; c < 4; c++)
            s[n][c] *= dp[n][c] - m->delta[first + n * 8 + 2 * (lane % 4) + c % 2];
    add_product<HD, HALF_TILE / 8>(dk, s, &m->rows, first);
}

template <int HD>
__global__ void __launch_bounds__(FLASH_THREADS) flash_dkv_kernel(struct backward_side b)
{
    struct backward_shared<HD> *m = (struct backward_shared<HD> *)dynamic_shared();
    int t = (int)blockIdx.x, own = (int)blockIdx.y, key0 = t * TILE;
    int group = b.heads / b.kv_heads;
    size_t width = (size_t)(b.heads + 2 * b.kv_heads) * HD;
    size_t at_k = (size_t)(b.heads + own) * HD, at_v = at_k + (size_t)b.kv_heads * HD;
    fill_packed(&m->keys, b.QKV + at_k, width, key0, b.M);
    fill_packed(&m->values, b.QKV + at_v, width, key0, b.M);
    float dk[HD / 8][4] = {}, dv[HD / 8][4] = {};
    for (int head = own * group; head < (own + 1) * group; head++)
        for (int i = b.tiles.first[t]; i < b.tiles.first[t + 1]; i++) {
            int row0 = b.tiles.items[i] / 2 * TILE, masked = b.tiles.items[i] % 2;
            __syncthreads(); // the last tile's rows are no longer read
            fill_packed(&m->rows, b.QKV + (size_t)head * HD, width, row0, b.M);
            fill_packed(&m->slopes, b.dO + (size_t)head * HD, (size_t)b.heads * HD, row0, b.M);
            fill_stats(m, b, row0, head);
            copy_commit();
            copy_wait<0>();
            __syncthreads();
            for (int first = 0; first < TILE; first += HALF_TILE)
                add_keys<HD>(dk, dv, m, b, key0, row0, first, masked);
        }
    store_strip<HD>(b.dQKV + at_k, width, dk, key0, b.M, b.scale);
    store_strip<HD>(b.dQKV + at_v, width, dv, key0, b.M, 1.0f);
}

template <int HD>
static void flash_backward(struct gpu *g, const struct backward_side *rows,
                           const struct backward_side *keys)
{
    unsigned n = (unsigned)tiles_count(rows->M);
    launch(g, dim3(n, (unsigned)rows->heads), FLASH_THREADS, sizeof(struct backward_shared<HD>),
           flash_dq_kernel<HD>, *rows);
    launch(g, dim3(n, (unsigned)rows->kv_heads), FLASH_THREADS, sizeof(struct backward_shared<HD>),
           flash_dkv_kernel<HD>, *keys);
}

void gpu_attention_flash_backward(struct gpu *g, const struct gpu_attention_grad *a,
                                  const struct gpu_tiles *rows, const struct gpu_tiles *keys,
                                  const struct gpu_heads *h, int M)
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
    BY_HEAD_DIM(h->head_dim, flash_backward, g, &by_rows, &by_keys);
}

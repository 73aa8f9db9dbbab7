// The fast backward pass over packed trees, without atomics: here dQ, one block a tile
// of rows of up to two heads; in attention_flash_keys.cu dK and dV.  Both make the
// weights again from the kept log-sum-exp.
#include "flash_backward.cuh"

void attention_delta(struct gpu *g, enum gpu_type type,
                     const struct gpu_attention_grad *a, const struct gpu_heads *h,
                     int M);

template <int HD, int P> struct dq_shared {
    struct tile<HD> rows[P], slopes[P], keys, values;
};

// Of a lane's two rows, of each head.
struct row_stats {
    float lse[2], delta[2];
};

__device__ __forceinline__ struct row_stats stats_at(const struct backward_side &b,
                                                     int row0, int head)
{
    struct row_stats s = {};
    for (int half = 0; half < 2; half++) {
        int row = row0 + (int)threadIdx.x / WARP * STRIP + (int)threadIdx.x % WARP / 4 +
                  8 * half;
        size_t unit = (size_t)row * (size_t)b.heads + (size_t)head;
        s.lse[half] = row < b.M ? b.lse[unit] * LOG2_E : 0.0f;
        s.delta[half] = row < b.M ? b.delta[unit] : 0.0f;
    }
    return s;
}

// dq += of half a tile of keys.  key0, row0: where the tiles begin.
template <int HD, int P>
__device__ __forceinline__ void
add_rows(float dq[P][HD / 8][4], const struct dq_shared<HD, P> *m,
         const struct row_stats r[P], const struct backward_side &b, int row0, int key0,
         int half, int masked)
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
                float weight =
                    power_of_2(s[p][n][c] * (b.scale * LOG2_E) - r[p].lse[c / 2]);
                s[p][n][c] = seen ? weight * (dp[p][n][c] - r[p].delta[c / 2]) : 0.0f;
            }
        }
#pragma unroll
    for (int p = 0; p < P; p++)
        pack_result<N>(w[p], s[p]);
    add_products<HD, N, P>(dq, w, &m->keys, first);
}

template <int HD, int P>
__global__ void __launch_bounds__(FLASH_THREADS, 2)
    flash_dq_kernel(struct backward_side b)
{
    struct dq_shared<HD, P> *m = (struct dq_shared<HD, P> *)dynamic_shared();
    int t = (int)(gridDim.x - 1 - blockIdx.x), row0 = t * TILE;
    const struct head_pair pair = pair_of_block<P>(b.heads, b.kv_heads);
    size_t width = (size_t)(b.heads + 2 * b.kv_heads) * HD;
    const bf16 *K = b.QKV + (size_t)(b.heads + pair.own) * HD,
               *V = K + (size_t)b.kv_heads * HD;
    const int32_t *items = b.tiles.items + b.tiles.first[t];
    int steps = 2 * (b.tiles.first[t + 1] - b.tiles.first[t]);
    struct row_stats r[P];
    float dq[P][HD / 8][4] = {};
    for (int p = 0; p < P; p++) {
        // A head too many has no rows.
        int head = pair.first + p, M = p < pair.count ? b.M : 0;
        for (int half = 0; half < 2; half++) {
            fill_half(&m->rows[p], b.QKV + (size_t)head * HD, width, row0, half, M);
            fill_half(&m->slopes[p], b.dO + (size_t)head * HD, (size_t)b.heads * HD,
                      row0, half, M);
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
            add_rows<HD, P>(dq, m, r, b, row0, items[i / 2] / 2 * TILE, i % 2,
                            items[i / 2] % 2);
    }
#pragma unroll
    for (int p = 0; p < P; p++)
        if (p < pair.count)
            store_strip<HD>(b.dQKV + (size_t)(pair.first + p) * HD, width, dq[p], row0,
                            b.M, b.scale);
}

template <int HD, int P>
static void flash_dq(struct gpu *g, const struct backward_side *rows)
{
    launch(
        g,
        dim3((unsigned)tiles_count(rows->M), pairs_of<P>(rows->heads, rows->kv_heads)),
        FLASH_THREADS, sizeof(struct dq_shared<HD, P>), flash_dq_kernel<HD, P>, *rows);
}

template <int HD>
static void rows_backward(struct gpu *g, const struct backward_side *rows)
{
    if (rows->heads > rows->kv_heads &&
        sizeof(struct dq_shared<HD, 2>) <= gpu_shared_bytes(g))
        flash_dq<HD, 2>(g, rows);
    else
        flash_dq<HD, 1>(g, rows);
}

void gpu_attention_flash_backward(struct gpu *g, const struct gpu_attention_grad *a,
                                  const struct gpu_tiles *rows,
                                  const struct gpu_tiles *keys,
                                  const struct gpu_shares *shares,
                                  const struct gpu_heads *h, int M)
{
    struct backward_side by_rows = {(bf16 *)a->dQKV,
                                    (const bf16 *)a->dO,
                                    (const bf16 *)a->QKV,
                                    a->lse,
                                    a->delta,
                                    a->ends,
                                    *rows,
                                    h->heads,
                                    h->kv_heads,
                                    M,
                                    1.0f / sqrtf((float)h->head_dim)};
    struct backward_side by_keys = by_rows;
    by_keys.tiles = *keys;
    attention_delta(g, GPU_BF16, a, h, M);
    BY_HEAD_DIM(h->head_dim, rows_backward, g, &by_rows);
    attention_keys_backward(g, &by_keys, shares, h->head_dim);
}

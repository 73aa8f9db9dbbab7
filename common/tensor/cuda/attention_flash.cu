// The fast forward pass over packed trees and prompts: one block a tile of rows of up
// to two heads that share their keys.
#include "fragments.cuh"

struct flash_source {
    const int32_t *slots, *ends, *items;
    int n, first_row, n_keys; // first_row: as a key

    __device__ __forceinline__ int tiles() const
    {
        return n;
    }
    __device__ __forceinline__ int64_t key(int i, int r) const
    {
        int j = items[i] / 2 * TILE + r;
        return j >= n_keys ? -1 : slots ? slots[j] : j;
    }
    __device__ __forceinline__ int masked(int i) const
    {
        return items[i] % 2;
    }
    __device__ __forceinline__ int seen(int i, int row, int r) const
    {
        int j = items[i] / 2 * TILE + r, at = first_row + row;
        return j <= at && j < n_keys && (!ends || ends[j] > at);
    }
};

// While one tile of keys and values is used, the next one arrives.
template <int HD, int P> struct forward_shared {
    struct tile<HD> q[P], k[2], v[2];
};

template <int HD>
__device__ __forceinline__ void fill_keys(struct tile<HD> *k, struct tile<HD> *v,
                                          const struct gpu_kv &kv, int own,
                                          const struct flash_source &source, int i)
{
    auto row_of = [&](int r) { return source.key(i, r); };
    fill_tile(k, (const bf16 *)kv.k + (size_t)own * HD, kv.stride, row_of);
    fill_tile(v, (const bf16 *)kv.v + (size_t)own * HD, kv.stride, row_of);
}

// Bit 4 n + c: whether the pair that a lane has in [n][c] of the whole tile is visible.
// One register, where the ends of all 16 keys would take as many.
__device__ __forceinline__ uint32_t seen_bits(const struct flash_source &source, int i)
{
    int row = (int)threadIdx.x / WARP * STRIP + (int)threadIdx.x % WARP / 4;
    int key = 2 * ((int)threadIdx.x % 4);
    uint32_t bits = 0;
#pragma unroll 2
    for (int n = 0; n < TILE / 8; n++)
        for (int c = 0; c < 4; c++)
            bits |= (uint32_t)source.seen(i, row + c / 2 * 8, key + n * 8 + c % 2)
                    << (4 * n + c);
    return bits;
}
template <int N, int P>
__device__ __forceinline__ void mask_scores(float s[P][N][4], uint32_t seen)
{
#pragma unroll
    for (int n = 0; n < N; n++)
        for (int c = 0; c < 4; c++)
            for (int p = 0; p < P; p++)
                s[p][n][c] = seen >> (4 * n + c) & 1 ? s[p][n][c] : -INFINITY;
}

// STEP keys of a tile, from `key` on; seen begins with their bits.
template <int HD, int P, int STEP>
__device__ __forceinline__ void
attend_keys(float o[P][HD / 8][4], struct softmax_rows r[P],
            const struct forward_shared<HD, P> *m, int stage, int key, uint32_t seen,
            float scale)
{
    float s[P][STEP / 8][4];
    uint32_t w[P][STEP / 8][2];
    products_rows<HD, STEP / 8, P>(s, m->q, (int)threadIdx.x / WARP * STRIP,
                                   &m->k[stage], key);
    constexpr uint32_t ALL_SEEN = ~0u >> (32 - STEP / 2);
    if ((seen & ALL_SEEN) != ALL_SEEN)
        mask_scores<STEP / 8, P>(s, seen);
#pragma unroll
    for (int p = 0; p < P; p++) {
        softmax_weigh<HD, STEP / 8>(&r[p], o[p], s[p], scale);
        pack_result<STEP / 8>(w[p], s[p]);
    }
    add_products<HD, STEP / 8, P>(o, w, &m->v[stage], key);
}

template <int HD, int P>
__device__ __forceinline__ void
store_heads(bf16 *O, float *lse, const float o[P][HD / 8][4],
            const struct softmax_rows *r, struct head_pair pair, int heads, int row0,
            int M)
{
    int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
#pragma unroll
    for (int p = 0; p < P; p++)
        for (int half = 0; half < 2; half++) {
            int row = row0 + warp * STRIP + lane / 4 + 8 * half;
            if (row >= M || p >= pair.count)
                continue;
            size_t unit = (size_t)row * (size_t)heads + (size_t)(pair.first + p);
            float inverse = 1.0f / r[p].sum[half];
            for (int n = 0; n < HD / 8; n++)
                *(uint32_t *)(O + unit * HD + (size_t)(n * 8 + 2 * (lane % 4))) =
                    pack_pair(o[p][n][2 * half] * inverse,
                              o[p][n][2 * half + 1] * inverse);
            if (lse && lane % 4 == 0)
                lse[unit] = r[p].most[half] * LN_2 + logf(r[p].sum[half]);
        }
}

template <int HD, int P>
__global__ void __launch_bounds__(FLASH_THREADS, 2)
    flash_kernel(bf16 *O, float *lse, struct gpu_flash f, struct gpu_heads h, int M,
                 float scale)
{
    struct forward_shared<HD, P> *m = (struct forward_shared<HD, P> *)dynamic_shared();
    // Half a tile at once where the registers would not hold the scores of all of it.
    constexpr int STEP = HD * P > 192 ? TILE / 2 : TILE;
    // The last rows see the most keys: they begin first.
    int t = (int)(gridDim.x - 1 - blockIdx.x), row0 = t * TILE;
    const struct head_pair pair = pair_of_block<P>(h.heads, h.kv_heads);
    for (int p = 0; p < P; p++)
        fill_tile(&m->q[p], (const bf16 *)f.Q + (size_t)(pair.first + p) * HD, f.ldq,
                  [&](int row) {
                      return row0 + row < M && p < pair.count ? (int64_t)(row0 + row)
                                                              : (int64_t)-1;
                  });
    const int32_t *items = f.tiles.items + f.tiles.first[t];
    int n_tiles = f.tiles.first[t + 1] - f.tiles.first[t];
    struct flash_source source = {f.slots, f.ends,         items,
                                  n_tiles, f.shift + row0, f.n_keys};
    float o[P][HD / 8][4] = {};
    struct softmax_rows r[P];
    for (int p = 0; p < P; p++)
        r[p] = softmax_rows{{-INFINITY, -INFINITY}, {0.0f, 0.0f}};
    if (n_tiles > 0)
        fill_keys(&m->k[0], &m->v[0], f.kv, pair.own, source, 0);
    copy_commit();
    for (int i = 0; i < n_tiles; i++) {
        copy_wait<0>();
        __syncthreads(); // tile i is here, and the one before is no longer read
        if (i + 1 < n_tiles)
            fill_keys(&m->k[(i + 1) % 2], &m->v[(i + 1) % 2], f.kv, pair.own, source,
                      i + 1);
        copy_commit();
        uint32_t seen = source.masked(i) ? seen_bits(source, i) : ~0u;
#pragma unroll 1
        for (int key = 0; key < TILE; key += STEP, seen >>= STEP / 2 % 32)
            attend_keys<HD, P, STEP>(o, r, m, i % 2, key, seen, scale);
    }
    store_heads<HD, P>(O, lse, o, r, pair, h.heads, row0, M);
}

template <int HD, int P>
static void flash_heads(struct gpu *g, void *O, float *lse, const struct gpu_flash *f,
                        const struct gpu_heads *h, int M)
{
    float scale = LOG2_E / sqrtf((float)HD);
    launch(g, dim3((unsigned)tiles_count(M), pairs_of<P>(h->heads, h->kv_heads)),
           FLASH_THREADS, sizeof(struct forward_shared<HD, P>), flash_kernel<HD, P>,
           (bf16 *)O, lse, *f, *h, M, scale);
}

template <int HD>
static void flash(struct gpu *g, void *O, float *lse, const struct gpu_flash *f,
                  const struct gpu_heads *h, int M)
{
    if (h->heads > h->kv_heads &&
        sizeof(struct forward_shared<HD, 2>) <= gpu_shared_bytes(g))
        flash_heads<HD, 2>(g, O, lse, f, h, M);
    else
        flash_heads<HD, 1>(g, O, lse, f, h, M);
}

void gpu_attention_flash(struct gpu *g, void *O, float *lse, const struct gpu_flash *f,
                         const struct gpu_heads *h, int M)
{
    BY_HEAD_DIM(h->head_dim, flash, g, O, lse, f, h, M);
}

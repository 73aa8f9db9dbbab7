// The fast forward pass over packed trees and prompts: one block a tile of rows of a
// head.
#include "fragments.cuh"

struct flash_source {
    const int32_t *slots, *ends, *items;
    int n, first_row, n_keys; // first_row: as a key

    __device__ __forceinline__ int tiles() const { return n; }
    __device__ __forceinline__ int64_t key(int i, int r) const
    {
        int j = items[i] / 2 * TILE + r;
        return j >= n_keys ? -1 : slots ? slots[j] : j;
    }
    __device__ __forceinline__ int masked(int i) const { return items[i] % 2; }
    __device__ __forceinline__ int seen(int i, int row, int r) const
    {
        int j = items[i] / 2 * TILE + r, at = first_row + row;
        return j <= at && j < n_keys && (!ends || ends[j] > at);
    }
};

template <int HD>
__global__ void __launch_bounds__(FLASH_THREADS)
    flash_kernel(bf16 *O, float *lse, struct gpu_flash f, struct gpu_heads h, int M, float scale)
{
    struct flash_shared<HD> *m = (struct flash_shared<HD> *)dynamic_shared();
    // The last rows see the most keys: they begin first.
    int t = (int)(gridDim.x - 1 - blockIdx.x), head = (int)blockIdx.y;
    int own = head / (h.heads / h.kv_heads), row0 = t * TILE;
    int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    fill_tile(&m->q, (const bf16 *)f.Q + (size_t)head * HD, f.ldq,
              [&](int row) { return row0 + row < M ? (int64_t)(row0 + row) : -1; });
    struct flash_source source = {f.slots,
                                  f.ends,
                                  f.tiles.items + f.tiles.first[t],
                                  f.tiles.first[t + 1] - f.tiles.first[t],
                                  f.shift + row0,
                                  f.n_keys};
    struct running<HD> r;
    running_clear(&r);
    flash_loop<HD>(&r, m, (const bf16 *)f.kv.k + (size_t)own * HD,
                   (const bf16 *)f.kv.v + (size_t)own * HD, f.kv.stride, source, scale);
    for (int half = 0; half < 2; half++) {
        int row = row0 + warp * STRIP + lane / 4 + 8 * half;
        if (row >= M)
            continue;
        size_t unit = (size_t)row * (size_t)h.heads + (size_t)head;
        float inverse = 1.0f / r.sum[half];
        for (int n = 0; n < HD / 8; n++)
            *(uint32_t *)(O + unit * HD + (size_t)(n * 8 + 2 * (lane % 4))) =
                pack_pair(r.o[n][2 * half] * inverse, r.o[n][2 * half + 1] * inverse);
        if (lse && lane % 4 == 0)
            lse[unit] = r.most[half] * LN_2 + logf(r.sum[half]);
    }
}

template <int HD>
static void flash(struct gpu *g, void *O, float *lse, const struct gpu_flash *f,
                  const struct gpu_heads *h, int M)
{
    float scale = LOG2_E / sqrtf((float)HD);
    launch(g, dim3((unsigned)tiles_count(M), (unsigned)h->heads), FLASH_THREADS,
           sizeof(struct flash_shared<HD>), flash_kernel<HD>, (bf16 *)O, lse, *f, *h, M, scale);
}

void gpu_attention_flash(struct gpu *g, void *O, float *lse, const struct gpu_flash *f,
                         const struct gpu_heads *h, int M)
{
    BY_HEAD_DIM(h->head_dim, flash, g, O, lse, f, h, M);
}

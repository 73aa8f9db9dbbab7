// Attention of one decode step: items of cascade.h, then every row's parts merged.
#include "ahead.cuh"
#include "fragments.cuh"

enum { RESIDENT = 3 }; // blocks that a multiprocessor takes at a time

struct cascade_source {
    const int32_t *pages;
    int keys;

    __device__ __forceinline__ int tiles() const
    {
        return (keys + TILE - 1) / TILE;
    }
    __device__ __forceinline__ int64_t key(int i, int r) const
    {
        int j = i * TILE + r;
        return j < keys ? (int64_t)pages[j / 16] * 16 + j % 16 : -1;
    }
    __device__ __forceinline__ int masked(int i) const
    {
        return (i + 1) * TILE > keys;
    }
    __device__ __forceinline__ int seen(int i, int, int r) const
    {
        return i * TILE + r < keys;
    }
};

template <int HD> struct cascade_shared {
    struct tile<HD> q, k, v;
};

// The loop over tiles of keys.  A warp whose rows are none only copies: of a
// branch's own keys one row alone is to be seen, that is one warp's rows.
template <int HD>
__device__ __forceinline__ void
cascade_loop(struct running<HD> *r, struct cascade_shared<HD> *m, const bf16 *K,
             const bf16 *V, size_t stride, const struct cascade_source &source,
             int live, float scale)
{
    int row = (int)threadIdx.x / WARP * STRIP, lane = (int)threadIdx.x % WARP;
    int n_tiles = source.tiles();
    fill_tile(&m->k, K, stride, [&](int key) { return source.key(0, key); });
    copy_commit();
    for (int i = 0; i < n_tiles; i++) {
        float s[TILE / 8][4];
        copy_wait<0>();
        __syncthreads(); // K is here, and V is no longer read
        fill_tile(&m->v, V, stride, [&](int key) { return source.key(i, key); });
        copy_commit();
        if (live)
            product_rows<HD, TILE / 8>(s, &m->q, row, &m->k, 0);
        __syncthreads(); // K is no longer read
        if (i + 1 < n_tiles)
            fill_tile(&m->k, K, stride,
                      [&](int key) { return source.key(i + 1, key); });
        copy_commit();
        if (live && source.masked(i))
            for (int n = 0; n < TILE / 8; n++)
                for (int c = 0; c < 4; c++)
                    if (!source.seen(i, 0, n * 8 + 2 * (lane % 4) + c % 2))
                        s[n][c] = -INFINITY;
        if (live)
            softmax_weigh<HD, TILE / 8>(&r->rows, r->o, s, scale);
        copy_wait<1>();
        __syncthreads(); // V is here
        if (live)
            add_product<HD, TILE / 8>(r->o, s, &m->v, 0);
    }
}

// Keys and values into the L2 cache; the last key may still be on its way there.
template <int HD>
__device__ __forceinline__ void ask_for_keys(const bf16 *K, const bf16 *V,
                                             size_t stride,
                                             const struct cascade_source &source)
{
    enum { LINE = 64, LINES = (HD + LINE - 1) / LINE }; // elements
    for (int i = (int)threadIdx.x; i < source.keys * LINES; i += FLASH_THREADS) {
        int key = i / LINES;
        size_t at =
            (size_t)source.key(key / TILE, key % TILE) * stride + i % LINES * LINE;
        prefetch_line(K + at);
        prefetch_line(V + at);
    }
}

// An item and a head of keys and values.
struct cascade_unit {
    struct cascade_item item;
    int own, queries; // rows of the tile in use
};

__device__ __forceinline__ struct cascade_unit unit_of(const struct cascade_view &plan,
                                                       const struct gpu_heads &h, int u)
{
    struct cascade_item item = plan.items[u / h.kv_heads];
    return cascade_unit{item, u % h.kv_heads, item.rows * (h.heads / h.kv_heads)};
}

template <int HD>
__device__ __forceinline__ void put_part(float *parts, const struct running<HD> *r,
                                         const struct cascade_unit &u,
                                         const struct gpu_heads &h)
{
    int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    int group = h.heads / h.kv_heads;
    for (int half = 0; half < 2; half++) {
        int q = warp * STRIP + lane / 4 + 8 * half;
        if (q >= u.queries)
            continue;
        size_t unit = (size_t)(u.item.part + q / group) * (size_t)h.heads +
                      (size_t)(u.own * group + q % group);
        float *part = parts + unit * (HD + 2);
        for (int n = 0; n < HD / 8; n++)
            *(float2 *)(part + n * 8 + 2 * (lane % 4)) =
                float2{r->o[n][2 * half], r->o[n][2 * half + 1]};
        if (lane % 4 == 0)
            *(float2 *)(part + HD) = float2{r->rows.most[half], r->rows.sum[half]};
    }
}

// Row r of an item's tile is its row r / group with query head r % group of the group.
// A fixed number of blocks takes one (item, kv head) after another.
template <int HD>
__global__ void __launch_bounds__(FLASH_THREADS)
    cascade_kernel(float *parts, const bf16 *Q, size_t ldq, struct gpu_kv kv,
                   struct cascade_view plan, struct few_ahead ahead, struct gpu_heads h,
                   float scale)
{
    struct cascade_shared<HD> *m = (struct cascade_shared<HD> *)dynamic_shared();
    int group = h.heads / h.kv_heads, units = *plan.n_items * h.kv_heads;
    let_next_begin();
    if ((int)blockIdx.x < units) {
        struct cascade_unit u = unit_of(plan, h, (int)blockIdx.x);
        size_t head = (size_t)u.own * HD;
        ask_for_keys<HD>((const bf16 *)kv.k + head, (const bf16 *)kv.v + head,
                         kv.stride,
                         cascade_source{plan.pages + u.item.page, u.item.keys});
    }
    wait_for_earlier();
    for (int i = (int)blockIdx.x; i < units; i += (int)gridDim.x) {
        struct cascade_unit u = unit_of(plan, h, i);
        size_t head = (size_t)u.own * HD;
        struct running<HD> r;
        __syncthreads(); // the last unit's tiles are no longer read
        fill_tile(&m->q, Q + head * (size_t)group, 1, [&](int q) {
            return q < u.queries ? (int64_t)((size_t)(u.item.row + q / group) * ldq) +
                                       q % group * HD
                                 : (int64_t)-1;
        });
        running_clear(&r);
        cascade_loop<HD>(&r, m, (const bf16 *)kv.k + head, (const bf16 *)kv.v + head,
                         kv.stride,
                         cascade_source{plan.pages + u.item.page, u.item.keys},
                         (int)threadIdx.x / WARP * STRIP < u.queries, scale);
        put_part<HD>(parts, &r, unit_of(plan, h, i),
                     h); // read again: registers are short
    }
    ask_ahead(ahead);
}

// One warp a (row, head), two columns a lane at a time.
__global__ void merge_kernel(bf16 *O, const float *parts, struct cascade_view plan,
                             int heads, int head_dim, int M)
{
    size_t unit = (size_t)blockIdx.x * FLASH_WARPS + threadIdx.x / WARP;
    int lane = (int)threadIdx.x % WARP;
    size_t row = unit / (size_t)heads, head = unit % (size_t)heads,
           width = (size_t)head_dim + 2;
    let_next_begin();
    wait_for_earlier();
    if (unit >= (size_t)M * (size_t)heads)
        return;
    int first = plan.part_first[row], end = plan.part_first[row + 1];
    float most = -INFINITY, sum = 0.0f;
    for (int i = first + lane; i < end; i += WARP)
        most =
            fmaxf(most, parts[((size_t)plan.parts[i] * (size_t)heads + head) * width +
                              (size_t)head_dim]);
    most = warp_max(most);
    float2 o[2] = {{0.0f, 0.0f}, {0.0f, 0.0f}};
#pragma unroll 4
    for (int i = first; i < end; i++) {
        const float *part =
            parts + ((size_t)plan.parts[i] * (size_t)heads + head) * width;
        float share = exp2f(part[head_dim] - most);
        sum += share * part[head_dim + 1];
        for (int c = 0; c < 2 && 2 * (c * WARP + lane) < head_dim; c++) {
            float2 v = *(const float2 *)(part + 2 * (c * WARP + lane));
            o[c].x += share * v.x;
            o[c].y += share * v.y;
        }
    }
    float scale = sum > 0.0f ? 1.0f / sum : 0.0f; // a row of nobody has no parts
    for (int c = 0; c < 2 && 2 * (c * WARP + lane) < head_dim; c++)
        *(uint32_t *)(O + unit * (size_t)head_dim + 2 * (size_t)(c * WARP + lane)) =
            pack_pair(o[c].x * scale, o[c].y * scale);
}

template <int HD>
static void cascade(struct gpu *g, void *O, const void *Q, size_t ldq,
                    const struct gpu_kv *kv, const struct cascade_view *plan,
                    const struct few_ahead *ahead, float *scratch,
                    const struct gpu_heads *h, int M)
{
    float scale = LOG2_E / sqrtf((float)HD);
    launch_early(g, (unsigned)(RESIDENT * gpu_multiprocessors(g)), FLASH_THREADS,
                 sizeof(struct cascade_shared<HD>), cascade_kernel<HD>, scratch,
                 (const bf16 *)Q, ldq, *kv, *plan, *ahead, *h, scale);
    launch_early(g, blocks_for((size_t)M * (size_t)h->heads, FLASH_WARPS),
                 FLASH_THREADS, 0, merge_kernel, (bf16 *)O, (const float *)scratch,
                 *plan, h->heads, HD, M);
}

void gpu_attention_cascade(struct gpu *g, void *O, const void *Q, size_t ldq,
                           const struct gpu_kv *kv, const struct cascade_view *plan,
                           const struct few_ahead *ahead, float *scratch,
                           const struct gpu_heads *h, int M)
{
    BY_HEAD_DIM(h->head_dim, cascade, g, O, Q, ldq, kv, plan, ahead, scratch, h, M);
}

// Attention of one decode step: items of cascade.h, then every row's parts merged.
#include "fragments.cuh"

struct cascade_source {
    const int32_t *pages;
    int keys;

    __device__ __forceinline__ int tiles() const { return (keys + TILE - 1) / TILE; }
    __device__ __forceinline__ int64_t key(int i, int r) const
    {
        int j = i * TILE + r;
        return j < keys ? (int64_t)pages[j / 16] * 16 + j % 16 : -1;
    }
    __device__ __forceinline__ int masked(int i) const { return (i + 1) * TILE > keys; }
    __device__ __forceinline__ int seen(int i, int, int r) const { return i * TILE + r < keys; }
};

// Row r of an item's tile is its row r / group with query head r % group of the group.
// A fixed number of blocks takes one (item, kv head) after another.
template <int HD>
__global__ void __launch_bounds__(FLASH_THREADS)
    cascade_kernel(float *parts, const bf16 *Q, size_t ldq, struct gpu_kv kv,
                   struct cascade_view plan, struct gpu_heads h, float scale)
{
    struct flash_shared<HD> *m = (struct flash_shared<HD> *)dynamic_shared();
    int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    int group = h.heads / h.kv_heads, units = *plan.n_items * h.kv_heads;
    for (int u = (int)blockIdx.x; u < units; u += (int)gridDim.x) {
        struct cascade_item item = plan.items[u / h.kv_heads];
        int own = u % h.kv_heads, queries = item.rows * group;
        __syncthreads(); // the last unit's tiles are no longer read
        fill_tile(&m->q, Q + (size_t)(own * group) * HD, 1, [&](int r) {
            return r < queries ? (int64_t)((size_t)(item.row + r / group) * ldq) + r % group * HD
                               : (int64_t)-1;
        });
        struct running<HD> r;
        running_clear(&r);
        const struct cascade_source source = {plan.pages + item.page, item.keys};
        flash_loop<HD>(&r, m, (const bf16 *)kv.k + (size_t)own * HD,
                       (const bf16 *)kv.v + (size_t)own * HD, kv.stride, source, scale);
        for (int half = 0; half < 2; half++) {
            int q = warp * STRIP + lane / 4 + 8 * half;
            if (q >= queries)
                continue;
            size_t unit = (size_t)(item.part + q / group) * (size_t)h.heads +
                          (size_t)(own * group + q % group);
            float *part = parts + unit * (HD + 2);
            for (int n = 0; n < HD / 8; n++)
                *(float2 *)(part + n * 8 + 2 * (lane % 4)) =
                    float2{r.o[n][2 * half], r.o[n][2 * half + 1]};
            if (lane % 4 == 0)
                *(float2 *)(part + HD) = float2{r.rows.most[half], r.rows.sum[half]};
        }
    }
}

// One warp a (row, head).
__global__ void merge_kernel(bf16 *O, const float *parts, struct cascade_view plan, int heads,
                             int head_dim, int M)
{
    size_t unit = (size_t)blockIdx.x * FLASH_WARPS + threadIdx.x / WARP;
    int lane = (int)threadIdx.x % WARP, width = head_dim + 2;
    if (unit >= (size_t)M * (size_t)heads)
        return;
    size_t row = unit / (size_t)heads, head = unit % (size_t)heads;
    int first = plan.part_first[row], end = plan.part_first[row + 1];
    float most = -INFINITY, sum = 0.0f;
    for (int i = first; i < end; i++)
        most = fmaxf(most, parts[((size_t)plan.parts[i] * (size_t)heads + head) * (size_t)width +
                                 (size_t)head_dim]);
    float o[4] = {};
    for (int i = first; i < end; i++) {
        const float *part =
            parts + ((size_t)plan.parts[i] * (size_t)heads + head) * (size_t)width;
        float share = exp2f(part[head_dim] - most);
        sum += share * part[head_dim + 1];
        for (int c = 0; c * WARP + lane < head_dim; c++)
            o[c] += share * part[c * WARP + lane];
    }
    for (int c = 0; c * WARP + lane < head_dim; c++)
        O[unit * (size_t)head_dim + (size_t)(c * WARP + lane)] = 
            from_float<bf16>(sum > 0.0f ? o[c] / sum : 0.0f); // a row of nobody has no parts
}

template <int HD>
static void cascade(struct gpu *g, void *O, const void *Q, size_t ldq, const struct gpu_kv *kv,
                    const struct cascade_view *plan, float *scratch, const struct gpu_heads *h,
                    int M)
{
    float scale = LOG2_E / sqrtf((float)HD);
    launch(g, (unsigned)(4 * gpu_multiprocessors(g)), FLASH_THREADS,
           sizeof(struct flash_shared<HD>), cascade_kernel<HD>, scratch, (const bf16 *)Q, ldq, *kv,
           *plan, *h, scale);
    launch(g, blocks_for((size_t)M * (size_t)h->heads, FLASH_WARPS), FLASH_THREADS, 0,
           merge_kernel, (bf16 *)O, (const float *)scratch, *plan, h->heads, HD, M);
}

void gpu_attention_cascade(struct gpu *g, void *O, const void *Q, size_t ldq,
                           const struct gpu_kv *kv, const struct cascade_view *plan,
                           float *scratch, const struct gpu_heads *h, int M)
{
    BY_HEAD_DIM(h->head_dim, cascade, g, O, Q, ldq, kv, plan, scratch, h, M);
}

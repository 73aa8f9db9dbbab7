// Attention along every row's own path: see attention.h.  One warp a (row, head).
#include "attention.h"

#include "sums.cuh"

enum { PLAIN_WARPS = 4, PLAIN_MOST_DIM = 256, PER_LANE = PLAIN_MOST_DIM / WARP };

struct plain_shape {
    int heads, kv_heads, head_dim, M;
    float scale;
    size_t ldq;
};

static struct plain_shape plain_shape_of(const struct gpu_heads *h, size_t ldq, int M)
{
    return plain_shape{
        h->heads, h->kv_heads, h->head_dim, M, 1.0f / sqrtf((float)h->head_dim), ldq};
}

// A lane's place on a path; positions are asked for in ascending order.
struct walk {
    int at, end; // in paths.list
};

__device__ __forceinline__ int32_t row_at(struct walk *w, const struct gpu_paths *p,
                                          int position)
{
    struct gpu_stretch s = p->stretches[p->list[w->at]];
    while (position >= s.start + s.count && w->at + 1 < w->end)
        s = p->stretches[p->list[++w->at]];
    int own = position - s.start;
    return p->pages ? p->pages[s.base + own / 16] * 16 + own % 16 : s.base + own;
}

template <class T>
__device__ __forceinline__ float dot(const float *a, const T *b, int n)
{
    float sum = 0.0f;
    for (int d = 0; d < n; d++)
        sum = __fmaf_rn(a[d], to_float(b[d]), sum);
    return sum;
}

template <class T>
__global__ void plain_kernel(T *O, float *lse, const T *Q, struct gpu_kv kv,
                             struct gpu_paths p, struct plain_shape s)
{
    __shared__ float queries[PLAIN_WARPS][PLAIN_MOST_DIM];
    int lane = (int)threadIdx.x % WARP, warp = (int)threadIdx.x / WARP;
    size_t unit = (size_t)blockIdx.x * PLAIN_WARPS + (size_t)warp;
    if (unit >= (size_t)s.M * (size_t)s.heads)
        return;
    size_t row = unit / (size_t)s.heads;
    int head = (int)(unit % (size_t)s.heads), own = head / (s.heads / s.kv_heads);
    const T *q = Q + row * s.ldq + (size_t)head * (size_t)s.head_dim;
    for (int d = lane; d < s.head_dim; d += WARP)
        queries[warp][d] = to_float(q[d]) * s.scale;
    __syncwarp();
    const T *K = (const T *)kv.k + (size_t)own * (size_t)s.head_dim;
    const T *V = (const T *)kv.v + (size_t)own * (size_t)s.head_dim;
    struct walk w = {p.first[p.path[row]], p.first[p.path[row] + 1]};
    float o[PER_LANE] = {}, most = -INFINITY, sum = 0.0f;
    int length = p.length[row];
    for (int begin = 0; begin < length; begin += WARP) {
        int count = length - begin < WARP ? length - begin : WARP;
        int32_t at = lane < count ? row_at(&w, &p, begin + lane) : 0;
        float score = lane < count
                          ? dot(queries[warp], K + (size_t)at * kv.stride, s.head_dim)
                          : -INFINITY;
        float top = fmaxf(most, warp_max(score));
        float keep = expf(most - top), weight = lane < count ? expf(score - top) : 0.0f;
        sum = sum * keep + warp_sum(weight);
        most = top;
        for (int i = 0; i < PER_LANE; i++)
            o[i] *= keep;
        for (int j = 0; j < count; j++) {
            float share = __shfl_sync(ALL_LANES, weight, j);
            const T *v = V + (size_t)__shfl_sync(ALL_LANES, at, j) * kv.stride;
            for (int i = 0; i * WARP + lane < s.head_dim; i++)
                o[i] = __fmaf_rn(share, to_float(v[i * WARP + lane]), o[i]);
        }
    }
    for (int i = 0; i * WARP + lane < s.head_dim; i++)
        O[unit * (size_t)s.head_dim + (size_t)(i * WARP + lane)] =
            from_float<T>(o[i] / sum);
    if (lse && lane == 0)
        lse[unit] = most + logf(sum);
}

template <class T>
static void plain(struct gpu *g, void *O, float *lse, const void *Q, size_t ldq,
                  const struct gpu_kv *kv, const struct gpu_paths *p,
                  const struct gpu_heads *h, int M)
{
    launch(g, blocks_for((size_t)M * (size_t)h->heads, PLAIN_WARPS), PLAIN_WARPS * WARP,
           0, plain_kernel<T>, (T *)O, lse, (const T *)Q, *kv, *p,
           plain_shape_of(h, ldq, M));
}

void gpu_attention_plain(struct gpu *g, enum gpu_type type, void *O, float *lse,
                         const void *Q, size_t ldq, const struct gpu_kv *kv,
                         const struct gpu_paths *p, const struct gpu_heads *h, int M)
{
    BY_TYPE(type, plain, g, O, lse, Q, ldq, kv, p, h, M);
}

// ---- backward: dS = P o (dP - delta), delta = rowsum(P o dP) = dO . O

struct grad_rows {
    const float *lse;
    float *delta;
    const int32_t *ends;
    size_t width; // of a row [q | k | v]
};

template <class T>
__global__ void delta_kernel(float *delta, const T *dO, const T *O, int head_dim,
                             size_t units)
{
    size_t unit = (size_t)blockIdx.x * PLAIN_WARPS + threadIdx.x / WARP;
    int lane = (int)threadIdx.x % WARP;
    if (unit >= units)
        return;
    float sum = 0.0f;
    for (int d = 4 * lane; d < head_dim; d += 4 * WARP) {
        size_t at = unit * (size_t)head_dim + (size_t)d;
        sum += sum4(multiply4(load4(dO + at), load4(O + at)));
    }
    sum = warp_sum(sum);
    if (lane == 0)
        delta[unit] = sum;
}

template <class T>
__global__ void plain_dq_kernel(T *dQKV, const T *dO, const T *QKV, struct grad_rows r,
                                struct gpu_paths p, struct plain_shape s)
{
    __shared__ float queries[PLAIN_WARPS][PLAIN_MOST_DIM],
        slopes[PLAIN_WARPS][PLAIN_MOST_DIM];
    int lane = (int)threadIdx.x % WARP, warp = (int)threadIdx.x / WARP;
    size_t unit = (size_t)blockIdx.x * PLAIN_WARPS + (size_t)warp;
    if (unit >= (size_t)s.M * (size_t)s.heads)
        return;
    size_t row = unit / (size_t)s.heads;
    int head = (int)(unit % (size_t)s.heads), own = head / (s.heads / s.kv_heads);
    size_t at_head = row * r.width + (size_t)head * (size_t)s.head_dim;
    for (int d = lane; d < s.head_dim; d += WARP) {
        queries[warp][d] = to_float(QKV[at_head + (size_t)d]) * s.scale;
        slopes[warp][d] = to_float(dO[unit * (size_t)s.head_dim + (size_t)d]);
    }
    __syncwarp();
    const T *K = QKV + (size_t)((s.heads + own) * s.head_dim);
    const T *V = K + (size_t)(s.kv_heads * s.head_dim);
    struct walk w = {p.first[p.path[row]], p.first[p.path[row] + 1]};
    float dq[PER_LANE] = {}, lse = r.lse[unit], delta = r.delta[unit];
    int length = p.length[row];
    for (int begin = 0; begin < length; begin += WARP) {
        int count = length - begin < WARP ? length - begin : WARP;
        int32_t at = 0;
        float ds = 0.0f;
        if (lane < count) {
            at = row_at(&w, &p, begin + lane);
            float weight =
                expf(dot(queries[warp], K + (size_t)at * r.width, s.head_dim) - lse);
            ds = weight *
                 (dot(slopes[warp], V + (size_t)at * r.width, s.head_dim) - delta);
        }
        for (int j = 0; j < count; j++) {
            float share = __shfl_sync(ALL_LANES, ds, j) * s.scale;
            const T *k = K + (size_t)__shfl_sync(ALL_LANES, at, j) * r.width;
            for (int i = 0; i * WARP + lane < s.head_dim; i++)
                dq[i] = __fmaf_rn(share, to_float(k[i * WARP + lane]), dq[i]);
        }
    }
    for (int i = 0; i * WARP + lane < s.head_dim; i++)
        dQKV[at_head + (size_t)(i * WARP + lane)] = from_float<T>(dq[i]);
}

// One warp a (key, kv head): the rows that see it are row .. ends[row] - 1.
template <class T>
__global__ void plain_dkv_kernel(T *dQKV, const T *dO, const T *QKV, struct grad_rows r,
                                 struct plain_shape s)
{
    __shared__ float keys[PLAIN_WARPS][PLAIN_MOST_DIM],
        values[PLAIN_WARPS][PLAIN_MOST_DIM];
    int lane = (int)threadIdx.x % WARP, warp = (int)threadIdx.x / WARP;
    size_t unit = (size_t)blockIdx.x * PLAIN_WARPS + (size_t)warp;
    if (unit >= (size_t)s.M * (size_t)s.kv_heads)
        return;
    int row = (int)(unit / (size_t)s.kv_heads), own = (int)(unit % (size_t)s.kv_heads);
    int group = s.heads / s.kv_heads;
    size_t at_key = (size_t)row * r.width + (size_t)((s.heads + own) * s.head_dim);
    size_t at_value = at_key + (size_t)(s.kv_heads * s.head_dim);
    for (int d = lane; d < s.head_dim; d += WARP) {
        keys[warp][d] = to_float(QKV[at_key + (size_t)d]) * s.scale;
        values[warp][d] = to_float(QKV[at_value + (size_t)d]);
    }
    __syncwarp();
    float dk[PER_LANE] = {}, dv[PER_LANE] = {};
    int end = r.ends[row];
    for (int begin = row; begin < end; begin += WARP)
        for (int head = own * group; head < (own + 1) * group; head++) {
            int count = end - begin < WARP ? end - begin : WARP;
            float weight = 0.0f, ds = 0.0f;
            if (lane < count) {
                size_t i = (size_t)(begin + lane),
                       of = i * (size_t)s.heads + (size_t)head;
                const T *q = QKV + i * r.width + (size_t)head * (size_t)s.head_dim;
                weight = expf(dot(keys[warp], q, s.head_dim) - r.lse[of]);
                ds = weight *
                     (dot(values[warp], dO + of * (size_t)s.head_dim, s.head_dim) -
                      r.delta[of]);
            }
            for (int j = 0; j < count; j++) {
                float share = __shfl_sync(ALL_LANES, ds, j) * s.scale;
                float part = __shfl_sync(ALL_LANES, weight, j);
                size_t i = (size_t)(begin + j), of = i * (size_t)s.heads + (size_t)head;
                const T *q = QKV + i * r.width + (size_t)head * (size_t)s.head_dim;
                const T *slope = dO + of * (size_t)s.head_dim;
                for (int c = 0; c * WARP + lane < s.head_dim; c++) {
                    dk[c] = __fmaf_rn(share, to_float(q[c * WARP + lane]), dk[c]);
                    dv[c] = __fmaf_rn(part, to_float(slope[c * WARP + lane]), dv[c]);
                }
            }
        }
    for (int c = 0; c * WARP + lane < s.head_dim; c++) {
        dQKV[at_key + (size_t)(c * WARP + lane)] = from_float<T>(dk[c]);
        dQKV[at_value + (size_t)(c * WARP + lane)] = from_float<T>(dv[c]);
    }
}

template <class T>
static void delta(struct gpu *g, const struct gpu_attention_grad *a,
                  const struct gpu_heads *h, int M)
{
    size_t units = (size_t)M * (size_t)h->heads;
    launch(g, blocks_for(units, PLAIN_WARPS), PLAIN_WARPS * WARP, 0, delta_kernel<T>,
           a->delta, (const T *)a->dO, (const T *)a->O, h->head_dim, units);
}

void attention_delta(struct gpu *g, enum gpu_type type,
                     const struct gpu_attention_grad *a, const struct gpu_heads *h,
                     int M)
{
    BY_TYPE(type, delta, g, a, h, M);
}

template <class T>
static void plain_backward(struct gpu *g, const struct gpu_attention_grad *a,
                           const struct gpu_paths *p, const struct gpu_heads *h, int M)
{
    size_t width = (size_t)((h->heads + 2 * h->kv_heads) * h->head_dim);
    struct grad_rows r = {a->lse, a->delta, a->ends, width};
    struct plain_shape s = plain_shape_of(h, width, M);
    delta<T>(g, a, h, M);
    launch(g, blocks_for((size_t)M * (size_t)h->heads, PLAIN_WARPS), PLAIN_WARPS * WARP,
           0, plain_dq_kernel<T>, (T *)a->dQKV, (const T *)a->dO, (const T *)a->QKV, r,
           *p, s);
    launch(g, blocks_for((size_t)M * (size_t)h->kv_heads, PLAIN_WARPS),
           PLAIN_WARPS * WARP, 0, plain_dkv_kernel<T>, (T *)a->dQKV, (const T *)a->dO,
           (const T *)a->QKV, r, s);
}

void gpu_attention_plain_backward(struct gpu *g, enum gpu_type type,
                                  const struct gpu_attention_grad *a,
                                  const struct gpu_paths *p, const struct gpu_heads *h,
                                  int M)
{
    BY_TYPE(type, plain_backward, g, a, p, h, M);
}

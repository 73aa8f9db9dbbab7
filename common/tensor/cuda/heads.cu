// Heads of queries and keys between their product and attention: norm, rotation, and
// the key/value cache.
#include "sums.cuh"

enum { HEAD_WARPS = 4 };

struct head_shape {
    int heads, kv_heads, head_dim, width;
};

static struct head_shape shape_of(const struct gpu_rotate *r)
{
    return head_shape{r->heads, r->kv_heads, r->head_dim,
                      (r->heads + 2 * r->kv_heads) * r->head_dim};
}

// One warp a head of a row.  Heads are numbered q, k, v as they stand in the row.
template <class T>
__global__ void rotate_kernel(T *out, float *inv_rms, const T *in, struct gpu_rotate r,
                              struct head_shape s, int M)
{
    int all = s.heads + 2 * s.kv_heads, lane = (int)threadIdx.x % WARP;
    size_t unit = (size_t)blockIdx.x * HEAD_WARPS + threadIdx.x / WARP;
    if (unit >= (size_t)M * (size_t)all)
        return;
    size_t row = unit / (size_t)all;
    int head = (int)(unit % (size_t)all), half = s.head_dim / 2;
    const T *x = in + row * (size_t)s.width + (size_t)head * (size_t)s.head_dim;
    T *y = out + row * (size_t)s.width + (size_t)head * (size_t)s.head_dim;
    int is_query = head < s.heads, is_value = head >= s.heads + s.kv_heads;
    const T *gain = (const T *)(is_query ? r.q_gain : r.k_gain);
    float scale = 1.0f;
    if (gain && !is_value) {
        float squares = 0.0f;
        for (int d = lane; d < s.head_dim; d += WARP)
            squares += to_float(x[d]) * to_float(x[d]);
        scale = rsqrtf(warp_sum(squares) / (float)s.head_dim + r.epsilon);
        if (inv_rms && lane == 0)
            inv_rms[row * (size_t)(s.heads + s.kv_heads) + (size_t)head] = scale;
    }
    T *cached = NULL;
    if (r.slots && !is_query)
        cached = (T *)r.cache + (size_t)r.slots[row] * (size_t)(2 * s.kv_heads * s.head_dim) +
                 (size_t)(head - s.heads) * (size_t)s.head_dim;
    const float *cosine = r.cosine + (size_t)r.positions[row] * (size_t)half;
    const float *sine = r.sine + (size_t)r.positions[row] * (size_t)half;
    for (int d = lane; d < half; d += WARP) {
        float a = to_float(x[d]), b = to_float(x[d + half]);
        if (!is_value) {
            if (gain) {
                a *= scale * to_float(gain[d]);
                b *= scale * to_float(gain[d + half]);
            }
            float turned = a * cosine[d] - b * sine[d];
            b = b * cosine[d] + a * sine[d];
            a = turned;
        }
        y[d] = from_float<T>(a);
        y[d + half] = from_float<T>(b);
        if (cached) {
            cached[d] = from_float<T>(a);
            cached[d + half] = from_float<T>(b);
        }
    }
}

template <class T>
static void rotate(struct gpu *g, void *out, float *inv_rms, const void *in,
                   const struct gpu_rotate *r, int M)
{
    struct head_shape s = shape_of(r);
    size_t units = (size_t)M * (size_t)(s.heads + 2 * s.kv_heads);
    launch(g, blocks_for(units, HEAD_WARPS), HEAD_WARPS * WARP, 0, rotate_kernel<T>, (T *)out,
           inv_rms, (const T *)in, *r, s, M);
}

void gpu_rotate(struct gpu *g, enum gpu_type type, void *out, float *inv_rms, const void *in,
                const struct gpu_rotate *r, int M)
{
    BY_TYPE(type, rotate, g, out, inv_rms, in, r, M);
}

// One warp a head of q or k, row after row, with the gain's gradient of its rows in
// `parts` (warps, head_dim).  Heads of q are q's warps alone, so that each part belongs
// to one gain.
template <class T>
__global__ void rotate_backward_kernel(T *d, float *parts, const T *in, const float *inv_rms,
                                       struct gpu_rotate r, struct head_shape s, int M)
{
    int lane = (int)threadIdx.x, head = (int)blockIdx.y, half = s.head_dim / 2;
    const T *gain = (const T *)(head < s.heads ? r.q_gain : r.k_gain);
    float *part = parts + ((size_t)head * gridDim.x + blockIdx.x) * (size_t)s.head_dim;
    if (gain)
        for (int c = lane; c < s.head_dim; c += WARP)
            part[c] = 0.0f;
    for (int row = (int)blockIdx.x; row < M; row += (int)gridDim.x) {
        size_t at = (size_t)row * (size_t)s.width + (size_t)head * (size_t)s.head_dim;
        const float *cosine = r.cosine + (size_t)r.positions[row] * (size_t)half;
        const float *sine = r.sine + (size_t)r.positions[row] * (size_t)half;
        float scale = 1.0f, pull = 0.0f;
        if (gain) {
            float dot = 0.0f;
            scale = inv_rms[(size_t)row * (size_t)(s.heads + s.kv_heads) + (size_t)head];
            for (int c = lane; c < half; c += WARP) {
                float a = to_float(d[at + c]), b = to_float(d[at + c + half]);
                float da = a * cosine[c] + b * sine[c], db = b * cosine[c] - a * sine[c];
                dot += da * to_float(gain[c]) * to_float(in[at + c]) +
                       db * to_float(gain[c + half]) * to_float(in[at + c + half]);
            }
            pull = warp_sum(dot) * scale * scale * scale / (float)s.head_dim;
        }
        for (int c = lane; c < half; c += WARP) {
            float a = to_float(d[at + c]), b = to_float(d[at + c + half]);
            float da = a * cosine[c] + b * sine[c], db = b * cosine[c] - a * sine[c];
            if (gain) {
                float xa = to_float(in[at + c]), xb = to_float(in[at + c + half]);
                part[c] += da * xa * scale;
                part[c + half] += db * xb * scale;
                da = da * to_float(gain[c]) * scale - xa * pull;
                db = db * to_float(gain[c + half]) * scale - xb * pull;
            }
            d[at + c] = from_float<T>(da);
            d[at + c + half] = from_float<T>(db);
        }
    }
}

template <class T>
static void rotate_backward(struct gpu *g, void *d, float *dq_gain, float *dk_gain, const void *in,
                            const float *inv_rms, const struct gpu_rotate *r, float *parts, int M)
{
    struct head_shape s = shape_of(r);
    int heads = s.heads + s.kv_heads;
    // Without gains there are no parts, and a warp takes few rows.
    int per_head = r->q_gain ? (GPU_PARTS / heads > 0 ? GPU_PARTS / heads : 1) : 4 * GPU_PARTS;
    int blocks = M < per_head ? M : per_head;
    launch(g, dim3((unsigned)blocks, (unsigned)heads), WARP, 0, rotate_backward_kernel<T>, (T *)d,
           parts, (const T *)in, inv_rms, *r, s, M);
    if (!r->q_gain)
        return;
    add_parts(g, dq_gain, parts, s.heads * blocks, s.head_dim);
    add_parts(g, dk_gain, parts + (size_t)(s.heads * blocks * s.head_dim), s.kv_heads * blocks,
              s.head_dim);
}

void gpu_rotate_backward(struct gpu *g, enum gpu_type type, void *d, float *dq_gain,
                         float *dk_gain, const void *in, const float *inv_rms,
                         const struct gpu_rotate *r, float *parts, int M)
{
    BY_TYPE(type, rotate_backward, g, d, dq_gain, dk_gain, in, inv_rms, r, parts, M);
}

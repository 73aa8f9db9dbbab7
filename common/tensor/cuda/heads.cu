// Heads of queries and keys between their product and attention: norm, rotation, and
// the key/value cache.
#include "sums.cuh"

enum { HEAD_THREADS = 256 };

// A power of two of lanes takes a head: each has four elements of the first half and
// the four that are turned with them.
struct head_shape {
    int heads, kv_heads, head_dim, width, lanes;
};

static struct head_shape shape_of(const struct gpu_rotate *r)
{
    int lanes = 1;
    while (8 * lanes < r->head_dim)
        lanes *= 2;
    return head_shape{r->heads, r->kv_heads, r->head_dim,
                      (r->heads + 2 * r->kv_heads) * r->head_dim, lanes};
}

// Over the lanes of a head.
__device__ __forceinline__ float head_sum(float x, int lanes)
{
    for (int by = lanes / 2; by > 0; by /= 2)
        x += __shfl_xor_sync(ALL_LANES, x, by);
    return x;
}

// The pairs (a, b) by the angles of cosine and sine.
__device__ __forceinline__ void turn(float4 *a, float4 *b, float4 cosine, float4 sine)
{
    float4 turned = add4(multiply4(*a, cosine), scale4(multiply4(*b, sine), -1.0f));
    *b = add4(multiply4(*b, cosine), multiply4(*a, sine));
    *a = turned;
}

// One block a row.  Heads are numbered q, k, v as they stand in the row.
template <class T>
__global__ void __launch_bounds__(HEAD_THREADS)
    rotate_kernel(T *out, float *inv_rms, const T *in, struct gpu_rotate r,
                  struct head_shape s)
{
    size_t row = blockIdx.x;
    int all = s.heads + 2 * s.kv_heads, half = s.head_dim / 2,
        at_once = (int)blockDim.x / s.lanes;
    int c = 4 * ((int)threadIdx.x % s.lanes);
    size_t angle = (size_t)r.positions[row] * (size_t)half + (size_t)c;
    T *cached = r.slots ? (T *)r.cache + (size_t)r.slots[row] *
                                             (size_t)(2 * s.kv_heads * s.head_dim)
                        : NULL;
    // A warp's lanes stay together: sums need all of them.
    for (int first = 0; first < all; first += at_once) {
        int head = first + (int)threadIdx.x / s.lanes;
        int is_query = head < s.heads, is_value = head >= s.heads + s.kv_heads;
        int own = head < all && c < half && !(is_value && in == out && !cached);
        const T *gain = (const T *)(is_query ? r.q_gain : r.k_gain);
        size_t at =
            row * (size_t)s.width + (size_t)head * (size_t)s.head_dim + (size_t)c;
        float4 a = own ? load4(in + at) : zero4(),
               b = own ? load4(in + at + half) : zero4();
        if (gain) {
            float squares =
                head_sum(sum4(multiply4(a, a)) + sum4(multiply4(b, b)), s.lanes);
            float scale = rsqrtf(squares / (float)s.head_dim + r.epsilon);
            if (own && !is_value) {
                a = multiply4(scale4(a, scale), load4(gain + c));
                b = multiply4(scale4(b, scale), load4(gain + c + half));
                if (inv_rms && c == 0)
                    inv_rms[row * (size_t)(s.heads + s.kv_heads) + (size_t)head] =
                        scale;
            }
        }
        if (!own)
            continue;
        if (!is_value)
            turn(&a, &b, load4(r.cosine + angle), load4(r.sine + angle));
        store4(out + at, a);
        store4(out + at + half, b);
        if (cached && !is_query) {
            T *to = cached + (size_t)(head - s.heads) * (size_t)s.head_dim + c;
            store4(to, a);
            store4(to + half, b);
        }
    }
}

static int head_threads(int units)
{
    int threads = (units + WARP - 1) / WARP * WARP;
    return threads < HEAD_THREADS ? threads : HEAD_THREADS;
}

template <class T>
static void rotate(struct gpu *g, void *out, float *inv_rms, const void *in,
                   const struct gpu_rotate *r, int M)
{
    struct head_shape s = shape_of(r);
    launch(g, (unsigned)M, head_threads((s.heads + 2 * s.kv_heads) * s.lanes), 0,
           rotate_kernel<T>, (T *)out, inv_rms, (const T *)in, *r, s);
}

void gpu_rotate(struct gpu *g, enum gpu_type type, void *out, float *inv_rms,
                const void *in, const struct gpu_rotate *r, int M)
{
    BY_TYPE(type, rotate, g, out, inv_rms, in, r, M);
}

// Gradients of the gains, of a thread's columns: of q's heads and of k's.
struct gain_sums {
    float4 a[2], b[2];
};

// The block's sums to its row of parts (2, gridDim, head_dim).
__device__ __forceinline__ void store_gains(float *parts, const struct gain_sums *own,
                                            const struct head_shape *s)
{
    float *sums = (float *)dynamic_shared(); // (2, groups, head_dim)
    int groups = (int)blockDim.x / s->lanes, group = (int)threadIdx.x / s->lanes;
    int c = 4 * ((int)threadIdx.x % s->lanes), half = s->head_dim / 2;
    for (int kind = 0; kind < 2 && c < half; kind++) {
        float *to = sums + (kind * groups + group) * s->head_dim + c;
        store4(to, own->a[kind]);
        store4(to + half, own->b[kind]);
    }
    __syncthreads();
    for (int i = (int)threadIdx.x; i < 2 * s->head_dim; i += (int)blockDim.x) {
        int kind = i / s->head_dim, column = i % s->head_dim;
        float sum = 0.0f;
        for (int k = 0; k < groups; k++)
            sum += sums[(kind * groups + k) * s->head_dim + column];
        parts[((size_t)kind * gridDim.x + blockIdx.x) * (size_t)s->head_dim +
              (size_t)column] = sum;
    }
}

// A block takes every gridDim-th row.
template <class T>
__global__ void __launch_bounds__(HEAD_THREADS)
    rotate_backward_kernel(T *d, float *parts, const T *in, const float *inv_rms,
                           struct gpu_rotate r, struct head_shape s, int M)
{
    int all = s.heads + s.kv_heads, half = s.head_dim / 2,
        at_once = (int)blockDim.x / s.lanes;
    int c = 4 * ((int)threadIdx.x % s.lanes);
    struct gain_sums sums = {};
    for (int row = (int)blockIdx.x; row < M; row += (int)gridDim.x)
        for (int first = 0; first < all; first += at_once) {
            int head = first + (int)threadIdx.x / s.lanes, own = head < all && c < half;
            int kind = head >= s.heads;
            size_t at = (size_t)row * (size_t)s.width +
                        (size_t)head * (size_t)s.head_dim + (size_t)c;
            size_t angle = (size_t)r.positions[row] * (size_t)half + (size_t)c;
            float4 a = own ? load4(d + at) : zero4(),
                   b = own ? load4(d + at + half) : zero4();
            if (own)
                turn(&a, &b, load4(r.cosine + angle),
                     scale4(load4(r.sine + angle), -1.0f));
            if (r.q_gain) {
                const T *gain = (const T *)(kind ? r.k_gain : r.q_gain);
                float4 xa = own ? load4(in + at) : zero4();
                float4 xb = own ? load4(in + at + half) : zero4();
                float scale =
                    own ? inv_rms[(size_t)row * (size_t)all + (size_t)head] : 0.0f;
                float4 ga = own ? load4(gain + c) : zero4(),
                       gb = own ? load4(gain + c + half) : zero4();
                float4 pa = multiply4(a, xa), pb = multiply4(b, xb);
                for (int k = 0; k < 2;
                     k++) { // both, so that the sums stay in registers
                    float share = kind == k ? scale : 0.0f;
                    sums.a[k] = add4(sums.a[k], scale4(pa, share));
                    sums.b[k] = add4(sums.b[k], scale4(pb, share));
                }
                float dot = head_sum(sum4(multiply4(pa, ga)) + sum4(multiply4(pb, gb)),
                                     s.lanes);
                float pull = dot * scale * scale * scale / (float)s.head_dim;
                a = add4(scale4(multiply4(a, ga), scale), scale4(xa, -pull));
                b = add4(scale4(multiply4(b, gb), scale), scale4(xb, -pull));
            }
            if (own) {
                store4(d + at, a);
                store4(d + at + half, b);
            }
        }
    if (r.q_gain)
        store_gains(parts, &sums, &s);
}

template <class T>
static void rotate_backward(struct gpu *g, void *d, float *dq_gain, float *dk_gain,
                            const void *in, const float *inv_rms,
                            const struct gpu_rotate *r, float *parts, int M)
{
    struct head_shape s = shape_of(r);
    int blocks = r->q_gain && M > GPU_PARTS ? GPU_PARTS : M;
    int threads = head_threads((s.heads + s.kv_heads) * s.lanes);
    size_t shared = (size_t)(2 * threads / s.lanes * s.head_dim) * sizeof(float);
    launch(g, (unsigned)blocks, threads, r->q_gain ? shared : 0,
           rotate_backward_kernel<T>, (T *)d, parts, (const T *)in, inv_rms, *r, s, M);
    if (!r->q_gain)
        return;
    add_parts(g, dq_gain, parts, blocks, s.head_dim);
    add_parts(g, dk_gain, parts + (size_t)blocks * (size_t)s.head_dim, blocks,
              s.head_dim);
}

void gpu_rotate_backward(struct gpu *g, enum gpu_type type, void *d, float *dq_gain,
                         float *dk_gain, const void *in, const float *inv_rms,
                         const struct gpu_rotate *r, float *parts, int M)
{
    BY_TYPE(type, rotate_backward, g, d, dq_gain, dk_gain, in, inv_rms, r, parts, M);
}

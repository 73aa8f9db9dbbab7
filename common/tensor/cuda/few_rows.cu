// Products of few rows: few_rows.h says what.  How: a block owns some outputs and a
// stretch of K.  Chunks of FEW_CHUNK columns of its weights and of all rows x pass
// through a ring of stages in shared memory, filled by asynchronous copies that run a
// ring's length ahead of the tensor cores.  Weights are the left operand (16 outputs),
// rows the right one (8 rows), so that a batch of 16 wastes nothing.
#include "few_rows.h"

#include "ahead.cuh"
#include "sums.cuh"

enum few_kind { FEW_PLAIN, FEW_LOGITS, FEW_SWIGLU, FEW_HEADS, FEW_PARTS };

enum {
    FEW_THREADS = 128,
    SHARED_ROOM = 96 << 10, // so that the next kernel's blocks fit beside these
    MOST_STAGES = 8,
};

struct few_args {
    const bf16 *x, *w, *bias;
    void *y;
    int M, N, K, ld;
    int half;   // paired kinds: an output's partner stands so many rows below
    int chunks; // of a block
    struct gpu_rotate rotate;
    struct few_ahead ahead;
};

// In the paired kinds a strip of 16 weight rows is 8 outputs and their 8 partners (gate
// and up, the two halves of a head), which then meet in one thread's sums.
__host__ __device__ constexpr int paired(int kind)
{
    return kind == FEW_SWIGLU || kind == FEW_HEADS;
}
// So many warps share their outputs and take turns in every chunk: where there are few
// outputs and sums are not split, so that a block has enough to do.
__host__ __device__ constexpr int together(int kind)
{
    return kind == FEW_HEADS ? 8 : 1;
}
__host__ __device__ constexpr int threads_of(int kind) // at most
{
    return kind == FEW_HEADS ? 2 * FEW_THREADS : FEW_THREADS;
}
// Columns of a chunk, and pieces of 16 bytes in a row of it.
__host__ __device__ constexpr int chunk_of(int kind)
{
    return kind == FEW_HEADS ? 2 * FEW_CHUNK : FEW_CHUNK;
}
__host__ __device__ constexpr int pieces_of(int kind)
{
    return chunk_of(kind) / 8;
}
__host__ __device__ constexpr int stage_bytes(int kind, int tiles, int threads)
{
    return (threads / together(kind) + 8 * tiles) * chunk_of(kind) * 2;
}
__host__ __device__ constexpr int stages_of(int kind, int tiles)
{
    return SHARED_ROOM / stage_bytes(kind, tiles, threads_of(kind)) < MOST_STAGES
               ? SHARED_ROOM / stage_bytes(kind, tiles, threads_of(kind))
               : MOST_STAGES;
}

// Pieces of 16 bytes are stored so that the same piece of eight adjacent rows lies in
// different banks.
template <int KIND>
__device__ __forceinline__ bf16 *piece_at(bf16 *rows, int row, int piece)
{
    return rows + row * chunk_of(KIND) + (piece ^ (row & 7)) * 8;
}

// The weight row that stands in row r of the block's tile; -1: none.
template <int KIND>
__device__ __forceinline__ int weight_row(const struct few_args &a, int outputs, int r)
{
    if (!paired(KIND)) {
        int n = (int)blockIdx.x * outputs + r;
        return n < a.N ? n : -1;
    }
    int unit = (int)blockIdx.x * (outputs / 2) + r / 16 * 8 + r % 8;
    int first = unit / a.half * (2 * a.half) + unit % a.half;
    return unit < a.N / 2 ? first + r % 16 / 8 * a.half : -1;
}

// What a thread copies of every chunk: one piece of each of some weight rows and rows.
template <int KIND, int TILES> struct few_source {
    enum { PIECES = pieces_of(KIND), PASSES = PIECES / together(KIND) };
    const bf16 *w, *x;
    uint32_t row[PASSES]; // of w, in pieces; all ones: none
    int K, M, row_step, at, piece;
    uint64_t first_out;

    __device__ __forceinline__ void begin(const struct few_args &a, int outputs)
    {
        w = a.w;
        x = a.x;
        first_out = first_out_policy();
        K = a.K / 8;
        M = a.M;
        row_step = (int)blockDim.x / PIECES;
        at = (int)threadIdx.x / PIECES;
        piece = (int)threadIdx.x % PIECES;
        for (int i = 0; i < PASSES; i++) {
            int n = weight_row<KIND>(a, outputs, at + i * row_step);
            row[i] = n < 0 ? ~0u : (uint32_t)n * (uint32_t)K;
        }
    }
    __device__ __forceinline__ void weights(bf16 *to, int chunk) const
    {
        int k = chunk * PIECES + piece;
        for (int i = 0; i < PASSES; i++) {
            int there = row[i] != ~0u && k < K;
            copy_async_once(piece_at<KIND>(to, at + i * row_step, piece),
                            there ? w + 8 * ((size_t)row[i] + (size_t)k) : w,
                            there ? 16 : 0, first_out);
        }
    }
    __device__ __forceinline__ void rows(bf16 *to, int chunk) const
    {
        int k = chunk * PIECES + piece;
        for (int m = at; m < 8 * TILES; m += row_step) {
            int there = m < M && k < K;
            copy_async(piece_at<KIND>(to, m, piece),
                       there ? x + 8 * ((size_t)m * (size_t)K + (size_t)k) : x,
                       there ? 16 : 0);
        }
    }
};

// Two strips of 16 weight rows from row `strip` on, times all rows, over one chunk.
template <int KIND, int TILES>
__device__ __forceinline__ void multiply_chunk(float sum[2][TILES][4], bf16 *w, bf16 *x,
                                               int strip, int turn)
{
    int lane = (int)threadIdx.x % WARP;
#pragma unroll(TILES > 8 ? 1 : 4) // or registers run out
    for (int k = 0; k < chunk_of(KIND) / 16; k += together(KIND)) {
        int piece = 2 * (k + turn);
        uint32_t a[2][4], b[4];
        for (int s = 0; s < 2; s++)
            load_matrix(
                a[s], piece_at<KIND>(w, strip + 16 * s + lane % 16, piece + lane / 16));
#pragma unroll
        for (int j = 0; j < TILES; j += 2) {
            load_matrix(b, piece_at<KIND>(x, j * 8 + lane / 16 * 8 + lane % 8,
                                          piece + lane / 8 % 2));
            for (int s = 0; s < 2; s++) {
                multiply_add(sum[s][j], a[s], b);
                multiply_add(sum[s][j + 1], a[s], b + 2);
            }
        }
    }
}

__device__ __forceinline__ float bias_of(const struct few_args &a, int n)
{
    return a.bias ? to_float(a.bias[n]) : 0.0f;
}
__device__ __forceinline__ float rounded(float x)
{
    return to_float(from_float<bf16>(x));
}

__device__ __forceinline__ void put_swiglu(const struct few_args &a, int unit, int m,
                                           float gate, float up)
{
    float g = rounded(gate + bias_of(a, unit)),
          u = rounded(up + bias_of(a, a.half + unit));
    ((bf16 *)a.y)[(size_t)m * (size_t)a.half + (size_t)unit] =
        from_float<bf16>(g * (1.0f / (1.0f + expf(-g))) * u);
}

__device__ __forceinline__ void put_heads(const struct few_args &a, int unit, int m,
                                          float x, float partner)
{
    const struct gpu_rotate &r = a.rotate;
    int head = unit / a.half, d = unit % a.half, n = head * 2 * a.half + d;
    float low = rounded(x + bias_of(a, n)),
          high = rounded(partner + bias_of(a, n + a.half));
    if (head < r.heads + r.kv_heads) {
        size_t at = (size_t)r.positions[m] * (size_t)a.half + (size_t)d;
        float c = r.cosine[at], s = r.sine[at];
        float turned = __fmaf_rn(low, c, -(high * s));
        high = __fmaf_rn(high, c, low * s);
        low = turned;
    }
    bf16 *to = (bf16 *)a.y + (size_t)m * (size_t)a.N + (size_t)n;
    if (head >= r.heads)
        to = (bf16 *)r.cache + (size_t)r.slots[m] * (size_t)(4 * r.kv_heads * a.half) +
             (size_t)(n - r.heads * 2 * a.half);
    to[0] = from_float<bf16>(low);
    to[a.half] = from_float<bf16>(high);
}

template <int KIND>
__device__ __forceinline__ void put(const struct few_args &a, int n, int m, float sum)
{
    size_t row = (size_t)m;
    if (KIND == FEW_PLAIN)
        ((bf16 *)a.y)[row * (size_t)a.N + (size_t)n] =
            from_float<bf16>(sum + bias_of(a, n));
    if (KIND == FEW_LOGITS)
        ((float *)a.y)[row * (size_t)a.ld + (size_t)n] = sum + bias_of(a, n);
    if (KIND == FEW_PARTS)
        ((float *)
             a.y)[((size_t)blockIdx.y * (size_t)a.M + row) * (size_t)a.N + (size_t)n] =
            sum;
}

// Four sums of a lane (fragments.cuh): of weight row r of the tile and of r + 8, of
// rows m and m + 1.
template <int KIND>
__device__ __forceinline__ void put_sums(const struct few_args &a, const float sum[4],
                                         int outputs, int r, int m)
{
    for (int i = 0; i < 2 && m + i < a.M; i++) {
        int n = (int)blockIdx.x * outputs + r,
            unit = (int)blockIdx.x * (outputs / 2) + r / 16 * 8 + r % 8;
        if (KIND == FEW_SWIGLU && unit < a.half)
            put_swiglu(a, unit, m + i, sum[i], sum[2 + i]);
        if (KIND == FEW_HEADS && unit < a.N / 2)
            put_heads(a, unit, m + i, sum[i], sum[2 + i]);
        if (!paired(KIND) && n < a.N)
            put<KIND>(a, n, m + i, sum[i]);
        if (!paired(KIND) && n + 8 < a.N)
            put<KIND>(a, n + 8, m + i, sum[2 + i]);
    }
}

// All warps have sums of the same outputs: each adds up those of its share of the rows,
// the first warp's first.  Scratch holds eight tiles at a time.
template <int KIND, int TILES>
__device__ __forceinline__ void put_together(const struct few_args &a,
                                             float sum[2][TILES][4], float *scratch,
                                             int outputs)
{
    enum { WARPS = together(KIND), PART = TILES < 8 ? TILES : 8, SUMS = 2 * PART * 4 };
    static_assert(WARPS * SUMS * WARP * 4 <=
                      stages_of(KIND, TILES) *
                          stage_bytes(KIND, TILES, threads_of(KIND)),
                  "scratch is the ring");
    int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
#pragma unroll
    for (int part = 0; part < TILES; part += PART) {
        __syncthreads(); // what is there is no longer read
#pragma unroll
        for (int i = 0; i < SUMS; i++)
            scratch[(warp * SUMS + i) * WARP + lane] =
                sum[i / (PART * 4)][part + i / 4 % PART][i % 4];
        __syncthreads();
        for (int at = warp; at < 2 * PART; at += WARPS) {
            float all[4] = {};
            for (int from = 0; from < WARPS; from++)
                for (int i = 0; i < 4; i++)
                    all[i] += scratch[(from * SUMS + at * 4 + i) * WARP + lane];
            put_sums<KIND>(a, all, outputs, at / PART * 16 + lane / 4,
                           (part + at % PART) * 8 + 2 * (lane % 4));
        }
    }
}

template <int KIND, int TILES>
__global__ void __launch_bounds__(threads_of(KIND)) few_kernel(struct few_args a)
{
    constexpr int STAGES = stages_of(KIND, TILES);
    int outputs = (int)blockDim.x / together(KIND), warp = (int)threadIdx.x / WARP;
    int lane = (int)threadIdx.x % WARP, stage = (outputs + 8 * TILES) * chunk_of(KIND);
    int strip = paired(KIND) && together(KIND) > 1 ? 0 : warp * FEW_STRIP;
    int first = (int)blockIdx.y * a.chunks,
        n = (a.K + chunk_of(KIND) - 1) / chunk_of(KIND) - first;
    bf16 *ring = (bf16 *)dynamic_shared();
    struct few_source<KIND, TILES> source;
    float sum[2][TILES][4] = {};
    n = n < a.chunks ? n : a.chunks;
    let_next_begin();
    source.begin(a, outputs);
    for (int i = 0; i < STAGES - 1 && i < n; i++)
        source.weights(ring + i * stage, first + i);
    wait_for_earlier();
    for (int i = 0; i < STAGES - 1; i++) {
        if (i < n)
            source.rows(ring + i * stage + outputs * chunk_of(KIND), first + i);
        copy_commit();
    }
    for (int i = 0; i < n; i++) {
        bf16 *w = ring + i % STAGES * stage;
        copy_wait<STAGES - 2>();
        __syncthreads(); // chunk i is here, and chunk i - 1 is no longer read
        int next = i + STAGES - 1;
        if (next < n) {
            source.weights(ring + next % STAGES * stage, first + next);
            source.rows(ring + next % STAGES * stage + outputs * chunk_of(KIND),
                        first + next);
        }
        copy_commit();
        multiply_chunk<KIND, TILES>(sum, w, w + outputs * chunk_of(KIND), strip,
                                    together(KIND) > 1 ? warp : 0);
    }
    ask_ahead(a.ahead); // not sooner: it would be gone again when it is wanted
    if constexpr (together(KIND) > 1) {
        put_together<KIND, TILES>(a, sum, (float *)ring, outputs);
    } else {
#pragma unroll // or the sums would lie in memory
        for (int s = 0; s < 2; s++)
#pragma unroll
            for (int j = 0; j < TILES; j++)
                put_sums<KIND>(a, sum[s][j], outputs, strip + 16 * s + lane / 4,
                               j * 8 + 2 * (lane % 4));
    }
}

template <int KIND, int TILES>
static void few_launch(struct gpu *g, const struct few_args *a, dim3 blocks,
                       int threads)
{
    size_t shared =
        (size_t)(stages_of(KIND, TILES) * stage_bytes(KIND, TILES, threads));
    launch_early(g, blocks, threads, shared, few_kernel<KIND, TILES>, *a);
}

template <int KIND>
static void few_by_rows(struct gpu *g, const struct few_args *a, dim3 blocks,
                        int threads)
{
    if (a->M <= 16)
        few_launch<KIND, 2>(g, a, blocks, threads);
    else if (a->M <= 32)
        few_launch<KIND, 4>(g, a, blocks, threads);
    else if (a->M <= 64)
        few_launch<KIND, 8>(g, a, blocks, threads);
    else
        few_launch<KIND, 16>(g, a, blocks, threads);
}

static struct few_args args_of(void *y, const struct few_product *p)
{
    struct few_args a = {};
    a.x = (const bf16 *)p->x;
    a.w = (const bf16 *)p->w;
    a.bias = (const bf16 *)p->bias;
    a.y = y;
    a.M = p->M;
    a.N = p->N;
    a.K = p->K;
    a.half = 1;
    a.chunks = (p->K + FEW_CHUNK - 1) / FEW_CHUNK;
    a.ahead = p->ahead;
    return a;
}

void gpu_few_plain(struct gpu *g, void *y, const struct few_product *p)
{
    const struct few_args a = args_of(y, p);
    few_by_rows<FEW_PLAIN>(g, &a, blocks_for((size_t)p->N, FEW_THREADS), FEW_THREADS);
}

void gpu_few_logits(struct gpu *g, float *y, int ld, const struct few_product *p)
{
    struct few_args a = args_of(y, p);
    a.ld = ld;
    few_by_rows<FEW_LOGITS>(g, &a, blocks_for((size_t)p->N, FEW_THREADS), FEW_THREADS);
}

void gpu_few_swiglu(struct gpu *g, void *y, const struct few_product *p)
{
    struct few_args a = args_of(y, p);
    a.half = p->N / 2;
    few_by_rows<FEW_SWIGLU>(g, &a, blocks_for((size_t)p->N, FEW_THREADS), FEW_THREADS);
}

void gpu_few_heads(struct gpu *g, void *qkv, const struct gpu_rotate *r,
                   const struct few_product *p)
{
    struct few_args a = args_of(qkv, p);
    a.half = r->head_dim / 2;
    a.rotate = *r;
    few_by_rows<FEW_HEADS>(g, &a, blocks_for((size_t)p->N, FEW_STRIP),
                           threads_of(FEW_HEADS));
}

void gpu_few_parts(struct gpu *g, float *parts, const struct few_product *p)
{
    const struct few_cut c = few_cut_of(p->N, p->K);
    struct few_args a = args_of(parts, p);
    a.chunks = c.chunks;
    int threads = c.warps * WARP;
    few_by_rows<FEW_PARTS>(
        g, &a, dim3(blocks_for((size_t)p->N, (size_t)threads), (unsigned)c.splits),
        threads);
}

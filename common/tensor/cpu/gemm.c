// The forward product on packed weights.
#include "cut.h"
#include "tile.h"

#include "base/par.h"
#include "tensor/ops.h"

enum {
    PANEL = TILE_COLUMNS,
    BLOCK_K = 1024,   // a panel's block (256 KiB) stays in the second-level cache
    CHUNK_ROWS = 192, // rows that share it
    TASK_PRODUCTS = 1 << 17,
    PACK_K = 16,
};

struct gemm {
    float *Y;
    const float *X, *packed, *bias;
    size_t ldy, ldx;
    int M, N, K, accumulate;
    int panels, panels_a_task, tasks_a_chunk;
};

size_t gemm_packed_floats(int N, int K)
{
    return (size_t)ceil_div(N, PANEL) * PANEL * (size_t)K;
}

// bias, then the residual, are added to finished sums.
static void finish(const struct gemm *g, const float *sums, int row, int rows,
                   int column)
{
    int width = min_int(g->N - column, PANEL);
    for (int i = 0; i < rows; i++, sums += PANEL) {
        float *y = g->Y + (size_t)(row + i) * g->ldy + column;
        for (int j = 0; j < width; j += VF_LANES) {
            int n = width - j;
            vf sum = vf_load(sums + j);
            if (g->bias)
                sum = vf_add(sum, vf_load_part(g->bias + column + j, n, 0.0F));
            if (g->accumulate)
                sum = vf_add(sum, vf_load_part(y + j, n, 0.0F));
            vf_store_part(y + j, sum, n);
        }
    }
}

// One panel's outputs of the rows [row, row + rows), rows <= CHUNK_ROWS.
static void panel_product(const struct gemm *g, int panel, int row, int rows)
{
    float sums[CHUNK_ROWS * PANEL];
    int column = panel * PANEL;
    for (int k = 0; k < g->K; k += BLOCK_K) {
        const float *w[TILE_VECS];
        struct tile t = {.w = w,
                         .ldc = PANEL,
                         .x_row = g->ldx,
                         .x_k = 1,
                         .w_step = PANEL,
                         .K = min_int(g->K - k, BLOCK_K),
                         .carry = k > 0};
        t.vecs = min_int(ceil_div(g->N - column, VF_LANES), TILE_VECS);
        for (int j = 0; j < t.vecs; j++)
            w[j] = g->packed + ((size_t)panel * (size_t)g->K + (size_t)k) * PANEL +
                   (size_t)j * VF_LANES;
        for (int i = 0; i < rows; i += t.rows) {
            t.rows = tile_next_rows(rows - i);
            t.c = sums + (size_t)(i * PANEL);
            t.x = g->X + (size_t)(row + i) * g->ldx + k;
            tile_product(&t);
            if (k + t.K == g->K)
                finish(g, t.c, row + i, t.rows, column);
        }
    }
}

static void gemm_task(void *context, int index, int thread)
{
    const struct gemm *g = context;
    (void)thread;
    int row = index / g->tasks_a_chunk * CHUNK_ROWS;
    int first = index % g->tasks_a_chunk * g->panels_a_task;
    int end = min_int(first + g->panels_a_task, g->panels);
    for (int panel = first; panel < end; panel++)
        panel_product(g, panel, row, min_int(g->M - row, CHUNK_ROWS));
}

void gemm_forward(float *Y, int ldy, const float *X, int ldx, const float *packed,
                  const float *bias, int M, int N, int K, int accumulate)
{
    if (M < 1)
        return;
    struct gemm g = {.Y = Y,
                     .X = X,
                     .packed = packed,
                     .bias = bias,
                     .ldy = (size_t)ldy,
                     .ldx = (size_t)ldx,
                     .M = M,
                     .N = N,
                     .K = K,
                     .accumulate = accumulate};
    g.panels = ceil_div(N, PANEL);
    long products = (long)min_int(M, CHUNK_ROWS) * K * PANEL;
    g.panels_a_task = (int)((TASK_PRODUCTS + products - 1) / products);
    g.tasks_a_chunk = ceil_div(g.panels, g.panels_a_task);
    par_for(ceil_div(M, CHUNK_ROWS) * g.tasks_a_chunk, gemm_task, &g);
}

struct pack {
    float *packed;
    const float *W;
    int N, K;
};

static void pack_task(void *context, int panel, int thread)
{
    const struct pack *p = context;
    (void)thread;
    float *to = p->packed + (size_t)panel * PANEL * (size_t)p->K;
    int width = min_int(p->N - panel * PANEL, PANEL);
    for (int k0 = 0; k0 < p->K; k0 += PACK_K) {
        int k1 = min_int(k0 + PACK_K, p->K);
        for (int j = 0; j < PANEL; j++) {
            const float *from = p->W + (size_t)(panel * PANEL + j) * (size_t)p->K;
            for (int k = k0; k < k1; k++)
                to[(size_t)k * PANEL + (size_t)j] = j < width ? from[k] : 0.0F;
        }
    }
}

void gemm_pack(float *packed, const float *W, int N, int K)
{
    struct pack p = {packed, W, N, K};
    par_for(ceil_div(N, PANEL), pack_task, &p);
}

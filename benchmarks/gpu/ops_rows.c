// Rows: norms, heads, SwiGLU, embeddings, biases.
#include "ops.h"

#include "model/shape.h"
#include "tensor/cuda/groups.h"

struct rows {
    int M, D, F, width;
    float *X, *dX, *inv, *gradient, *parts; // X, dX (M, D)
    void *Y, *copy;                         // (M, D) bf16
    void *wide, *narrow;                    // (M, 2F), (M, F)
    void *qkv, *gain, *table;               // (M, width), (width or D), (V, D)
    float *d_table;
    int32_t *tokens, *order, *first, *token, *row;
    int groups;
    struct gpu_rotate rotate;
};

static void norm(struct machine *m, void *context)
{
    const struct rows *r = context;
    const struct gpu_norm n = {.gain = r->gain, .epsilon = 1e-6f};
    gpu_rmsnorm(m->gpu, GPU_BF16, r->Y, r->inv, r->X, &n, r->M, r->D);
}
static void norm_backward(struct machine *m, void *context)
{
    const struct rows *r = context;
    const struct gpu_norm_grad n = {.dX = r->dX,
                                    .copy = r->copy,
                                    .again = r->Y,
                                    .d_gain = r->gradient,
                                    .dY = r->Y,
                                    .X = r->X,
                                    .gain = r->gain,
                                    .inv_rms = r->inv,
                                    .parts = r->parts};
    gpu_rmsnorm_backward(m->gpu, GPU_BF16, &n, r->M, r->D);
}
static void rotate(struct machine *m, void *context)
{
    const struct rows *r = context;
    gpu_rotate(m->gpu, GPU_BF16, r->qkv, NULL, r->qkv, &r->rotate, r->M);
}
static void rotate_backward(struct machine *m, void *context)
{
    const struct rows *r = context;
    gpu_rotate_backward(m->gpu, GPU_BF16, r->qkv, NULL, NULL, r->qkv, NULL, &r->rotate,
                        r->parts, r->M);
}
static void swiglu(struct machine *m, void *context)
{
    const struct rows *r = context;
    gpu_swiglu(m->gpu, GPU_BF16, r->narrow, r->wide, r->M, r->F);
}
static void swiglu_grad(struct machine *m, void *context)
{
    const struct rows *r = context;
    gpu_swiglu_backward(m->gpu, GPU_BF16, r->wide, r->narrow, r->narrow, r->wide, r->M,
                        r->F);
}
static void embed(struct machine *m, void *context)
{
    const struct rows *r = context;
    gpu_embedding(m->gpu, GPU_BF16, r->X, r->table, r->tokens, r->M, r->D);
}
static void embed_backward(struct machine *m, void *context)
{
    const struct rows *r = context;
    gpu_embedding_backward(m->gpu, r->d_table, r->dX, r->order, r->first, r->token,
                           r->groups, r->D);
}
static void bias_backward(struct machine *m, void *context)
{
    const struct rows *r = context;
    gpu_bias_backward(m->gpu, GPU_BF16, r->gradient, r->qkv, r->parts, r->M, r->width);
}
static void gather(struct machine *m, void *context)
{
    const struct rows *r = context;
    gpu_gather(m->gpu, r->dX, r->X, r->row, r->M, r->D);
}
static void scatter(struct machine *m, void *context)
{
    const struct rows *r = context;
    gpu_scatter(m->gpu, r->X, r->dX, r->row, r->M, r->M, r->D);
}

static void place_tokens(struct machine *m, struct rows *r, int vocab)
{
    size_t n = (size_t)r->M;
    int32_t *host = NULL;
    MUST(mem_new(&host, 6 * n + 1, sizeof *host));
    int32_t *tokens = host, *positions = host + n, *row = host + 2 * n;
    int32_t *order = host + 3 * n, *token = host + 4 * n, *first = host + 5 * n;
    for (int i = 0; i < r->M; i++) {
        tokens[i] =
            (int32_t)rng_below(rng_root(8, RNG_TEST), (uint64_t)i, (uint64_t)vocab);
        positions[i] = i % (m->small ? 16 : 2048);
        row[i] = i;
    }
    r->groups = token_groups(order, first, token, tokens, r->M);
    r->tokens = machine_ints(m, tokens, n);
    r->order = machine_ints(m, order, n);
    r->first = machine_ints(m, first, n + 1);
    r->token = machine_ints(m, token, n);
    r->row = machine_ints(m, row, n);
    r->rotate.positions = machine_ints(m, positions, n);
    mem_free(host);
}

static void place(struct machine *m, struct rows *r, const struct model_config *c)
{
    int M = OPS_ROWS(m), width = qkv_width(c);
    *r = (struct rows){.M = M, .D = c->dim, .F = c->ffn, .width = width};
    size_t cells = (size_t)M * (size_t)c->dim, widest = (size_t)(2 * c->ffn + width);
    size_t angles = (size_t)2048 * (size_t)c->head_dim / 2;
    r->X = machine_random(m, GPU_F32, cells);
    r->dX = machine_random(m, GPU_F32, cells);
    r->inv = machine_random(m, GPU_F32, (size_t)M);
    r->gradient = machine_random(m, GPU_F32, widest);
    r->parts = machine_new(m, GPU_PARTS * widest * sizeof(float));
    r->Y = machine_random(m, GPU_BF16, cells);
    r->copy = machine_new(m, cells * 2);
    r->wide = machine_random(m, GPU_BF16, (size_t)M * 2 * (size_t)c->ffn);
    r->narrow = machine_random(m, GPU_BF16, (size_t)M * (size_t)c->ffn);
    r->qkv = machine_random(m, GPU_BF16, (size_t)M * (size_t)width);
    r->gain = machine_random(m, GPU_BF16, widest);
    r->table = machine_random(m, GPU_BF16, (size_t)c->vocab * (size_t)c->dim);
    r->d_table = machine_random(m, GPU_F32, (size_t)c->vocab * (size_t)c->dim);
    r->rotate = (struct gpu_rotate){.heads = c->heads,
                                    .kv_heads = c->kv_heads,
                                    .head_dim = c->head_dim,
                                    .cosine = machine_random(m, GPU_F32, angles),
                                    .sine = machine_random(m, GPU_F32, angles)};
    place_tokens(m, r, c->vocab);
}

void ops_rows(struct machine *m, const struct model_config *c)
{
    struct rows r;
    place(m, &r, c);
    double n = (double)r.M * r.D, ffn = (double)r.M * r.F, qkv = (double)r.M * r.width;
    double different = (double)r.groups * r.D;
    ops_report(m, "rmsnorm", 6 * n, 0, norm, &r);
    ops_report(m, "rmsnorm backward, with the row again", 18 * n, 0, norm_backward, &r);
    ops_report(m, "rotate", 4 * qkv, 0, rotate, &r);
    ops_report(m, "rotate backward", 4 * qkv, 0, rotate_backward, &r);
    ops_report(m, "swiglu", 6 * ffn, 0, swiglu, &r);
    ops_report(m, "swiglu backward, with the row again", 12 * ffn, 0, swiglu_grad, &r);
    ops_report(m, "embedding", 4 * n + 2 * different, 0, embed, &r);
    ops_report(m, "embedding backward", 4 * n + 8 * different, 0, embed_backward, &r);
    ops_report(m, "bias backward", 2 * qkv, 0, bias_backward, &r);
    ops_report(m, "gather", 8 * n, 0, gather, &r);
    ops_report(m, "scatter", 8 * n, 0, scatter, &r);
    machine_clear(m);
}

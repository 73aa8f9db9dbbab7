// Matrix products at a model's shapes: many rows, and the few rows of a decode step,
// whose measure is the weight's bytes.
#include "ops.h"

#include "model/shape.h"

#include <stdio.h>

static void product(struct machine *m, void *context)
{
    MUST(gpu_gemm(m->gemm, context));
}

static double cells(int a, int b)
{
    return (double)a * b;
}

// Rows of `kind` as the model calls it: forward products of the residual stream add
// to floats; the head gives floats.
static struct gemm_call call_of(enum gemm_kind kind, int M, int N, int K)
{
    struct gemm_call g = {.kind = kind, .M = M, .N = N, .K = K, .type = GPU_BF16};
    g.ld_a = kind == GEMM_FORWARD ? K : N;
    g.ld_b = K;
    g.ld_to = kind == GEMM_FORWARD ? N : K;
    g.to_type = kind == GEMM_WEIGHT ? GPU_F32 : GPU_BF16;
    return g;
}

static void one(struct machine *m, const char *name, struct gemm_call g)
{
    int fixed = m->small ? 0 : 256; // room for padded rows
    int M = g.M + fixed, N = g.N, K = g.K;
    char line[64];
    double to = g.kind == GEMM_FORWARD ? cells(g.M, N)
                : g.kind == GEMM_INPUT ? cells(g.M, K)
                                       : cells(N, K);
    double old = g.kind == GEMM_WEIGHT ? 2 : 1;
    double bytes = to * old * (double)gpu_type_bytes(g.to_type) +
                   2 * (g.kind == GEMM_FORWARD ? cells(g.M, K) : cells(g.M, N)) +
                   2 * (g.kind == GEMM_WEIGHT ? cells(g.M, K) : cells(N, K));
    size_t rows = (size_t)M, widest = (size_t)(N > K ? N : K);
    g.a = machine_random(m, GPU_BF16, rows * widest);
    g.b = g.kind == GEMM_WEIGHT ? machine_random(m, GPU_BF16, rows * (size_t)K)
                                : machine_random(m, GPU_BF16, (size_t)N * (size_t)K);
    g.to = machine_random(
        m, g.to_type, g.kind == GEMM_WEIGHT ? (size_t)N * (size_t)K : rows * widest);
    (void)snprintf(line, sizeof line, "%s, %d rows", name, g.M);
    ops_report(m, line, g.M <= 256 ? bytes : 0, 2 * cells(g.M, N) * K, product, &g);
    for (int i = 0; i < 3; i++)
        gpu_memory_free(m->gpu, m->buffers[--m->n_buffers]);
}

static void forward(struct machine *m, const struct model_config *c, int rows)
{
    const struct {
        const char *name;
        int N, K;
    } matrices[] = {
        {"product qkv", qkv_width(c), c->dim},
        {"product out", c->dim, q_width(c)},
        {"product gate, up", 2 * c->ffn, c->dim},
        {"product down", c->dim, c->ffn},
    };
    for (int i = 0; i < 4; i++)
        one(m, matrices[i].name,
            call_of(GEMM_FORWARD, rows, matrices[i].N, matrices[i].K));
}

static void head(struct machine *m, const struct model_config *c, int rows)
{
    struct gemm_call g = call_of(GEMM_FORWARD, rows, c->vocab, c->dim);
    g.to_type = GPU_F32;
    one(m, "product head", g);
}

static void open_products(struct machine *m, int fixed_rows)
{
    void *workspace = machine_new(m, GPU_GEMM_WORKSPACE);
    MUST(gpu_gemm_new(&m->gemm, m->gpu, workspace, GPU_GEMM_WORKSPACE, fixed_rows));
}

static void close_products(struct machine *m)
{
    gpu_gemm_free(m->gemm);
    m->gemm = NULL;
    machine_clear(m);
}

void ops_products(struct machine *m, const struct model_config *c)
{
    int M = OPS_ROWS(m), some = m->small ? 16 : 64, logits = m->small ? 16 : 256;
    open_products(m, 0);
    forward(m, c, M);
    head(m, c, logits);
    one(m, "gradient of gate, up: input", call_of(GEMM_INPUT, M, 2 * c->ffn, c->dim));
    one(m, "gradient of gate, up: weight", call_of(GEMM_WEIGHT, M, 2 * c->ffn, c->dim));
    one(m, "gradient of down: input", call_of(GEMM_INPUT, M, c->dim, c->ffn));
    one(m, "gradient of down: weight", call_of(GEMM_WEIGHT, M, c->dim, c->ffn));
    forward(m, c, some);
    head(m, c, some);
    close_products(m);
    open_products(m, m->small ? 64 : 256);
    one(m, "deterministic gate, up", call_of(GEMM_FORWARD, M, 2 * c->ffn, c->dim));
    one(m, "deterministic gate, up", call_of(GEMM_FORWARD, some, 2 * c->ffn, c->dim));
    close_products(m);
}

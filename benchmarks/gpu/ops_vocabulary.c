// The vocabulary's rows, and the optimizer.
#include "ops.h"

enum { DRAWS = 64 };

struct vocabulary {
    int M, V, ld;
    float *logits, *log_prob, *entropy, *coef;
    void *d_logits;
    int32_t *targets;
    struct gpu_draw *draws;
    struct gpu_drawn *drawn;
    void *scratch; // of sampling
};

static void stats(struct machine *m, void *context)
{
    const struct vocabulary *v = context;
    gpu_softmax_stats(m->gpu, v->log_prob, v->entropy, v->logits, v->ld, v->targets, 1,
                      v->M, v->V);
}
static void loss(struct machine *m, void *context)
{
    const struct vocabulary *v = context;
    const struct gpu_loss l = {.coef = v->coef};
    gpu_loss_backward(m->gpu, GPU_BF16, v->d_logits, v->log_prob, v->logits, v->ld,
                      v->targets, &l, 1, v->M, v->V);
}
static void sample(struct machine *m, void *context)
{
    const struct vocabulary *v = context;
    gpu_sample(m->gpu, v->drawn, v->logits, v->ld, v->draws, v->scratch,
               DRAWS, v->V);
}

static void place_draws(struct machine *m, struct vocabulary *v)
{
    struct gpu_draw draws[DRAWS];
    for (int i = 0; i < DRAWS; i++)
        draws[i] = (struct gpu_draw){i % v->M, 0, 1,
                                     rng_uniform(rng_root(7, RNG_TEST), (uint64_t)i)};
    v->draws = machine_new(m, sizeof draws);
    v->drawn = machine_new(m, DRAWS * sizeof *v->drawn);
    v->scratch = machine_new(m, gpu_sample_scratch(DRAWS, v->V));
    gpu_upload(m->gpu, GPU_MAIN, v->draws, draws, sizeof draws);
    machine_wait(m);
}

void ops_vocabulary(struct machine *m, const struct model_config *c)
{
    enum { MOST = 1024 };
    struct vocabulary v = {.M = m->small ? 8 : MOST, .V = c->vocab, .ld = c->vocab};
    int32_t targets[MOST];
    size_t n = (size_t)v.M * (size_t)v.ld;
    for (int i = 0; i < v.M; i++)
        targets[i] = (i * 7919) % v.V;
    v.targets = machine_ints(m, targets, (size_t)v.M);
    v.logits = machine_random(m, GPU_F32, n);
    v.d_logits = machine_new(m, n * 2);
    v.log_prob = machine_new(m, (size_t)v.M * sizeof(float));
    v.entropy = machine_new(m, (size_t)v.M * sizeof(float));
    v.coef = machine_random(m, GPU_F32, (size_t)v.M);
    place_draws(m, &v);
    ops_report(m, "log-prob, entropy", 4.0 * (double)n, 0, stats, &v);
    ops_report(m, "loss and its gradient", 6.0 * (double)n, 0, loss, &v);
    ops_report(m, "sampling, 64 draws", 4.0 * DRAWS * v.V, 0, sample, &v);
    machine_clear(m);
}

struct state {
    size_t n;
    float *w, *m, *v, *grad;
    void *image;
    double *norm, *parts;
    uint64_t *sum;
};

static void adamw(struct machine *m, void *context)
{
    const struct state *s = context;
    const struct adamw a = {.lr = 1e-6f,
                            .beta1 = 0.9f,
                            .beta2 = 0.98f,
                            .epsilon = 1e-8f,
                            .weight_decay = 0.1f,
                            .grad_scale = 1,
                            .step = 10};
    gpu_adamw(m->gpu, GPU_BF16, s->image, s->w, s->m, s->v, s->grad, s->n, &a, 1);
}
static void norm(struct machine *m, void *context)
{
    const struct state *s = context;
    gpu_squared_norm(m->gpu, s->norm, s->grad, s->parts, s->n);
}
static void cast(struct machine *m, void *context)
{
    const struct state *s = context;
    gpu_cast(m->gpu, GPU_BF16, s->image, s->w, s->n);
}
static void fingerprint(struct machine *m, void *context)
{
    const struct state *s = context;
    gpu_fingerprint(m->gpu, s->sum, s->w, 0, s->n);
}

void ops_optimizer(struct machine *m)
{
    struct state s = {.n = m->small ? 1 << 10 : 1 << 28};
    s.w = machine_random(m, GPU_F32, s.n);
    s.m = machine_random(m, GPU_F32, s.n);
    s.v = machine_new(m, s.n * sizeof(float));
    gpu_zero(m->gpu, GPU_MAIN, s.v, s.n * sizeof(float));
    s.grad = machine_random(m, GPU_F32, s.n);
    s.image = machine_new(m, s.n * 2);
    s.norm = machine_new(m, sizeof(double));
    s.parts = machine_new(m, GPU_PARTS * sizeof(double));
    s.sum = machine_new(m, sizeof *s.sum);
    double n = (double)s.n;
    ops_report(m, "AdamW", 30 * n, 0, adamw, &s);
    ops_report(m, "gradient norm", 4 * n, 0, norm, &s);
    ops_report(m, "cast", 6 * n, 0, cast, &s);
    ops_report(m, "fingerprint", 4 * n, 0, fingerprint, &s);
    machine_clear(m);
}

// Training on packed trees against the FLOP floor, the optimizer against its bytes, and
// what determinism costs.
//
//     bench_gpu_train [0.5b | 1.5b | small ...]
//
// FLOPs are those of unique tokens: 6 for each parameter of a matrix, and the attention
// over the tokens that each token sees.  What is computed again counts for nothing.
#include "machine.h"

#include "learner/pack.h"
#include "model/training.h"

enum { TRAIN_RUNS = 5, MOST_TREES = 64 };

// Trees of one form until the pack is full.
struct form {
    const char *name;
    int chain, b, depth, step; // of bench_chain_then_tree
    int trees;
};
static const struct form forms[] = {
    {"b 4 depth 3", 0, 4, 3, 96, 1},   {"b 4 depth 3", 0, 4, 3, 192, 1},
    {"b 2 depth 3", 0, 2, 3, 128, 4},  {"b 8 depth 2", 0, 8, 2, 112, 1},
    {"group of 16", 0, 16, 1, 480, 1}, {"paths", 0, 1, 1, 1024, 8},
    {"b 4 depth 2", 3, 4, 2, 64, 5},
};
static const struct form trial_forms[] = {{"b 2 depth 2", 0, 2, 2, 5, 2}};

struct place {
    struct machine *machine;
    struct model *model;
    struct accelerator a;
    struct training *training;
};

static void pack_form(struct pack *pack, const struct form *f, int vocab)
{
    struct tree trees[MOST_TREES] = {0}, *list[MOST_TREES];
    struct pack_origin *origins = NULL;
    for (int i = 0; i < f->trees; i++) {
        bench_chain_then_tree(&trees[i], f->chain, f->b, f->depth, f->step, vocab);
        list[i] = &trees[i];
    }
    MUST(pack_trees(pack, &origins, list, (size_t)f->trees, 0));
    mem_free(origins);
    for (int i = 0; i < f->trees; i++)
        tree_free(&trees[i]);
}

static void open_place(struct place *p, int deterministic, int tokens,
                       enum device_recompute recompute)
{
    const struct device_setup s = {
        .type = DEVICE_BF16,
        .deterministic = deterministic,
        .deadline_ms = 300000,
        .config = p->model->config,
        .limits = {.train_tokens = tokens,
                   .train_outputs = tokens,
                   .recompute = recompute},
    };
    p->a = (struct accelerator){.ops = etreerpo_device()};
    MUST(p->a.ops->open(&p->a.device, &s));
    MUST(model_use(p->model, &p->a, DEVICE_LEARNER));
    MUST(training_new(&p->training, p->model, 0));
    MUST(training_clear(p->training));
}

static void close_place(struct place *p)
{
    training_free(p->training);
    p->a.ops->close(p->a.device);
}

// Seconds of forward and backward over one pack.
static double seconds_of(struct place *p, const struct pack *pack, int runs)
{
    double seconds[TRAIN_RUNS], norm;
    float *coef = NULL, *log_prob = NULL;
    size_t P = (size_t)pack->n_outputs;
    MUST(mem_new(&coef, P, sizeof *coef));
    MUST(mem_new(&log_prob, P, sizeof *log_prob));
    for (size_t j = 0; j < P; j++)
        coef[j] = 1e-3f;
    const struct pack_loss loss = {.coef = coef};
    for (int run = -1; run < runs; run++) {
        double start = clock_seconds();
        MUST(training_add(p->training, pack, &loss, 1, log_prob));
        MUST(training_norm(p->training, &norm)); // waits; its bytes are few
        if (run >= 0)
            seconds[run] = clock_seconds() - start;
    }
    mem_free(coef);
    mem_free(log_prob);
    return bench_median(seconds, runs);
}

static void report(const struct place *p, const char *shape, const char *mode,
                   const struct form *f, const struct pack *pack, double s, double fast)
{
    const struct machine *m = p->machine;
    double flops = 3 * model_forward_flops(&p->model->config, pack);
    printf("%-6s %-13s %-12s %7d %7d %9.1f %9.0f %8.1f %7.1f %%", shape, mode, f->name,
           pack->n_tokens, pack->max_context, 1e3 * s, pack->n_tokens / s,
           flops / s / 1e12, 100 * flops / s / m->product);
    if (m->nominal_flops > 0)
        printf(" %7.1f %%", 100 * flops / s / m->nominal_flops);
    if (fast > 0)
        printf("  %.2f times fast", s / fast);
    printf("\n");
    (void)fflush(stdout);
}

static void bench_update(struct place *p, const char *shape)
{
    double with[TRAIN_RUNS], without[TRAIN_RUNS], norm;
    struct adamw a = {.lr = 1e-9f,
                      .beta1 = 0.9f,
                      .beta2 = 0.98f,
                      .epsilon = 1e-8f,
                      .grad_scale = 1,
                      .step = 1};
    for (int run = -1; run < TRAIN_RUNS; run++) {
        double start = clock_seconds();
        MUST(training_update(p->training, &a, NULL));
        MUST(training_norm(p->training, &norm));
        double middle = clock_seconds();
        MUST(training_norm(p->training, &norm));
        if (run < 0)
            continue;
        with[run] = middle - start;
        without[run] = clock_seconds() - middle;
        a.step++;
    }
    double s = bench_median(with, TRAIN_RUNS) - bench_median(without, TRAIN_RUNS);
    double bytes = 28.0 * (double)model_param_count(p->model);
    printf(
        "%-6s optimizer: %.1f ms, %.1f ms for 28 bytes a parameter at the copy's rate: "
        "%.1f %%; gradient norm %.1f ms\n",
        shape, 1e3 * s, 1e3 * bytes / p->machine->copy,
        100 * bytes / p->machine->copy / s, 1e3 * bench_median(without, TRAIN_RUNS));
}

struct times {
    double fast[8];
};

static void measure(struct place *p, const char *shape, int deterministic,
                    struct times *t)
{
    const struct form *list = p->machine->small ? trial_forms : forms;
    int n = (int)(p->machine->small ? sizeof trial_forms : sizeof forms) /
            (int)sizeof *list;
    open_place(p, deterministic, p->machine->small ? 128 : 16384, RECOMPUTE_NONE);
    // Deterministic attention is slow: the first and the third form say enough.
    int most = deterministic && n > 3 ? 3 : n;
    for (int i = 0; i < most; i += deterministic ? 2 : 1) {
        struct pack pack = {0};
        pack_form(&pack, &list[i], p->model->config.vocab);
        double s = seconds_of(p, &pack, deterministic ? 2 : TRAIN_RUNS);
        if (!deterministic)
            t->fast[i] = s;
        report(p, shape, deterministic ? "deterministic" : "fast", &list[i], &pack, s,
               deterministic ? t->fast[i] : 0);
        pack_free(&pack);
    }
    if (!deterministic)
        bench_update(p, shape);
    close_place(p);
}

// The first form again, with less kept.
static void measure_recompute(struct place *p, const char *shape, const struct times *t)
{
    const struct form *f = p->machine->small ? trial_forms : forms;
    const char *names[] = {"", "again: ffn", "again: layer"};
    for (int r = RECOMPUTE_FFN; r <= RECOMPUTE_LAYER; r++) {
        struct pack pack = {0};
        struct device_info info;
        pack_form(&pack, f, p->model->config.vocab);
        open_place(p, 0, p->machine->small ? 128 : 16384, (enum device_recompute)r);
        p->a.ops->describe(p->a.device, &info);
        report(p, shape, names[r], f, &pack, seconds_of(p, &pack, TRAIN_RUNS),
               t->fast[0]);
        printf("%-6s %-13s %.1f GiB of device memory\n", shape, names[r],
               (double)info.arena_bytes / 1073741824.0);
        close_place(p);
        pack_free(&pack);
    }
}

int main(int argc, char **argv)
{
    const char *shapes[2];
    struct machine m;
    int small = 0, n = machine_shapes(shapes, argc, argv, &small);
    MUST(par_start(bench_threads(), 50));
    machine_open(&m, small);
    printf("\nforward and backward of one pack; medians of %d (deterministic: 2)\n",
           TRAIN_RUNS);
    printf("%-6s %-13s %-12s %7s %7s %9s %9s %8s %9s %9s\n", "model", "mode", "pack",
           "tokens", "longest", "ms", "tokens/s", "TFLOP/s", "of gemm", "MFU");
    for (int i = 0; i < n; i++) {
        struct model_config c = machine_shape(shapes[i]);
        struct model model = {0};
        struct times t = {{0}};
        struct place p = {&m, &model, {0}, NULL};
        MUST(model_new(&model, &c));
        model_randomize(&model, rng_root(1, RNG_TEST));
        measure(&p, shapes[i], 0, &t);
        measure_recompute(&p, shapes[i], &t);
        measure(&p, shapes[i], 1, &t);
        model_free(&model);
    }
    machine_close(&m);
    par_stop();
    return 0;
}

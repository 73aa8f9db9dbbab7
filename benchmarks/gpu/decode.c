// Decoding of many branches under one prefix against the bandwidth floor: every weight
// once and every key and value once a step, at the measured copy's rate.
//
//     bench_gpu_decode [0.5b | 1.5b | small ...]
#include "model/decode.h"

#include "machine.h"

#include "model/shape.h"

#include <string.h>

enum { MOST_BATCH = 64, PAGE = 16, DECODE_RUNS = 5 };

struct sizes {
    int prefixes[2], batches[4], steps;
};
static const struct sizes full = {{512, 2048}, {1, 8, 32, 64}, 64};
static const struct sizes trial = {{20, 40}, {1, 2, 3, 4}, 3};

struct place {
    struct machine *machine;
    const struct sizes *sizes;
    struct model *model;
    struct accelerator a;
    struct kv_cache *cache;
    struct decoder *decoder;
    int32_t pages;
};

static void open_place(struct place *p, int deterministic)
{
    int suffix = p->sizes->steps / PAGE + 2;
    p->pages = p->sizes->prefixes[1] / PAGE + 2 + MOST_BATCH * suffix;
    const struct device_setup s = {
        .type = DEVICE_BF16,
        .deterministic = deterministic,
        .deadline_ms = 120000,
        .config = p->model->config,
        .limits = {.decode_rows = MOST_BATCH,
                   .prefill_rows = decoder_prompt_rows(&p->model->config),
                   .kv_pages = p->pages},
    };
    p->a = (struct accelerator){.ops = etreerpo_device()};
    MUST(p->a.ops->open(&p->a.device, &s));
    MUST(model_use(p->model, &p->a, DEVICE_ROLLOUT));
    MUST(kv_cache_new_elsewhere(&p->cache, &p->model->config, p->pages));
    MUST(decoder_new(&p->decoder, p->model, MOST_BATCH));
}

static void close_place(struct place *p)
{
    decoder_free(p->decoder);
    kv_cache_free(p->cache);
    p->a.ops->close(p->a.device);
}

// Seconds of a prompt's tokens, until the first token after it is drawn.
static double feed_prefix(struct place *p, int32_t *root, int n)
{
    int32_t *tokens = NULL;
    MUST(mem_new(&tokens, (size_t)n, sizeof *tokens));
    for (int i = 0; i < n; i++)
        tokens[i] = (i * 31 + 7) % p->model->config.vocab;
    MUST(kv_branch_open(p->cache, -1, root));
    double start = clock_seconds();
    MUST(decode_prefill(p->decoder, p->model, p->cache, *root, tokens, n));
    struct decode_draw draw = {.branch = *root, .temperature = 1, .u = 0.5};
    MUST(decode_draw(p->decoder, p->model, p->cache, &draw, 1));
    mem_free(tokens);
    return clock_seconds() - start;
}

// Seconds of one step of `batch` branches, the mean over the run.
static double run(struct place *p, int32_t root, int batch)
{
    int32_t branches[MOST_BATCH], tokens[MOST_BATCH];
    struct decode_draw draws[MOST_BATCH];
    for (int b = 0; b < batch; b++)
        MUST(kv_branch_open(p->cache, root, &branches[b]));
    double start = clock_seconds();
    for (int step = 0; step < p->sizes->steps; step++) {
        for (int b = 0; b < batch; b++)
            draws[b] = (struct decode_draw){
                .branch = branches[b],
                .temperature = 1,
                .u = rng_uniform(rng_root(9, RNG_TEST),
                                 (uint64_t)(step * MOST_BATCH + b)),
            };
        MUST(decode_draw(p->decoder, p->model, p->cache, draws, batch));
        for (int b = 0; b < batch; b++)
            tokens[b] = draws[b].token;
        MUST(decode_step(p->decoder, p->model, p->cache, branches, tokens, batch));
    }
    // The last step is only enqueued; a draw waits for it.
    MUST(decode_draw(p->decoder, p->model, p->cache, draws, 1));
    double took = clock_seconds() - start;
    for (int b = 0; b < batch; b++)
        kv_branch_release(p->cache, branches[b]);
    return took / p->sizes->steps;
}

static double step_bytes(const struct place *p, int prefix, int batch)
{
    const struct model_config *c = &p->model->config;
    double token = 2.0 * c->layers * 2.0 * kv_width(c); // its keys and values
    return 2.0 * matrix_parameters(c) +
           token * (prefix + batch * 0.5 * p->sizes->steps);
}

static void report(struct place *p, const char *shape, int deterministic, int prefix,
                   int batch, int32_t root)
{
    const struct machine *m = p->machine;
    double seconds[DECODE_RUNS], bytes = step_bytes(p, prefix, batch);
    for (int i = 0; i < 2; i++) // the second records the CUDA graph
        (void)run(p, root, batch);
    for (int i = 0; i < DECODE_RUNS; i++)
        seconds[i] = run(p, root, batch);
    double s = bench_median(seconds, DECODE_RUNS);
    printf("%-6s %-13s %6d %6d %10.0f %9.3f %9.3f %8.1f %%", shape,
           deterministic ? "deterministic" : "fast", prefix, batch, batch / s, 1e3 * s,
           1e3 * bytes / m->copy, 100 * bytes / m->copy / s);
    if (m->nominal_bytes > 0)
        printf(" %8.1f %%", 100 * bytes / m->nominal_bytes / s);
    printf("\n");
    (void)fflush(stdout);
}

static void measure(struct place *p, const char *shape, int deterministic)
{
    open_place(p, deterministic);
    for (int i = 0; i < 2; i++) {
        int32_t root = 0;
        int prefix = p->sizes->prefixes[i];
        double first = feed_prefix(p, &root, prefix);
        kv_branch_release(p->cache, root);
        first = feed_prefix(p, &root, prefix);
        printf("%-6s %-13s prompt of %d tokens: first token after %.1f ms, %.0f "
               "tokens/s\n",
               shape, deterministic ? "deterministic" : "fast", prefix, 1e3 * first,
               prefix / first);
        // Deterministic decoding is slow: one branch and the most say enough.
        for (int b = 0; b < 4; b += deterministic ? 3 : 1)
            report(p, shape, deterministic, prefix, p->sizes->batches[b], root);
        kv_branch_release(p->cache, root);
    }
    close_place(p);
}

int main(int argc, char **argv)
{
    const char *shapes[2];
    struct machine m;
    int small = 0, n = machine_shapes(shapes, argc, argv, &small);
    MUST(par_start(bench_threads(), 50));
    machine_open(&m, small);
    printf("\nfloor: weights, shared prefix and branches' own tokens read once a step; "
           "medians of %d\n",
           DECODE_RUNS);
    printf("%-6s %-13s %6s %6s %10s %9s %9s %10s %10s\n", "model", "mode", "prefix",
           "batch", "tokens/s", "ms/step", "floor ms", "of copy", "of peak");
    for (int i = 0; i < n; i++) {
        struct model_config c = machine_shape(shapes[i]);
        struct model model = {0};
        struct place p = {&m, small ? &trial : &full, &model, {0}, NULL, NULL, 0};
        MUST(model_new(&model, &c));
        model_randomize(&model, rng_root(1, RNG_TEST));
        for (int deterministic = 0; deterministic < 2; deterministic++)
            measure(&p, shapes[i], deterministic);
        model_free(&model);
    }
    machine_close(&m);
    par_stop();
    return 0;
}

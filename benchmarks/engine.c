// The engine against the machine: decode and training as shares of the measured GEMM
// peak, at ENGINE's reference shape.   THREADS=n for another number of threads.
#include "bench.h"

#include "learner/pack.h"
#include "model/decode.h"
#include "tensor/ops.h"

#include <cblas.h>
#include <string.h>

enum {
    RUNS = 7,
    PREFIX = 512,
    BATCH = 32,
    DECODE_STEPS = 32,
    SEQUENCE = 512,
    SEQUENCES = 4
};

static double gemm_seconds(int ours, int n, const float *x, const float *w,
                           const float *packed, float *y)
{
    double start = clock_seconds();
    if (ours)
        gemm_forward(y, n, x, n, packed, NULL, n, n, n, 0);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, n, 1.0f, x, n, w, n,
                    0.0f, y, n);
    return clock_seconds() - start;
}

// FLOP/s of the better of OpenBLAS and our own kernel on a large square product.
static double gemm_peak(int threads)
{
    enum { N = 1536 };
    size_t cells = (size_t)N * N;
    float *x = NULL, *w = NULL, *y = NULL, *packed = NULL;
    MUST(mem_new(&x, cells, sizeof *x));
    MUST(mem_new(&w, cells, sizeof *w));
    MUST(mem_new(&y, cells, sizeof *y));
    MUST(mem_new(&packed, gemm_packed_floats(N, N), sizeof *packed));
    for (size_t i = 0; i < cells; i++)
        x[i] = w[i] = (float)rng_uniform(rng_root(4, RNG_TEST), i) - 0.5f;
    gemm_pack(packed, w, N, N);
    double best = 0.0;
    openblas_set_num_threads(threads);
    for (int ours = 0; ours < 2; ours++) {
        double seconds[RUNS];
        (void)gemm_seconds(ours, N, x, w, packed, y);
        for (int run = 0; run < RUNS; run++)
            seconds[run] = gemm_seconds(ours, N, x, w, packed, y);
        double rate = 2.0 * N * N * N / bench_median(seconds, RUNS);
        printf("gemm %4d^3 %-9s %7.1f GFLOP/s\n", N, ours ? "own" : "openblas",
               rate / 1e9);
        if (rate > best)
            best = rate;
    }
    openblas_set_num_threads(1);
    mem_free(x);
    mem_free(w);
    mem_free(y);
    mem_free(packed);
    return best;
}

static void bench_decode(const struct model *m, double peak)
{
    struct kv_cache *cache = NULL;
    struct decoder *decoder = NULL;
    int32_t root = 0, branches[BATCH], tokens[BATCH] = {0}, prefix[PREFIX];
    struct decode_draw draws[BATCH] = {{0}};
    MUST(kv_cache_new(&cache, &m->config, 1024));
    MUST(decoder_new(&decoder, m, BATCH));
    MUST(kv_branch_open(cache, -1, &root));
    for (int i = 0; i < PREFIX; i++)
        prefix[i] = i % m->config.vocab;
    MUST(decode_prefill(decoder, m, cache, root, prefix, PREFIX));
    double rates[RUNS], speed[RUNS];
    for (int run = 0; run < RUNS; run++) {
        for (int b = 0; b < BATCH; b++) {
            MUST(kv_branch_open(cache, root, &branches[b]));
            draws[b] = (struct decode_draw){.branch = branches[b], .temperature = 1, .u = 0.5};
        }
        double flops = decoder_flops(decoder), start = clock_seconds();
        for (int step = 0; step < DECODE_STEPS; step++) {
            MUST(decode_step(decoder, m, cache, branches, tokens, BATCH));
            MUST(decode_draw(decoder, m, cache, draws, BATCH));
        }
        double took = clock_seconds() - start;
        rates[run] = (decoder_flops(decoder) - flops) / took;
        speed[run] = BATCH * DECODE_STEPS / took;
        for (int b = 0; b < BATCH; b++)
            kv_branch_release(cache, branches[b]);
    }
    double rate = bench_median(rates, RUNS);
    printf("decode   prefix %d batch %d: %8.0f tokens/s, %6.1f GFLOP/s\n", PREFIX,
           BATCH, bench_median(speed, RUNS), rate / 1e9);
    printf("decode share: %.1f %% of the GEMM peak\n", 100.0 * rate / peak);
    kv_branch_release(cache, root);
    decoder_free(decoder);
    kv_cache_free(cache);
}

static void bench_training(const struct model *m, double peak)
{
    struct tree trees[SEQUENCES] = {0}, *list[SEQUENCES];
    struct pack pack = {0};
    struct pack_origin *origins = NULL;
    struct activations *a = NULL;
    float *log_prob = NULL, *coef = NULL, *grad = NULL;
    for (int i = 0; i < SEQUENCES; i++) {
        const int32_t first = i;
        MUST(tree_init(&trees[i], (uint64_t)i, &first, 1));
        trees[i].nodes[0].branching = 1;
        (void)bench_node(&trees[i], 0, 0, NODE_EOS, SEQUENCE, m->config.vocab);
        list[i] = &trees[i];
    }
    MUST(pack_trees(&pack, &origins, list, SEQUENCES, 0));
    MUST(activations_new(&a, m));
    MUST(mem_new(&log_prob, (size_t)pack.n_outputs, sizeof *log_prob));
    MUST(mem_new(&coef, (size_t)pack.n_outputs, sizeof *coef));
    MUST(mem_new(&grad, m->layout.total, sizeof *grad));
    for (int32_t j = 0; j < pack.n_outputs; j++)
        coef[j] = 1e-3f;
    double forward[RUNS], both[RUNS];
    for (int run = -1; run < RUNS; run++) {
        double start = clock_seconds();
        MUST(model_forward(m, a, &pack, 1.0f, log_prob, NULL));
        double middle = clock_seconds();
        MUST(model_backward(m, a, &pack, 1.0f, coef, grad));
        if (run < 0)
            continue;
        forward[run] = middle - start;
        both[run] = clock_seconds() - start;
    }
    double flops = model_forward_flops(&m->config, &pack);
    double f = bench_median(forward, RUNS), t = bench_median(both, RUNS);
    printf("training %d x %d: forward %6.1f GFLOP/s (%.1f %%), forward+backward %6.1f "
           "GFLOP/s, %.0f tokens/s\n",
           SEQUENCES, SEQUENCE, flops / f / 1e9, 100.0 * flops / f / peak,
           3.0 * flops / t / 1e9, pack.n_tokens / t);
    printf("training share: %.1f %% of the GEMM peak\n",
           100.0 * 3.0 * flops / t / peak);
    activations_free(a);
    pack_free(&pack);
    mem_free(origins);
    mem_free(log_prob);
    mem_free(coef);
    mem_free(grad);
    for (int i = 0; i < SEQUENCES; i++)
        tree_free(&trees[i]);
}

int main(void)
{
    int threads = bench_threads();
    MUST(par_start(threads, 50));
    printf("%d threads; dim 256, 6 layers, 8 heads, ffn 1024, vocabulary 1024; medians "
           "of %d\n",
           threads, RUNS);
    double peak = gemm_peak(threads);
    struct model_config shape = bench_shape();
    struct model m = {0};
    bench_model(&m, &shape);
    bench_decode(&m, peak);
    bench_training(&m, peak);
    model_free(&m);
    par_stop();
    return 0;
}

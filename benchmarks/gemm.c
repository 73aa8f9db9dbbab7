// The forward product against cblas_sgemm, which packs the weight anew at each call,
// and both against the machine's peak.   THREADS=n for another number of threads.
#include "bench.h"

#include "tensor/ops.h"

#include <cblas.h>

enum { RUNS = 9, PEAK = 1536 };

struct shape {
    int M, N, K;
};

struct operands {
    float *X, *W, *packed, *Y;
};

static void fill(float **out, size_t n, uint64_t stream)
{
    struct rng_key key = rng_child(rng_root(5, RNG_TEST), stream);
    MUST(mem_new(out, n, sizeof **out));
    for (size_t i = 0; i < n; i++)
        (*out)[i] = (float)rng_uniform(key, i) - 0.5F;
}

static void operands_new(struct operands *o, const struct shape *s)
{
    *o = (struct operands){0};
    fill(&o->X, (size_t)s->M * (size_t)s->K, 0);
    fill(&o->W, (size_t)s->N * (size_t)s->K, 1);
    fill(&o->Y, (size_t)s->M * (size_t)s->N, 2);
    MUST(mem_new(&o->packed, gemm_packed_floats(s->N, s->K), sizeof *o->packed));
    gemm_pack(o->packed, o->W, s->N, s->K);
}

static void operands_free(struct operands *o)
{
    mem_free(o->X);
    mem_free(o->W);
    mem_free(o->Y);
    mem_free(o->packed);
}

static void multiply(int ours, const struct shape *s, const struct operands *o)
{
    if (ours)
        gemm_forward(o->Y, s->N, o->X, s->K, o->packed, NULL, s->M, s->N, s->K, 0);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, s->M, s->N, s->K, 1.0F,
                    o->X, s->K, o->W, s->K, 0.0F, o->Y, s->N);
}

// Median GFLOP/s; a run repeats the product for about 10 ms.
static double rate(int ours, const struct shape *s, const struct operands *o)
{
    double flops = 2.0 * s->M * s->N * s->K, rates[RUNS];
    int repeats = (int)(0.01 * 50e9 / flops) + 1;
    multiply(ours, s, o);
    for (int run = 0; run < RUNS; run++) {
        double start = clock_seconds();
        for (int i = 0; i < repeats; i++)
            multiply(ours, s, o);
        rates[run] = flops * repeats / (clock_seconds() - start) / 1e9;
    }
    return bench_median(rates, RUNS);
}

static double print_row(const struct shape *s)
{
    struct operands o;
    operands_new(&o, s);
    double own = rate(1, s, &o), blas = rate(0, s, &o);
    printf("%6d %6d %6d %10.1f %10.1f %8.2f\n", s->M, s->N, s->K, own, blas,
           own / blas);
    operands_free(&o);
    return own > blas ? own : blas;
}

int main(void)
{
    static const int rows[] = {1, 8, 32, 512};
    static const struct shape weights[] = {{0, 1024, 256}, {0, 4864, 896}};
    int threads = bench_threads();
    MUST(par_start(threads, 1000));
    openblas_set_num_threads(threads);
    printf("GFLOP/s, %d threads, medians of %d runs\n", threads, RUNS);
    printf("%6s %6s %6s %10s %10s %8s\n", "M", "N", "K", "own", "openblas", "ratio");
    double peak = print_row(&(struct shape){PEAK, PEAK, PEAK});
    for (size_t w = 0; w < sizeof weights / sizeof *weights; w++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            (void)print_row(&(struct shape){rows[i], weights[w].N, weights[w].K});
    printf("peak: %.1f\n", peak);
    par_stop();
    return 0;
}

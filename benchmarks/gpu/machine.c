#include "machine.h"

#include "model/shape.h"

#include <string.h>

enum {
    MOST_REPEATS = 100,
    RANDOM_BYTES = 1 << 24,
    DEADLINE_MS = 120000,
    PRODUCT = 8192, // rows, outputs and inputs of the product that others are held to
};

// Published peaks: dense bf16 FLOP/s without sparsity, and memory bandwidth.
static const struct {
    const char *part; // of the device's name; the first that fits
    double flops, bytes;
} peaks[] = {
    {"H200", 989e12, 4.8e12},
    {"H100 PCIe", 756e12, 2.0e12},
    {"H100 NVL", 835e12, 3.9e12},
    {"H100", 989e12, 3.35e12},
    {"A100-SXM4-40GB", 312e12, 1.555e12},
    {"A100-PCIE-40GB", 312e12, 1.555e12},
    {"A100", 312e12, 2.039e12},
};

void machine_wait(struct machine *m)
{
    MUST(gpu_wait(m->gpu, GPU_MAIN, DEADLINE_MS, "benchmark"));
}

void *machine_new(struct machine *m, size_t bytes)
{
    void *p = NULL;
    if (m->n_buffers == MACHINE_BUFFERS)
        MUST(status_fail(ERR_LIMIT, "more than %d buffers", MACHINE_BUFFERS));
    MUST(gpu_memory_new(m->gpu, &p, bytes));
    m->buffers[m->n_buffers++] = p;
    return p;
}

void machine_clear(struct machine *m)
{
    while (m->n_buffers > 0)
        gpu_memory_free(m->gpu, m->buffers[--m->n_buffers]);
}

void *machine_ints(struct machine *m, const int32_t *host, size_t n)
{
    void *p = machine_new(m, n * sizeof *host);
    gpu_upload(m->gpu, GPU_MAIN, p, host, n * sizeof *host);
    machine_wait(m);
    return p;
}

// One stretch from the host, repeated on the device.
void *machine_random(struct machine *m, enum gpu_type type, size_t n)
{
    size_t size = gpu_type_bytes(type), bytes = n * size;
    size_t some = bytes < RANDOM_BYTES ? bytes : RANDOM_BYTES;
    char *p = machine_new(m, bytes), *host = NULL;
    MUST(mem_new(&host, some, 1));
    for (size_t i = 0; i < some / size; i++) {
        float f = (float)(2.0 * rng_uniform(rng_root(6, RNG_TEST), i) - 1.0);
        const char *high = (const char *)&f + (sizeof f - size); // truncated to bf16
        memcpy(host + i * size, high, size);
    }
    gpu_upload(m->gpu, GPU_MAIN, p, host, some);
    for (size_t at = some; at < bytes; at += some)
        gpu_copy(m->gpu, GPU_MAIN, p + at, p, bytes - at < some ? bytes - at : some);
    machine_wait(m);
    mem_free(host);
    return p;
}

double machine_seconds(struct machine *m, machine_work *work, void *context)
{
    struct gpu_graph *graph = NULL;
    double seconds[MACHINE_RUNS];
    work(m, context); // plans are made, code is loaded
    machine_wait(m);
    double start = clock_seconds();
    work(m, context);
    machine_wait(m);
    double once = clock_seconds() - start;
    int repeats = (int)(0.02 / (once + 1e-9)) + 1;
    repeats = m->small ? 1 : repeats > MOST_REPEATS ? MOST_REPEATS : repeats;
    MUST(gpu_capture_begin(m->gpu));
    for (int i = 0; i < repeats; i++)
        work(m, context);
    MUST(gpu_capture_end(m->gpu, &graph));
    for (int run = -1; run < MACHINE_RUNS; run++) {
        start = clock_seconds();
        MUST(gpu_graph_launch(m->gpu, graph));
        machine_wait(m);
        if (run >= 0)
            seconds[run] = (clock_seconds() - start) / repeats;
    }
    gpu_graph_free(graph);
    return bench_median(seconds, MACHINE_RUNS);
}

struct copy {
    void *to, *from;
    size_t bytes;
};
static void copy(struct machine *m, void *context)
{
    const struct copy *c = context;
    gpu_copy(m->gpu, GPU_MAIN, c->to, c->from, c->bytes);
}

static void product(struct machine *m, void *context)
{
    MUST(gpu_gemm(m->gemm, context));
}

static void measure(struct machine *m)
{
    size_t bytes = m->small ? 1 << 16 : (size_t)1 << 30;
    int n = m->small ? 64 : PRODUCT;
    size_t cells = (size_t)n * (size_t)n;
    struct copy c = {machine_new(m, bytes), machine_random(m, GPU_F32, bytes / 4),
                     bytes};
    m->copy = 2.0 * (double)bytes / machine_seconds(m, copy, &c);
    machine_clear(m);
    struct gemm_call g = {.kind = GEMM_FORWARD,
                          .M = n,
                          .N = n,
                          .K = n,
                          .ld_to = n,
                          .ld_a = n,
                          .ld_b = n,
                          .type = GPU_BF16,
                          .to_type = GPU_BF16};
    void *workspace = machine_new(m, GPU_GEMM_WORKSPACE);
    g.a = machine_random(m, GPU_BF16, cells);
    g.b = machine_random(m, GPU_BF16, cells);
    g.to = machine_new(m, cells * 2);
    MUST(gpu_gemm_new(&m->gemm, m->gpu, workspace, GPU_GEMM_WORKSPACE, 0));
    m->product = 2.0 * n * n * n / machine_seconds(m, product, &g);
    gpu_gemm_free(m->gemm);
    m->gemm = NULL;
    machine_clear(m);
}

void machine_open(struct machine *m, int small)
{
    const char *ordinal = getenv("ETREERPO_GPU");
    *m = (struct machine){.small = small};
    MUST(gpu_open(&m->gpu, ordinal ? (int)strtol(ordinal, NULL, 10) : 0));
    MUST(gpu_describe(m->gpu, &m->info));
    for (size_t i = 0; i < sizeof peaks / sizeof *peaks && m->nominal_flops <= 0; i++)
        if (strstr(m->info.name, peaks[i].part)) {
            m->nominal_flops = peaks[i].flops;
            m->nominal_bytes = peaks[i].bytes;
        }
    measure(m);
    printf("%s, compute capability %d.%d, %d SMs, %.1f GiB\n", m->info.name,
           m->info.major, m->info.minor, m->info.multiprocessors,
           (double)m->info.total_bytes / 1073741824.0);
    printf("measured: copy %.0f GB/s read and written, bf16 product of %d^3 %.1f "
           "TFLOP/s\n",
           m->copy / 1e9, small ? 64 : PRODUCT, m->product / 1e12);
    if (m->nominal_flops > 0)
        printf("published: %.0f GB/s, %.0f TFLOP/s bf16, dense\n",
               m->nominal_bytes / 1e9, m->nominal_flops / 1e12);
    else
        printf("published: not in our table of GPUs\n");
}

void machine_close(struct machine *m)
{
    machine_clear(m);
    gpu_close(m->gpu);
    *m = (struct machine){0};
}

struct model_config machine_shape(const char *name)
{
    struct model_config c = {.vocab = 151936,
                             .dim = 896,
                             .layers = 24,
                             .heads = 14,
                             .kv_heads = 2,
                             .head_dim = 64,
                             .ffn = 4864,
                             .max_positions = 4096,
                             .rms_epsilon = 1e-6f,
                             .rope_theta = 1e6,
                             .qkv_bias = 1,
                             .tied = 1,
                             .eos = 151643,
                             .bos = -1};
    if (strcmp(name, "1.5b") == 0) {
        c.dim = 1536;
        c.layers = 28;
        c.heads = 12;
        c.head_dim = 128;
        c.ffn = 8960;
    } else if (strcmp(name, "small") == 0) {
        c.vocab = 512;
        c.dim = 128;
        c.layers = 1;
        c.heads = 2;
        c.kv_heads = 1;
        c.ffn = 64;
        c.eos = 0;
    } else if (strcmp(name, "0.5b") != 0) {
        MUST(status_fail(ERR_INPUT, "no shape %s: 0.5b, 1.5b or small", name));
    }
    return c;
}

double matrix_parameters(const struct model_config *c)
{
    return (layer_row_flops(c) * c->layers + head_row_flops(c)) / 2;
}

int machine_shapes(const char *names[2], int argc, char **argv, int *small)
{
    int n = 0;
    names[0] = "0.5b";
    names[1] = "1.5b";
    for (int i = 1; i < argc && n < 2; i++)
        names[n++] = argv[i];
    *small = n > 0 && strcmp(names[0], "small") == 0;
    return n > 0 ? n : 2;
}

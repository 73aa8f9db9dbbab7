// Every operation of the GPU backend at the shapes of 0.5B and 1.5B models: bytes/s
// against a measured device copy, FLOP/s against a measured bf16 product.
//
//     bench_gpu_ops [0.5b | 1.5b | small ...]
//
// Bytes are those that must move, each buffer once; what stays in the second-level
// cache may show more than the copy's rate.
#include "ops.h"

void ops_report(struct machine *m, const char *name, double bytes, double flops,
                machine_work *work, void *context)
{
    double s = machine_seconds(m, work, context);
    printf("%-34s %10.1f us", name, 1e6 * s);
    if (bytes > 0)
        printf(" %8.0f GB/s %6.1f %%", bytes / s / 1e9, 100 * bytes / s / m->copy);
    else
        printf(" %8s      %6s  ", "", "");
    if (flops > 0)
        printf(" %8.1f TFLOP/s %6.1f %%", flops / s / 1e12,
               100 * flops / s / m->product);
    printf("\n");
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *shapes[2];
    struct machine m;
    int small = 0, n = machine_shapes(shapes, argc, argv, &small);
    machine_open(&m, small);
    for (int i = 0; i < n; i++) {
        struct model_config c = machine_shape(shapes[i]);
        printf("\n%s: dim %d, %d heads (%d) of %d, ffn %d, vocabulary %d; %d rows; "
               "medians of %d\n",
               shapes[i], c.dim, c.heads, c.kv_heads, c.head_dim, c.ffn, c.vocab,
               OPS_ROWS(&m), MACHINE_RUNS);
        printf("%-34s %13s %13s %8s %16s %8s\n", "operation", "time", "moved",
               "of copy", "computed", "of gemm");
        ops_products(&m, &c);
        ops_rows(&m, &c);
        ops_vocabulary(&m, &c);
        ops_attention(&m, &c);
        ops_optimizer(&m);
    }
    machine_close(&m);
    return 0;
}

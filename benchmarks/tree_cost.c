// What packing a tree saves: forward+backward over unique tokens against the same trees
// with every root-to-leaf path laid out, in counted FLOPs and in measured time.
#include "bench.h"
#include "learner/pack.h"

enum { RUNS = 3, MAX_FLAT_ROWS = 12288 };

struct cost {
    double tokens, flops, seconds;
};

// Forward and backward over a pack, the median of RUNS.
static struct cost measure(const struct model *m, struct activations *a,
                           const struct pack *p, float *grad)
{
    float *log_prob = NULL, *coef = NULL;
    double seconds[RUNS];
    MUST(mem_new(&log_prob, (size_t)p->n_outputs, sizeof *log_prob));
    MUST(mem_new(&coef, (size_t)p->n_outputs, sizeof *coef));
    for (int run = 0; run < RUNS; run++) {
        double start = clock_seconds();
        MUST(model_forward(m, a, p, 1.0f, log_prob, NULL));
        MUST(model_backward(m, a, p, 1.0f, coef, grad));
        seconds[run] = clock_seconds() - start;
    }
    mem_free(log_prob);
    mem_free(coef);
    return (struct cost){p->n_tokens, 3.0 * model_forward_flops(&m->config, p),
                         bench_median(seconds, RUNS)};
}

// The flattened batch can be too large for memory, but all its paths have one length:
// it is measured on the paths below one node `skip` levels down, and multiplied.
static struct cost flattened(const struct model *m, struct activations *a, int b,
                             int depth, int step, float *grad)
{
    int skip = 0;
    double copies = 1, paths = 1;
    for (int d = 0; d < depth; d++)
        paths *= b;
    for (; paths * step * (depth + 1) > MAX_FLAT_ROWS && skip < depth - 1; skip++) {
        paths /= b;
        copies *= b;
    }
    struct tree t = {0}, *list[1] = {&t};
    struct pack p = {0};
    struct pack_origin *origins = NULL;
    bench_chain_then_tree(&t, skip, b, depth - skip, step, m->config.vocab);
    MUST(pack_flattened(&p, &origins, list, 1));
    struct cost c = measure(m, a, &p, grad);
    pack_free(&p);
    mem_free(origins);
    tree_free(&t);
    return (struct cost){c.tokens * copies, c.flops * copies, c.seconds * copies};
}

static double compare(const struct model *m, struct activations *a, float *grad, int b,
                      int depth)
{
    struct tree t = {0}, *list[1] = {&t};
    struct pack p = {0};
    struct pack_origin *origins = NULL;
    int step = b == 8 && depth == 4 ? 6 : 24; // 4096 leaves: short steps, or no memory
    bench_chain_then_tree(&t, 0, b, depth, step, m->config.vocab);
    MUST(pack_trees(&p, &origins, list, 1));
    struct cost tree = measure(m, a, &p, grad);
    struct cost flat = flattened(m, a, b, depth, step, grad);
    double predicted = flat.flops / tree.flops, measured = flat.seconds / tree.seconds;
    printf("%2d %5d %4d %7zu %8.0f %8.0f %7.2f %10.2f %9.2f %9.1f %6.2f\n", b, depth, step,
           tree_leaf_count(&t), tree.tokens, flat.tokens, flat.tokens / tree.tokens,
           predicted, measured, 1e3 * tree.seconds, measured / predicted);
    pack_free(&p);
    mem_free(origins);
    tree_free(&t);
    return measured / predicted;
}

int main(void)
{
    MUST(par_start(bench_threads(), 50));
    struct model_config shape = bench_shape();
    struct model m = {0};
    struct activations *a = NULL;
    float *grad = NULL;
    bench_model(&m, &shape);
    MUST(activations_new(&a, &m));
    MUST(mem_new(&grad, m.layout.total, sizeof *grad));
    printf("dim 256, 6 layers; prompt and steps of `step` tokens; ratios are flattened / tree; "
           "medians of %d\n",
           RUNS);
    printf(" b depth step  leaves   unique    paths  tokens  (a) FLOPs  (b) time   tree ms  b / a\n");
    double worst = 1e9;
    for (int b = 2; b <= 8; b *= 2) {
        for (int depth = 2; depth <= 4; depth++) {
            double share = compare(&m, a, grad, b, depth);
            worst = share < worst ? share : worst;
        }
    }
    printf("smallest share of the predicted saving: %.2f\n", worst);
    mem_free(grad);
    activations_free(a);
    model_free(&m);
    par_stop();
    return 0;
}

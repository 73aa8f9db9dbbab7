// What packing a tree saves: forward+backward over unique tokens against the same trees
// with every root-to-leaf path laid out, in counted FLOPs and in measured time.
#include "bench.h"

#include "learner/pack.h"

enum { RUNS = 3, MAX_FLAT_ROWS = 12288 };

// One of the two ways to lay a tree out, ready to be timed.
struct layout {
    struct tree tree;
    struct pack pack;
    float *log_prob, *coef;
    double copies; // of what is timed in the whole
    double seconds[RUNS];
};

static void layout_open(struct layout *l, int chain, int b, int depth, int step,
                        int vocab, int flat)
{
    struct tree *list[1] = {&l->tree};
    struct pack_origin *origins = NULL;
    bench_chain_then_tree(&l->tree, chain, b, depth, step, vocab);
    if (flat)
        MUST(pack_flattened(&l->pack, &origins, list, 1));
    else
        MUST(pack_trees(&l->pack, &origins, list, 1, 0));
    MUST(mem_new(&l->log_prob, (size_t)l->pack.n_outputs, sizeof *l->log_prob));
    MUST(mem_new(&l->coef, (size_t)l->pack.n_outputs, sizeof *l->coef));
    mem_free(origins);
}

static void layout_close(struct layout *l)
{
    pack_free(&l->pack);
    tree_free(&l->tree);
    mem_free(l->log_prob);
    mem_free(l->coef);
}

static double once(const struct model *m, struct activations *a, struct layout *l,
                   float *grad)
{
    double start = clock_seconds();
    MUST(model_forward(m, a, &l->pack, 1.0f, l->log_prob, NULL));
    MUST(model_backward(m, a, &l->pack, 1.0f, l->coef, grad));
    return (clock_seconds() - start) * l->copies;
}

// The flattened batch can be too large for memory, but all its paths have one length:
// it is timed on the paths below one node `skip` levels down, and multiplied.
static int levels_to_skip(int b, int depth, int step, double *copies)
{
    double paths = 1;
    int skip = 0;
    *copies = 1;
    for (int d = 0; d < depth; d++)
        paths *= b;
    for (; paths * step * (depth + 1) > MAX_FLAT_ROWS && skip < depth - 1; skip++) {
        paths /= b;
        *copies *= b;
    }
    return skip;
}

static double compare(const struct model *m, struct activations *a, float *grad, int b,
                      int depth)
{
    struct layout tree = {.copies = 1}, flat = {0};
    int step = b == 8 && depth == 4 ? 6 : 24; // 4096 leaves: short steps, or no memory
    int skip = levels_to_skip(b, depth, step, &flat.copies);
    layout_open(&tree, 0, b, depth, step, m->config.vocab, 0);
    layout_open(&flat, skip, b, depth - skip, step, m->config.vocab, 1);
    for (int run = -1; run < RUNS; run++) { // in turn, so that a drift hits both
        double t = once(m, a, &tree, grad), f = once(m, a, &flat, grad);
        if (run < 0)
            continue;
        tree.seconds[run] = t;
        flat.seconds[run] = f;
    }
    double rows = flat.pack.n_tokens * flat.copies;
    double predicted = flat.copies * model_forward_flops(&m->config, &flat.pack) /
                       model_forward_flops(&m->config, &tree.pack);
    double tree_s = bench_median(tree.seconds, RUNS);
    double measured = bench_median(flat.seconds, RUNS) / tree_s;
    printf("%2d %5d %4d %7zu %8d %8.0f %7.2f %10.2f %9.2f %9.1f %6.2f\n", b, depth,
           step, tree_leaf_count(&tree.tree), tree.pack.n_tokens, rows,
           rows / tree.pack.n_tokens, predicted, measured, 1e3 * tree_s,
           measured / predicted);
    layout_close(&tree);
    layout_close(&flat);
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
    printf("dim 256, 6 layers; prompt and steps of `step` tokens; ratios are flattened "
           "/ tree; "
           "medians of %d\n",
           RUNS);
    printf(" b depth step  leaves   unique    paths  tokens  (a) FLOPs  (b) time   "
           "tree ms  b / a\n");
    double shares[9];
    int cells = 0;
    for (int b = 2; b <= 8; b *= 2) {
        for (int depth = 2; depth <= 4; depth++) {
            shares[cells++] = compare(&m, a, grad, b, depth);
        }
    }
    printf("median share of the predicted saving: %.2f\n", bench_median(shares, cells));
    mem_free(grad);
    activations_free(a);
    model_free(&m);
    par_stop();
    return 0;
}

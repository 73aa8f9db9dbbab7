// What the benchmarks share: medians, a model of a given shape, random trees.
#ifndef BENCHMARKS_BENCH_H
#define BENCHMARKS_BENCH_H

#include "base/clock.h"
#include "base/mem.h"
#include "base/par.h"
#include "base/rng.h"
#include "base/status.h"
#include "model/model.h"
#include "tree/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// A benchmark has no one to report to: say why and leave.
#define MUST(call)                                                                     \
    do {                                                                               \
        if ((call) != OK) {                                                            \
            (void)fprintf(stderr, "%s: %s\n", #call, status_message());                \
            exit(1);                                                                   \
        }                                                                              \
    } while (0)

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double bench_median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, bench_compare);
    return values[n / 2];
}

static inline int bench_threads(void)
{
    const char *set = getenv("THREADS");
    long n = set ? strtol(set, NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (int)n;
}

// dim 256, 6 layers, 8 heads, ffn 1024, vocabulary 1024: ENGINE's reference shape.
static inline struct model_config bench_shape(void)
{
    return (struct model_config){
        .vocab = 1024,
        .dim = 256,
        .layers = 6,
        .heads = 8,
        .kv_heads = 8,
        .head_dim = 32,
        .ffn = 1024,
        .max_positions = 4096,
        .rms_epsilon = 1e-5f,
        .rope_theta = 10000.0,
        .eos = 0,
        .bos = -1,
    };
}

static inline void bench_model(struct model *m, const struct model_config *c)
{
    MUST(model_new(m, c));
    model_randomize(m, rng_root(1, RNG_TEST));
    (void)model_repack(m);
    model_repack(m);
}

// Adds a node of n random tokens.
static inline int32_t bench_node(struct tree *t, int32_t parent, int32_t child,
                                 enum node_end end, int n, int vocab)
{
    int32_t *tokens = NULL, index = 0;
    float *zeros = NULL;
    MUST(mem_new(&tokens, (size_t)n, sizeof *tokens));
    MUST(mem_new(&zeros, (size_t)n, sizeof *zeros));
    struct rng_key key = rng_child(rng_root(2, RNG_TEST), t->n_nodes);
    for (int i = 0; i < n; i++)
        tokens[i] = (int32_t)rng_below(key, (uint64_t)i, (uint64_t)vocab);
    MUST(tree_add(t, parent, child, end, tokens, zeros, zeros, (size_t)n, &index));
    mem_free(tokens);
    mem_free(zeros);
    return index;
}

// Levels below `node`: b children of n tokens each, down to `depth` more levels.
static inline void bench_grow(struct tree *t, int32_t node, int b, int depth, int n,
                              int vocab)
{
    t->nodes[node].branching = b;
    for (int child = 0; child < b; child++) {
        enum node_end end = depth == 1 ? NODE_EOS : NODE_BRANCHED;
        int32_t next = bench_node(t, node, child, end, n, vocab);
        if (depth > 1)
            bench_grow(t, next, b, depth - 1, n, vocab);
    }
}

// A tree: prompt of n tokens, `chain` single-child steps, then `depth` levels of b-fold
// branching, n tokens a step.
static inline void bench_chain_then_tree(struct tree *t, int chain, int b, int depth,
                                         int n, int vocab)
{
    int32_t *prompt = NULL, node = 0;
    MUST(mem_new(&prompt, (size_t)n, sizeof *prompt));
    for (int i = 0; i < n; i++)
        prompt[i] =
            (int32_t)rng_below(rng_root(3, RNG_TEST), (uint64_t)i, (uint64_t)vocab);
    MUST(tree_init(t, 0, prompt, (size_t)n));
    mem_free(prompt);
    for (int i = 0; i < chain; i++) {
        t->nodes[node].branching = 1;
        node = bench_node(t, node, 0, NODE_BRANCHED, n, vocab);
    }
    bench_grow(t, node, b, depth, n, vocab);
}

#endif

// Random trees and checks that the tree and learner tests share.
#ifndef TREE_TEST_H
#define TREE_TEST_H

#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "tree/credit.h"
#include "tree/tree.h"

#include <cmocka.h>
#include <math.h>

#ifndef assert_ok
#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)
#endif

// Makes the 1st, 2nd, ... allocation of `call` fail until it succeeds; how many failed.
#define failures_of(call)                                                              \
    __extension__({                                                                    \
        long nth_ = 1;                                                                 \
        for (;; nth_++) {                                                              \
            mem_fail_nth(nth_);                                                        \
            enum status st_ = (call);                                                  \
            mem_fail_nth(0);                                                           \
            if (st_ == OK)                                                             \
                break;                                                                 \
            assert_int_equal(st_, ERR_NOMEM);                                          \
        }                                                                              \
        nth_ - 1;                                                                      \
    })

enum { SAMPLE_VOCAB = 37, SAMPLE_STEP_TOKENS = 5 };

// Appends a node of n made-up tokens; branching 0 makes a leaf with that reward.
static inline int32_t put_node(struct tree *t, int32_t parent, int32_t child,
                               int32_t branching, float reward, int32_t n)
{
    int32_t tokens[SAMPLE_STEP_TOKENS], index = -1;
    float log_probs[SAMPLE_STEP_TOKENS], entropies[SAMPLE_STEP_TOKENS];
    struct rng_key key = rng_child(rng_root(3, RNG_TEST), t->n_nodes);
    for (int32_t k = 0; k < n; k++) {
        uint64_t at = (uint64_t)k * 3;
        tokens[k] = (int32_t)rng_below(key, at, SAMPLE_VOCAB);
        log_probs[k] = -(float)rng_uniform(key, at + 1);
        entropies[k] = (float)rng_uniform(key, at + 2);
    }
    assert_ok(tree_add(t, parent, child, branching ? NODE_BRANCHED : NODE_EOS, tokens,
                       log_probs, entropies, (size_t)n, &index));
    t->nodes[index].branching = branching;
    t->nodes[index].reward = reward;
    return index;
}

static inline void put_root(struct tree *t, int32_t branching)
{
    static const int32_t prompt[] = {5, 6, 7};
    *t = (struct tree){0};
    assert_ok(tree_init(t, 11, prompt, 3));
    t->step = 4;
    t->policy_version = 4;
    t->nodes[0].branching = branching;
}

// Children asked for by depth; branches below the first depth may end early.
struct tree_shape {
    int32_t branch[4], depths;
};

static const struct tree_shape sample_shapes[] = {
    {{4}, 1}, {{2, 3}, 2}, {{3, 1, 2}, 3}, {{1, 2, 2}, 3}, {{2, 1, 1, 3}, 4},
};
enum { N_SHAPES = sizeof sample_shapes / sizeof *sample_shapes };

static inline void sample_below(struct tree *t, const struct tree_shape *shape,
                                int32_t parent, struct rng_key key)
{
    int32_t depth = t->nodes[parent].depth;
    for (int32_t c = 0; c < shape->branch[depth]; c++) {
        struct rng_key child = rng_child(key, (uint64_t)c);
        int leaf = depth + 1 == shape->depths || rng_below(child, 0, 4) == 0;
        float reward = leaf ? (float)rng_below(child, 1, 5) / 4.0F : 0.0F;
        int32_t n = 1 + (int32_t)rng_below(child, 2, SAMPLE_STEP_TOKENS);
        int32_t b = leaf ? 0 : shape->branch[depth + 1];
        int32_t node = put_node(t, parent, c, b, reward, n);
        if (!leaf)
            sample_below(t, shape, node, child);
    }
}

// A canonical tree.
static inline void sample_tree(struct tree *t, const struct tree_shape *shape,
                               uint64_t seed)
{
    put_root(t, shape->branch[0]);
    sample_below(t, shape, 0, rng_child(rng_root(2, RNG_TEST), seed));
}

static inline int64_t leaves_under(const struct tree *t, int32_t node)
{
    int64_t leaves = 0;
    for (size_t i = 1; i < t->n_nodes; i++) {
        int32_t up = (int32_t)i;
        while (up > node)
            up = t->nodes[up].parent;
        leaves += up == node && tree_is_leaf(&t->nodes[i]);
    }
    return leaves;
}

static inline void expect_node(const struct tree *t, int32_t node, double value,
                               double advantage, double weight)
{
    const struct tree_node *n = &t->nodes[node];
    if (fabs((double)n->value - value) > 1e-6 ||
        fabs((double)n->advantage - advantage) > 1e-6 ||
        fabs((double)n->weight - weight) > 1e-6)
        fail_msg("node %d: V %g A %g w %g, not %g %g %g", node, (double)n->value,
                 (double)n->advantage, (double)n->weight, value, advantage, weight);
}

#endif

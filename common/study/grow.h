// Samples trees from a small policy, in the structure that training uses, so that the
// credit code of training is what a study measures.
//
// The first token of each node is the number of its prefix.  A tree's memory is used
// again: start from a zeroed struct, end with tree_free.  ERR_NOMEM throughout.
#ifndef STUDY_GROW_H
#define STUDY_GROW_H

#include "policy.h"

#include "tree/branching.h"
#include "tree/cutoff.h"
#include "tree/tree.h"

// Children of a node, by its prefix and a random number of its own; does not fall as
// `uniform` falls.
typedef int32_t children_fn(const void *context, const struct policy *p, int32_t prefix,
                            double uniform);

struct grower {
    const struct policy *policy;
    children_fn *children;
    const void *context;
    struct cutoff_rule cutoff;
    double false_alarm; // a hopeless prefix is flagged always, another as often as this
};

children_fn grow_by_rule; // context: const struct branching *
children_fn
    grow_by_value;      // four where the prefix is worth more than the root, else one
children_fn grow_chain; // one; no context

// E[children] of a prefix over `uniform`.
double grow_mean_children(const struct grower *g, int32_t prefix);
// Probability that a prefix is flagged: 0 at the root and at leaves.
double grow_flag_chance(const struct grower *g, int32_t prefix);

static inline int32_t grow_prefix(const struct tree *t, int32_t node)
{
    return t->tokens[t->nodes[node].token_begin];
}

// A root alone, that will have `children`.
CHECKED enum status grow_root(const struct grower *g, struct tree *t, int32_t children);
// Hangs a child with a given prefix below `parent`, and samples everything below it.
// *node (may be NULL) is its number.
CHECKED enum status grow_from(const struct grower *g, struct tree *t, int32_t parent,
                              int32_t child_index, int32_t prefix, struct rng_key key,
                              int32_t *node);
// Samples a child of `parent`, and everything below it.
CHECKED enum status grow_child(const struct grower *g, struct tree *t, int32_t parent,
                               int32_t child_index, struct rng_key key);
// Samples a whole tree.
CHECKED enum status grow_tree(const struct grower *g, struct tree *t,
                              struct rng_key key);

#endif

// The two kinds of groups in which credit is given.  Private to tree/credit.
#ifndef TREE_CREDIT_GROUP_H
#define TREE_CREDIT_GROUP_H

#include "credit.h"

// What hangs below a node.
struct subtree {
    int64_t leaves;
    double factor;                      // of the node in its parent's sums (reuse.h)
    double factor_sum;                  // of the children
    double value_sum, value_square_sum; // of the children's values, by factor
    float reward_min, reward_max;       // of the leaves' raw rewards
    double baseline, scale;             // of the group that the node belongs to
    double sampling;                    // CREDIT_TREE: expected variance of its value,
    double sampling_sum;                // and of its children's, by factor squared
    double unsure;                      // CREDIT_TREE: variance of its baseline
    int dead;                           // 1: no signal in it
};

// What divides the advantages of a group of two or more: 1, the standard deviation (by
// n - 1), or mean (1 - mean).  A spread that is 0 but for rounding (the values 1/2, 1/2
// of unequal rewards) divides nothing: then it is 1 too.
double credit_scale(double n, double sum, double square_sum, enum credit_norm norm);

// The factor of every node (tree/reuse.h); leaves the sums as they were, 0.
void credit_factors(const struct tree *t, const struct reuse_rule *rule,
                    struct subtree *below);

// etreerpo, treerpo: a group is the children of one parent.
void credit_steps(struct tree *t, const struct credit_config *config,
                  struct subtree *below, struct credit_stats *stats);

// grpo, rloo: the group is all leaves of the prompt.
void credit_leaves(struct tree *t, const struct credit_config *config,
                   struct subtree *below, struct credit_stats *stats);

// CREDIT_TREE: the expected sampling variance of every node's value.
void credit_sampling(const struct tree *t, const struct credit_prior *prior,
                     struct subtree *below);

// CREDIT_TREE: baseline, its variance and the scale of node i, whose parent has its
// own.
void credit_tree_group(const struct tree *t, size_t i,
                       const struct credit_config *config, struct subtree *below);

#endif

// Where in a tree the reward is decided: nested analysis of variance, online.
//
// sigma_d^2 = E[Var(V(s_d) | s_{d-1})] is the variance that a step of depth d adds to
// the value; for a binary reward the depths' sum is V(1-V).  Of a node with b >= 2
// children whose value estimates are V_j, with sampling variances v_j, the sample
// variance S^2 of the V_j has the mean sigma_d^2 + mean(v_j), and S^2 / b is an
// unbiased estimate of the node's own sampling variance.  For a node of one child that
// variance is sigma^2 of its depth, as far as it is known, and the child's.  Nodes
// count by their share of the tree (1/b products). One thread; a zeroed struct is
// empty.
#ifndef TREE_ANOVA_H
#define TREE_ANOVA_H

#include "tree.h"

enum { ANOVA_MAX_DEPTH = 16 };

struct anova {
    struct anova_depth {
        double weight;         // of the nodes that had two children or more
        double variance;       // weighted sum of their estimates of sigma^2
        double steps, tokens;  // weighted: steps of this depth, and their tokens
        double entropy;        // weighted sum of the steps' mean entropies, nats
    } depths[ANOVA_MAX_DEPTH]; // [d - 1]: steps of depth d
};

// Adds a tree whose values are assigned.  Deeper steps than ANOVA_MAX_DEPTH are left
// out.  ERR_NOMEM.
CHECKED enum status anova_add(struct anova *a, const struct tree *t);

// All that was added so far counts `keep` in [0, 1] times from now on.
void anova_fade(struct anova *a, double keep);

// Estimates of depth d >= 1; 0 where nothing is known yet.  Not below 0.
double anova_variance(const struct anova *a, int32_t depth);
double anova_tokens(const struct anova *a, int32_t depth);  // mean length of a step
double anova_entropy(const struct anova *a, int32_t depth); // mean, nats a token

#endif

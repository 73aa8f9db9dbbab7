// What theory predicts of a small policy's trees, by enumeration and closed form.
// Pure functions of a solved policy.
#ifndef STUDY_EXACT_H
#define STUDY_EXACT_H

#include "grow.h"

// sigma_d^2 = E[Var(V(s_d) | s_{d-1})], d from 1; a path that has ended adds nothing.
double exact_variance(const struct policy *p, int32_t depth);
// Mean tokens that a path spends on its step of that depth, 0 where it has ended.
double exact_tokens(const struct policy *p, int32_t depth);
// Mean over the steps of that depth of their entropy a token, nats.
double exact_entropy(const struct policy *p, int32_t depth);

// Gradient of the root's value: one number for the logit of each prefix (p->n, that of
// the root 0): reach(s) pi(k|s) (V(s,k) - V(s)).
void exact_gradient(const struct policy *p, double *gradient);

// Variance of the root's value under a FIXED rule: sum_d sigma_d^2 / (b_1 ... b_d),
// and E[1/b] for a rate that is not whole.
double exact_root_variance(const struct policy *p, const struct branching *b);
// Expected tokens of a tree under a FIXED rule.
double exact_tree_tokens(const struct policy *p, const struct branching *b);

// The mean over LEAVES of very many trees, whatever the rule: its distance from V is
// Cov(N_j, V_j) / E[N] where one level of children has N_j leaves each.
struct exact_leaves {
    double count; // expected leaves of a tree
    double mean;  // expected sum of their rewards over that
};
CHECKED enum status exact_leaf_mean(const struct grower *g, struct exact_leaves *out);

#endif

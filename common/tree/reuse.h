// Subtree reuse: a step that an earlier policy q sampled stands in for a fresh one, and
// counts by an importance weight.
//
// tree_node.ratio is pi(step | prefix) / q(step | prefix), the product over its tokens.
// In its parent's mean over b children it has the factor
//   none       1                     biased by E_q[V] - V, which no sampling cures
//   is         ratio                 unbiased, for each edge and so recursively
//   truncated  min(ratio, most)      biased by -E_q[(ratio - most)^+ V]
//   snis       b ratio / sum ratio   biased by about -E_q[ratio^2 (V_j - V)] / b
// and its tokens' weight in the gradient has the same factor.  Fresh steps have
// ratio 1. Strictly this holds for a pi that does not depend on the sample; a policy
// that was trained on it depends on it a little.
#ifndef TREE_REUSE_H
#define TREE_REUSE_H

#include "base/status.h"

enum reuse_weight { REUSE_NONE, REUSE_IS, REUSE_TRUNCATED, REUSE_SNIS, REUSE_WEIGHTS };

// ERR_INPUT lists the names.
CHECKED enum status reuse_weight_by_name(enum reuse_weight *out, const char *name);

struct reuse_rule {
    enum reuse_weight weight;
    double most; // TRUNCATED: at what
};

// The factor of one step; for snis before its group's sum divides it.
double reuse_factor(const struct reuse_rule *rule, double ratio);

// (sum w)^2 / sum w^2 over sum and sum of squares of weights; 0 where there are none.
double reuse_ess(double sum, double square_sum);

#endif

#include "exact.h"

#include "base/mem.h"

#include <math.h>

double exact_variance(const struct policy *p, int32_t depth)
{
    double sum = 0.0;
    for (int32_t i = 1; i < p->n; i++) {
        const struct prefix *s = &p->prefixes[i];
        double step = s->value - p->prefixes[s->parent].value;
        if (s->depth == depth)
            sum += s->reach * step * step;
    }
    return sum;
}

double exact_tokens(const struct policy *p, int32_t depth)
{
    double sum = 0.0;
    for (int32_t i = 1; i < p->n; i++)
        if (p->prefixes[i].depth == depth)
            sum += p->prefixes[i].reach * p->prefixes[i].length;
    return sum;
}

double exact_entropy(const struct policy *p, int32_t depth)
{
    double sum = 0.0, reach = 0.0;
    for (int32_t i = 1; i < p->n; i++) {
        const struct prefix *s = &p->prefixes[i];
        if (s->depth != depth)
            continue;
        sum += s->reach * s->entropy / s->length;
        reach += s->reach;
    }
    return reach > 0.0 ? sum / reach : 0.0;
}

void exact_gradient(const struct policy *p, double *gradient)
{
    gradient[0] = 0.0;
    for (int32_t i = 1; i < p->n; i++) {
        const struct prefix *s = &p->prefixes[i];
        gradient[i] = s->reach * (s->value - p->prefixes[s->parent].value);
    }
}

// E[1/b] of a rate that is rounded up with the probability of its fraction.
static double mean_inverse(double rate)
{
    double whole = floor(rate), rest = rate - whole;
    return (1.0 - rest) / whole + rest / (whole + 1.0);
}

double exact_root_variance(const struct policy *p, const struct branching *b)
{
    double sum = 0.0, share = 1.0;
    for (int32_t d = 0; d < p->depth; d++) {
        share *= mean_inverse(b->rate[d]);
        sum += exact_variance(p, d + 1) * share;
    }
    return sum;
}

double exact_tree_tokens(const struct policy *p, const struct branching *b)
{
    double sum = 0.0, nodes = 1.0;
    for (int32_t d = 0; d < p->depth; d++) {
        nodes *= b->rate[d];
        sum += nodes * exact_tokens(p, d + 1);
    }
    return sum;
}

// Children count a prefix's leaves up from the back; a node's count is drawn before its
// children are, so the expectations multiply.
enum status exact_leaf_mean(const struct grower *g, struct exact_leaves *out)
{
    const struct policy *p = g->policy;
    struct below {
        double leaves, rewards;
    } *below = NULL;
    TRY(mem_new(&below, (size_t)p->n, sizeof *below));
    for (int32_t i = p->n; i-- > 0;) {
        const struct prefix *s = &p->prefixes[i];
        if (policy_is_leaf(p, i)) {
            below[i].leaves = 1.0;
            below[i].rewards = s->reward;
        } else {
            double children = grow_mean_children(g, i);
            below[i].leaves *= children;
            below[i].rewards *= children;
        }
        if (i > 0) {
            below[s->parent].leaves += s->probability * below[i].leaves;
            below[s->parent].rewards += s->probability * below[i].rewards;
        }
    }
    *out = (struct exact_leaves){below[0].leaves, below[0].rewards / below[0].leaves};
    mem_free(below);
    return OK;
}

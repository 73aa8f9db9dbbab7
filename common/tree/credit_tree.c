// The baseline of a step from the whole tree: its siblings' mean and its parent's
// baseline, weighed by their precisions.
//
// Both estimate V(parent).  A sibling's value has the variance sigma_d^2 + (its
// sampling variance) around it; the parent's baseline, an estimate of V(grandparent),
// that of its own plus sigma_{d-1}^2.  The sigma^2 come from earlier steps and the
// sampling variances from the shape of other nodes, so that nothing depends on the
// child itself.
#include "credit_group.h"

#include <math.h>

static double sigma2_of(const struct credit_prior *prior, int32_t depth)
{
    return depth < 1 || depth > ANOVA_MAX_DEPTH ? 0.0 : prior->sigma2[depth - 1];
}

void credit_sampling(const struct tree *t, const struct credit_prior *prior,
                     struct subtree *below)
{
    for (size_t i = t->n_nodes; i-- > 0;) {
        const struct tree_node *n = &t->nodes[i];
        struct subtree *s = &below[i];
        double b = (double)n->branching;
        s->sampling = tree_is_leaf(n) ? 0.0 : s->sampling_sum / (b * b);
        if (n->parent >= 0)
            below[n->parent].sampling_sum +=
                s->factor * s->factor * (sigma2_of(prior, n->depth) + s->sampling);
    }
}

// std and V(1-V) of the prompt: a leaf's reward is nearly binary.
static double root_scale(const struct tree *t, enum credit_norm norm)
{
    double value = fmin(fmax((double)t->nodes[0].value, 0.0), 1.0);
    double spread = value * (1.0 - value);
    double scale = norm == CREDIT_NORM_NONE  ? 1.0
                   : norm == CREDIT_NORM_STD ? sqrt(spread)
                                             : spread;
    return scale > 1e-6 ? scale : 1.0;
}

// Of two independent estimates with variances a, b > 0: the precise one counts more.
static double combine(double x, double a, double y, double b, double *variance)
{
    *variance = a * b / (a + b);
    return (x * b + y * a) / (a + b);
}

void credit_tree_group(const struct tree *t, size_t i,
                       const struct credit_config *config, struct subtree *below)
{
    const struct tree_node *n = &t->nodes[i];
    const struct subtree *up = &below[n->parent];
    struct subtree *s = &below[i];
    double own =
        s->factor * s->factor * (sigma2_of(&config->prior, n->depth) + s->sampling);
    double factors = up->factor_sum - s->factor;
    s->scale = root_scale(t, config->norm);
    s->dead = t->nodes[0].branching > 1 && below[0].reward_max == below[0].reward_min;
    s->baseline = up->baseline;
    // From V(grandparent) to V(parent); a chain of lone steps adds up.
    s->unsure = up->unsure + sigma2_of(&config->prior, n->depth - 1);
    if (!(factors > 0.0))
        return;
    double mean = (up->value_sum - s->factor * (double)n->value) / factors;
    double variance = (up->sampling_sum - own) / (factors * factors);
    if (isinf(s->unsure) || variance <= 0.0) {
        s->baseline = mean;
        s->unsure = fmax(variance, 0.0);
        return;
    }
    s->baseline = combine(mean, variance, s->baseline, s->unsure, &s->unsure);
}

#include "credit_group.h"

#include <math.h>

struct flat_group {
    double n, sum, square_sum;
    int silent;
};

static struct flat_group gather(const struct tree *t, const struct subtree *below)
{
    struct flat_group g = {.silent = below[0].reward_max == below[0].reward_min};
    for (size_t i = 1; i < t->n_nodes; i++) {
        if (!tree_is_leaf(&t->nodes[i]))
            continue;
        double reward = (double)t->nodes[i].reward;
        g.n += 1.0;
        g.sum += reward;
        g.square_sum += reward * reward;
    }
    return g;
}

// A leaf's advantage in the flat group.  A group of one has nothing to compare with:
// rloo's baseline is then 0.
static double leaf_advantage(const struct flat_group *g, double reward,
                             const struct credit_config *config)
{
    if (g->n < 2.0)
        return config->method == CREDIT_RLOO ? reward : 0.0;
    if (g->silent)
        return 0.0;
    double a = config->method == CREDIT_RLOO ? reward - (g->sum - reward) / (g->n - 1.0)
                                             : reward - g->sum / g->n;
    return a / credit_scale(g->n, g->sum, g->square_sum, config->norm);
}

static double share_weight(enum credit_weight kind, double share)
{
    return kind == CREDIT_WEIGHT_EXACT  ? share
           : kind == CREDIT_WEIGHT_SQRT ? sqrt(share)
                                        : 1.0;
}

void credit_leaves(struct tree *t, const struct credit_config *config,
                   struct subtree *below, struct credit_stats *stats)
{
    struct flat_group g = gather(t, below);
    // value_sum is free again: it now sums the leaves' advantages.
    for (size_t i = 0; i < t->n_nodes; i++)
        below[i].value_sum = 0.0;
    for (size_t i = t->n_nodes; i-- > 1;) {
        struct tree_node *n = &t->nodes[i];
        if (tree_is_leaf(n))
            below[i].value_sum = leaf_advantage(&g, (double)n->reward, config);
        n->advantage = (float)(below[i].value_sum / (double)below[i].leaves);
        n->weight = (float)share_weight(config->weight, (double)below[i].leaves / g.n);
        below[n->parent].value_sum += below[i].value_sum;
    }
    t->nodes[0].advantage = 0.0f;
    t->nodes[0].weight = 1.0f;
    if (g.n >= 2.0) {
        stats->groups++;
        stats->silent_groups += g.silent;
    }
}

#include "credit_group.h"

#include <math.h>

// 1 where all raw rewards below are equal: such a group carries no signal.
static int silent(const struct subtree *s)
{
    return s->reward_max == s->reward_min;
}

// What a child among b >= 2 is compared with: the mean of the others for etreerpo,
// which makes its advantage b / (b - 1) (V - mean); the mean for treerpo.
static double group_baseline(const struct subtree *group, const struct subtree *child,
                             double value, enum credit_method method)
{
    double sum = group->value_sum, factors = group->factor_sum;
    if (method == CREDIT_ETREERPO) {
        sum -= child->factor * value;
        factors -= child->factor;
    }
    return factors > 0.0 ? sum / factors : 0.0;
}

// A lone child is one edge with its parent: the group is the one above.
static void enter_group(struct subtree *s, const struct subtree *up, int32_t b,
                        double value, const struct credit_config *config)
{
    if (b == 1) {
        s->baseline = up->baseline;
        s->scale = up->scale;
        s->dead = up->dead;
        return;
    }
    s->baseline = group_baseline(up, s, value, config->method);
    s->scale = credit_scale(b, up->value_sum, up->value_square_sum, config->norm);
    s->dead = silent(up);
}

// Of a node that its parent has reached: 1/b, and what reuse and cutoff have thinned.
static double node_weight(const struct tree_node *parent, const struct subtree *s,
                          const struct credit_config *config)
{
    double weight = (double)parent->weight * s->factor;
    if (config->cutoff == CUTOFF_ROULETTE)
        weight /= (double)parent->keep;
    if (parent->branching > 1 && config->weight == CREDIT_WEIGHT_EXACT)
        weight /= parent->branching;
    else if (parent->branching > 1 && config->weight == CREDIT_WEIGHT_SQRT)
        weight /= sqrt(parent->branching);
    return weight;
}

void credit_steps(struct tree *t, const struct credit_config *config,
                  struct subtree *below, struct credit_stats *stats)
{
    struct tree_node *root = &t->nodes[0];
    root->weight = 1.0f;
    root->advantage = 0.0f; // its tokens were not generated
    int whole = config->baseline == CREDIT_TREE;
    below[0].baseline = whole ? config->prior.mean : 0.0;
    below[0].unsure = (double)INFINITY;
    if (whole)
        credit_sampling(t, &config->prior, below);
    below[0].scale = 1.0;
    below[0].dead = config->method != CREDIT_ETREERPO;
    for (size_t i = 1; i < t->n_nodes; i++) {
        struct tree_node *n = &t->nodes[i];
        const struct tree_node *parent = &t->nodes[n->parent];
        const struct subtree *up = &below[n->parent];
        struct subtree *s = &below[i];
        double value = (double)n->value;
        if (whole)
            credit_tree_group(t, i, config, below);
        else
            enter_group(s, up, parent->branching, value, config);
        n->weight = (float)node_weight(parent, s, config);
        n->advantage = s->dead ? 0.0f : (float)((value - s->baseline) / s->scale);
        if (n->child_index == 0 && parent->branching > 1) { // once a group
            stats->groups++;
            stats->silent_groups += silent(up);
        }
    }
}

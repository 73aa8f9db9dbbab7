#include "credit_group.h"

#include <math.h>

// 1 where all raw rewards below are equal: such a group carries no signal.
static int silent(const struct subtree *s)
{
    return s->reward_max == s->reward_min;
}

static double step_weight(enum credit_weight kind, double parent, int32_t b)
{
    return kind == CREDIT_WEIGHT_EXACT  ? parent / b
           : kind == CREDIT_WEIGHT_SQRT ? parent / sqrt(b)
                                        : 1.0;
}

// Advantage of a child among b >= 2.  etreerpo: V - (sum - V) / (b - 1), which is
// b / (b - 1) (V - mean); treerpo: V - mean.
static double group_advantage(const struct subtree *s, int32_t b, double value,
                              const struct credit_config *config)
{
    double mean = s->value_sum / b;
    double a = (value - mean) /
               credit_scale(b, s->value_sum, s->value_square_sum, config->norm);
    return config->method == CREDIT_ETREERPO ? a * b / (b - 1) : a;
}

void credit_steps(struct tree *t, const struct credit_config *config,
                  const struct subtree *below, struct credit_stats *stats)
{
    struct tree_node *root = &t->nodes[0];
    root->weight = 1.0f;
    root->advantage = config->method == CREDIT_ETREERPO ? root->value : 0.0f;
    for (size_t i = 1; i < t->n_nodes; i++) {
        struct tree_node *n = &t->nodes[i];
        const struct tree_node *parent = &t->nodes[n->parent];
        const struct subtree *group = &below[n->parent];
        int32_t b = parent->branching;
        if (b == 1) { // one edge with its parent
            n->advantage = parent->advantage;
            n->weight = parent->weight;
            continue;
        }
        n->weight = (float)step_weight(config->weight, (double)parent->weight, b);
        n->advantage = silent(group)
                           ? 0.0f
                           : (float)group_advantage(group, b, (double)n->value, config);
        if (n->child_index == 0) { // once a group
            stats->groups++;
            stats->silent_groups += silent(group);
        }
    }
    root->advantage = 0.0f; // its tokens were not generated
}

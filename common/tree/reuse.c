#include "reuse.h"

#include "credit_group.h"

#include <string.h>

static const char *const names[REUSE_WEIGHTS] = {"none", "is", "truncated", "snis"};

enum status reuse_weight_by_name(enum reuse_weight *out, const char *name)
{
    for (int i = 0; i < REUSE_WEIGHTS; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum reuse_weight)i;
            return OK;
        }
    return status_fail(ERR_INPUT,
                       "weights '%.32s' are none of none, is, truncated, snis", name);
}

double reuse_factor(const struct reuse_rule *rule, double ratio)
{
    if (rule->weight == REUSE_NONE)
        return 1.0;
    return rule->weight == REUSE_TRUNCATED && ratio > rule->most ? rule->most : ratio;
}

double reuse_ess(double sum, double square_sum)
{
    return square_sum > 0.0 ? sum * sum / square_sum : 0.0;
}

void credit_factors(const struct tree *t, const struct reuse_rule *rule,
                    struct subtree *below)
{
    for (size_t i = 1; i < t->n_nodes; i++) {
        below[i].factor = reuse_factor(rule, (double)t->nodes[i].ratio);
        below[t->nodes[i].parent].factor_sum += below[i].factor;
    }
    for (size_t i = 1; i < t->n_nodes && rule->weight == REUSE_SNIS; i++) {
        int32_t parent = t->nodes[i].parent;
        if (below[parent].factor_sum > 0.0)
            below[i].factor *=
                (double)t->nodes[parent].branching / below[parent].factor_sum;
    }
    for (size_t i = 0; i < t->n_nodes; i++)
        below[i].factor_sum = 0.0;
}

#include "credit.h"

#include "credit_group.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum status credit_by_name(struct credit_config *out, const char *name)
{
    static const struct {
        const char *name;
        struct credit_config config;
    } known[] = {
        {"etreerpo", {CREDIT_ETREERPO, CREDIT_NORM_NONE, CREDIT_WEIGHT_EXACT}},
        {"treerpo", {CREDIT_TREERPO, CREDIT_NORM_STD, CREDIT_WEIGHT_NONE}},
        {"grpo", {CREDIT_GRPO, CREDIT_NORM_STD, CREDIT_WEIGHT_EXACT}},
        {"rloo", {CREDIT_RLOO, CREDIT_NORM_NONE, CREDIT_WEIGHT_EXACT}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].name, name) == 0) {
            *out = known[i].config;
            return OK;
        }
    }
    return status_fail(ERR_INPUT,
                       "credit '%.40s' is none of etreerpo, treerpo, grpo, rloo", name);
}

// Children come after their parents, so one walk from the back sums each node up.
static void sum_up(struct tree *t, struct subtree *below)
{
    for (size_t i = t->n_nodes; i-- > 0;) {
        struct tree_node *n = &t->nodes[i];
        struct subtree *s = &below[i];
        if (tree_is_leaf(n)) {
            n->value = n->reward;
            *s = (struct subtree){
                .leaves = 1, .reward_min = n->reward, .reward_max = n->reward};
        } else {
            n->value = (float)(s->value_sum / n->branching);
        }
        if (n->parent < 0)
            continue;
        struct subtree *up = &below[n->parent];
        if (up->leaves == 0)
            *up = (struct subtree){.reward_min = s->reward_min,
                                   .reward_max = s->reward_max};
        up->leaves += s->leaves;
        up->value_sum += (double)n->value;
        up->value_square_sum += (double)n->value * (double)n->value;
        up->reward_min = fminf(up->reward_min, s->reward_min);
        up->reward_max = fmaxf(up->reward_max, s->reward_max);
    }
}

double credit_scale(double n, double sum, double square_sum, enum credit_norm norm)
{
    double mean = sum / n, scale = 1.0;
    if (norm == CREDIT_NORM_STD)
        scale = sqrt(fmax(0.0, (square_sum - n * mean * mean) / (n - 1.0)));
    else if (norm == CREDIT_NORM_BERNOULLI)
        scale = mean * (1.0 - mean);
    return scale > 1e-6 ? scale : 1.0;
}

static void count(const struct tree *t, struct credit_stats *stats)
{
    for (size_t i = 1; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        if (tree_is_leaf(n)) {
            stats->leaves++;
            stats->reward_sum += (double)n->reward;
        }
        if (n->advantage * n->weight == 0.0f)
            continue;
        stats->signal_tokens += n->token_count;
        stats->weight_tokens += (double)n->weight * n->token_count;
    }
    stats->root_value += (double)t->nodes[0].value;
}

enum status credit_assign(struct tree *t, const struct credit_config *config,
                          struct credit_stats *stats)
{
    struct credit_stats unused = {0};
    struct subtree *below = NULL;
    TRY(mem_new(&below, t->n_nodes, sizeof *below));
    if (!stats)
        stats = &unused;
    sum_up(t, below);
    if (config->method == CREDIT_GRPO || config->method == CREDIT_RLOO)
        credit_leaves(t, config, below, stats);
    else
        credit_steps(t, config, below, stats);
    count(t, stats);
    mem_free(below);
    return OK;
}

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
        {"etreerpo", {.method = CREDIT_ETREERPO}},
        {"treerpo",
         {.method = CREDIT_TREERPO,
          .norm = CREDIT_NORM_STD,
          .weight = CREDIT_WEIGHT_NONE}},
        {"grpo", {.method = CREDIT_GRPO, .norm = CREDIT_NORM_STD}},
        {"rloo", {.method = CREDIT_RLOO}},
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

// Of a node whose children's mean is `mean`.
static double node_value(const struct tree *t, const struct tree_node *n, double mean,
                         enum cutoff_mode cutoff)
{
    double control = (double)t->control;
    if (cutoff != CUTOFF_ROULETTE || !cutoff_flagged(n))
        return mean;
    return control + (mean - control) / (double)n->keep;
}

static void widen(struct subtree *s, float least, float most)
{
    s->reward_min = fminf(s->reward_min, least);
    s->reward_max = fmaxf(s->reward_max, most);
}

static void add_child(struct subtree *up, const struct subtree *s, double value)
{
    if (up->leaves == 0)
        *up = (struct subtree){.factor = up->factor,
                               .reward_min = s->reward_min,
                               .reward_max = s->reward_max};
    up->leaves += s->leaves;
    up->factor_sum += s->factor;
    up->value_sum += s->factor * value;
    up->value_square_sum += s->factor * value * value;
    widen(up, s->reward_min, s->reward_max);
}

// Children come after their parents, so one walk from the back sums each node up.
static void sum_up(struct tree *t, const struct credit_config *config,
                   struct subtree *below)
{
    for (size_t i = t->n_nodes; i-- > 0;) {
        struct tree_node *n = &t->nodes[i];
        struct subtree *s = &below[i];
        if (tree_is_leaf(n)) {
            n->value = n->reward;
            s->leaves = 1;
            s->reward_min = s->reward_max = n->reward;
        } else {
            double mean = s->value_sum / n->branching;
            n->value = (float)node_value(t, n, mean, config->cutoff);
            widen(s, n->value, n->value); // weights may carry it beyond the rewards
        }
        if (n->parent >= 0)
            add_child(&below[n->parent], s, (double)n->value);
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
    for (size_t i = 0; i < t->n_nodes; i++)
        below[i].factor = 1.0;
    if (config->method == CREDIT_ETREERPO || config->method == CREDIT_TREERPO)
        credit_factors(t, &config->reuse, below);
    sum_up(t, config, below);
    if (config->method == CREDIT_GRPO || config->method == CREDIT_RLOO)
        credit_leaves(t, config, below, stats);
    else
        credit_steps(t, config, below, stats);
    count(t, stats);
    mem_free(below);
    return OK;
}

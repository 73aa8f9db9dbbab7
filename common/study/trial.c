#include "trial.h"

#include <math.h>

struct trial trial_of(const struct policy *p, children_fn *children,
                      const void *context, const char *method)
{
    struct trial t = {.grower = {.policy = p, .children = children, .context = context},
                      .exact = p->prefixes[0].value};
    if (credit_by_name(&t.credit, method) != OK)
        t.credit = (struct credit_config){.method = CREDIT_ETREERPO};
    return t;
}

static void set_ratios(const struct trial *t, struct tree *tree, size_t first)
{
    for (size_t i = first; i < tree->n_nodes; i++) {
        int32_t prefix = grow_prefix(tree, (int32_t)i);
        tree->nodes[i].ratio =
            (float)exp(t->target->prefixes[prefix].log_probability -
                       t->grower.policy->prefixes[prefix].log_probability);
    }
}

static enum status grow_again(const struct trial *t, struct tree *tree,
                              struct rng_key key)
{
    struct grower fresh = t->grower;
    fresh.policy = t->target;
    int32_t children = fresh.children(fresh.context, fresh.policy, 0, 0.0);
    TRY(grow_root(&fresh, tree, children));
    for (int32_t c = 0; c < children; c++) {
        size_t first = tree->n_nodes;
        const struct grower *g = c < t->fresh ? &fresh : &t->grower;
        TRY(grow_child(g, tree, 0, c, rng_child(key, (uint64_t)(uint32_t)c)));
        if (g == &t->grower)
            set_ratios(t, tree, first);
    }
    return OK;
}

enum status trial_tree(const struct trial *t, struct rng_key key, struct tree *scratch)
{
    if (t->target)
        TRY(grow_again(t, scratch, key));
    else
        TRY(grow_tree(&t->grower, scratch, key));
    return credit_assign(scratch, &t->credit, NULL);
}

enum status trial_sample(const void *context, struct rng_key key, struct tree *scratch,
                         double *numbers)
{
    const struct trial *t = context;
    TRY(trial_tree(t, key, scratch));
    double value = (double)scratch->nodes[0].value;
    numbers[TRIAL_VALUE] = value;
    numbers[TRIAL_SQUARE] = (value - t->exact) * (value - t->exact);
    numbers[TRIAL_SECOND] = value * value;
    for (size_t i = 1; i < scratch->n_nodes; i++) {
        const struct tree_node *n = &scratch->nodes[i];
        if (!tree_is_leaf(n))
            continue;
        numbers[TRIAL_LEAVES] += 1.0;
        numbers[TRIAL_LEAF_REST] += (double)n->reward - t->leaf_mean;
    }
    numbers[TRIAL_TOKENS] = (double)(scratch->n_tokens - 1);
    return OK;
}

struct branching trial_rule(const struct policy *p, const double *rates)
{
    struct branching b = {.rule = BRANCH_FIXED, .depths = p->depth, .most = 64};
    int32_t d = 0;
    for (; d < p->depth && rates[d] > 0.0; d++)
        b.rate[d] = rates[d];
    for (; d < p->depth; d++)
        b.rate[d] = 1.0;
    return b;
}

enum status trial_policy(struct policy *out, struct policy_shape shape, uint64_t which)
{
    return policy_make(out, &shape, rng_child(rng_root(6, RNG_TEST), which));
}

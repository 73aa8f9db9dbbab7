// T3, T4: the advantage of one step.
#include "exact.h"
#include "trial.h"

static const struct policy_shape shape = {
    .symbols = 4, .depth = 3, .ends = 0.1, .longest = 1};

static double exact_advantage(const struct policy *p, const struct tree *t,
                              int32_t node)
{
    return p->prefixes[grow_prefix(t, node)].value -
           p->prefixes[grow_prefix(t, t->nodes[node].parent)].value;
}

// ---- T3

// Mean over the root's children of the squared error of V_k - mean V, where the exact
// group is the one that was drawn.
static enum status sample_group(const void *context, struct rng_key key,
                                struct tree *scratch, double *numbers)
{
    const struct trial *t = context;
    const struct policy *p = t->grower.policy;
    double mean = 0.0, children;
    TRY(trial_tree(t, key, scratch));
    children = (double)scratch->nodes[0].branching;
    for (size_t i = 1; i < scratch->n_nodes; i++)
        if (scratch->nodes[i].parent == 0)
            mean += p->prefixes[grow_prefix(scratch, (int32_t)i)].value / children;
    for (size_t i = 1; i < scratch->n_nodes; i++) {
        const struct tree_node *n = &scratch->nodes[i];
        if (n->parent != 0)
            continue;
        double exact = p->prefixes[grow_prefix(scratch, (int32_t)i)].value - mean;
        double error = (double)n->value - (double)scratch->nodes[0].value - exact;
        numbers[0] += error * error / children;
    }
    return OK;
}

static enum status sibling_error(struct study *s, const struct policy *p, int siblings,
                                 int continuations)
{
    const double rates[] = {siblings, continuations, 0};
    const struct branching b = trial_rule(p, rates);
    const struct trial t = trial_of(p, grow_by_rule, &b, "treerpo");
    const struct sampling sampling = {&t, sample_group, 1};
    struct means m = {0};
    double variance = exact_variance(p, 2) + exact_variance(p, 3);
    enum status st;
    TRY_OUT(study_measure(s, &sampling, &m));
    const struct cell c = {.claim = "T3",
                           .quantity = "squared error of an advantage",
                           .predicted =
                               variance / continuations * (1.0 - 1.0 / siblings),
                           .measured = m.mean[0],
                           .error = m.error[0],
                           .tolerance = 0.03};
    TRY_OUT(study_cell(s, c, "%d siblings, %d continuations", siblings, continuations));
out:
    means_free(&m);
    return st;
}

// ---- T4

// Mean over the root's children of (their advantage) (the exact one).
static enum status sample_product(const void *context, struct rng_key key,
                                  struct tree *scratch, double *numbers)
{
    const struct trial *t = context;
    TRY(trial_tree(t, key, scratch));
    for (size_t i = 1; i < scratch->n_nodes; i++) {
        const struct tree_node *n = &scratch->nodes[i];
        if (n->parent == 0)
            numbers[0] += (double)n->advantage *
                          exact_advantage(t->grower.policy, scratch, (int32_t)i) /
                          scratch->nodes[0].branching;
    }
    return OK;
}

static enum status product_of(struct study *s, const struct policy *p, int children,
                              const char *method, struct cell *out)
{
    const double rates[] = {children, 2, 0};
    const struct branching b = trial_rule(p, rates);
    struct trial t = trial_of(p, grow_by_rule, &b, method);
    const struct sampling sampling = {&t, sample_product, 1};
    struct means m = {0};
    enum status st;
    t.credit.norm = CREDIT_NORM_NONE;
    TRY_OUT(study_measure(s, &sampling, &m));
    *out = (struct cell){.claim = "T4",
                         .quantity = "E[advantage x exact advantage]",
                         .measured = m.mean[0],
                         .error = m.error[0]};
out:
    means_free(&m);
    return st;
}

static enum status baseline_with_itself(struct study *s, const struct policy *p,
                                        int children)
{
    double exact = exact_variance(p, 1);
    struct cell c;
    TRY(product_of(s, p, children, "etreerpo", &c));
    c.predicted = exact;
    TRY(study_cell(s, c, "leave-one-out of %d", children));
    TRY(product_of(s, p, children, "treerpo", &c));
    c.predicted = exact * (children - 1) / children;
    TRY(study_cell(s, c, "parent's estimate of %d, by its formula", children));
    c.predicted = exact;
    c.must_fail = 1;
    return study_cell(s, c, "parent's estimate of %d, as if whole", children);
}

enum status study_advantages(struct study *s)
{
    struct policy p = {0};
    enum status st;
    TRY_OUT(trial_policy(&p, shape, 3));
    for (int siblings = 2; siblings <= 8; siblings *= 2)
        for (int continuations = 1; continuations <= 4; continuations *= 2)
            TRY_OUT(sibling_error(s, &p, siblings, continuations));
    for (int children = 2; children <= 8; children *= 2)
        TRY_OUT(baseline_with_itself(s, &p, children));
out:
    policy_free(&p);
    return st;
}

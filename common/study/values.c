// T1, T2, T2', T2'': the value of the root, its mean and its variance.
#include "exact.h"
#include "trial.h"

static const struct policy_shape shape = {
    .symbols = 4, .depth = 4, .ends = 0.15, .longest = 12};

static struct cell mean_cell(const char *claim, const char *quantity,
                             const struct means *m, enum trial_number which,
                             double predicted)
{
    return (struct cell){.claim = claim,
                         .quantity = quantity,
                         .predicted = predicted,
                         .measured = m->mean[which],
                         .error = m->error[which]};
}

// ---- T1

// The mean over leaves of all trees, as a ratio of means.
static struct cell leaf_cell(const struct trial *t, const struct means *m,
                             double predicted, int must_fail)
{
    double leaves = m->mean[TRIAL_LEAVES];
    return (struct cell){.claim = "T1",
                         .quantity = "mean over leaves",
                         .predicted = predicted,
                         .measured = t->leaf_mean + m->mean[TRIAL_LEAF_REST] / leaves,
                         .error = m->error[TRIAL_LEAF_REST] / leaves,
                         .must_fail = must_fail};
}

static enum status one_mean(struct study *s, const struct policy *p,
                            children_fn *children, const void *context,
                            const char *name, int uneven)
{
    struct trial t = trial_of(p, children, context, "etreerpo");
    const struct sampling sampling = {&t, trial_sample, TRIAL_NUMBERS};
    struct exact_leaves leaves;
    struct means m = {0};
    enum status st;
    TRY_OUT(exact_leaf_mean(&t.grower, &leaves));
    t.leaf_mean = leaves.mean;
    TRY_OUT(study_measure(s, &sampling, &m));
    TRY_OUT(study_cell(s,
                       mean_cell("T1", "mean over children", &m, TRIAL_VALUE, t.exact),
                       "%s", name));
    TRY_OUT(
        study_cell(s, leaf_cell(&t, &m, leaves.mean, 0), "%s, by its formula", name));
    if (uneven)
        TRY_OUT(
            study_cell(s, leaf_cell(&t, &m, t.exact, 1), "%s, as if unbiased", name));
out:
    means_free(&m);
    return st;
}

static enum status means_of_rules(struct study *s, const struct policy *p)
{
    const double even[] = {3, 2, 2, 0}, more[] = {2, 2.5, 1.5, 0};
    struct branching fixed = trial_rule(p, even), entropy = trial_rule(p, more);
    entropy.rule = BRANCH_ENTROPY;
    entropy.sharpness = 2.0;
    for (int32_t d = 1; d < p->depth; d++)
        entropy.entropy[d] = exact_entropy(p, d);
    TRY(one_mean(s, p, grow_by_rule, &fixed, "fixed 3,2,2", 1));
    TRY(one_mean(s, p, grow_by_rule, &entropy, "entropy 2,2.5,1.5", 1));
    return one_mean(s, p, grow_by_value, NULL, "tied to the value", 1);
}

// ---- T2

static enum status measure_rule(struct study *s, const struct policy *p,
                                const struct branching *b, struct means *m)
{
    const struct trial t = trial_of(p, grow_by_rule, b, "etreerpo");
    const struct sampling sampling = {&t, trial_sample, TRIAL_NUMBERS};
    return study_measure(s, &sampling, m);
}

static enum status one_variance(struct study *s, const struct policy *p,
                                const struct branching *b, const char *name)
{
    struct means m = {0};
    struct cell c;
    enum status st;
    TRY_OUT(measure_rule(s, p, b, &m));
    c = mean_cell("T2", "variance of the root's value", &m, TRIAL_SQUARE,
                  exact_root_variance(p, b));
    c.tolerance = 0.03;
    TRY_OUT(study_cell(s, c, "%s", name));
    TRY_OUT(study_cell(
        s,
        mean_cell("T2", "generated tokens", &m, TRIAL_TOKENS, exact_tree_tokens(p, b)),
        "%s", name));
out:
    means_free(&m);
    return st;
}

static enum status variances_of_schedules(struct study *s, const struct policy *p)
{
    static const struct {
        const char *name;
        double rates[POLICY_MAX_DEPTH];
    } schedules[] = {
        {"fixed 8", {8}},
        {"fixed 2,2,2", {2, 2, 2}},
        {"fixed 4,2,1,2", {4, 2, 1, 2}},
        {"fixed 1,1,4,2", {1, 1, 4, 2}},
        {"fixed 2,4", {2, 4}},
        {"rates 2.5,1.25,1.75", {2.5, 1.25, 1.75}},
    };
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++) {
        const struct branching b = trial_rule(p, schedules[i].rates);
        TRY(one_variance(s, p, &b, schedules[i].name));
    }
    return OK;
}

// At equal leaves, a tree is never better than as many chains.
static enum status tree_against_chains(struct study *s, const struct policy *p)
{
    const double tree[] = {2, 2, 2, 0}, chains[] = {8, 0};
    const struct branching b = trial_rule(p, tree), flat = trial_rule(p, chains);
    struct means m = {0};
    struct cell c;
    enum status st;
    TRY_OUT(measure_rule(s, p, &b, &m));
    c = mean_cell("T2", "variance of the root's value", &m, TRIAL_SQUARE,
                  exact_root_variance(p, &flat));
    c.relation = CELL_AT_LEAST;
    TRY_OUT(study_cell(s, c, "2,2,2 against 8 chains"));
out:
    means_free(&m);
    return st;
}

// ---- T2'

static struct anova exact_anova(const struct policy *p)
{
    struct anova a = {0};
    for (int32_t d = 1; d <= p->depth; d++)
        a.depths[d - 1] = (struct anova_depth){.weight = 1.0,
                                               .variance = exact_variance(p, d),
                                               .steps = 1.0,
                                               .tokens = exact_tokens(p, d)};
    return a;
}

// The planned rates at a schedule's own tokens: their variance is as predicted, and the
// schedule's is not less.
static enum status plan_against(struct study *s, const struct policy *p,
                                const double *rates, const char *name)
{
    const struct branching other = trial_rule(p, rates);
    const struct anova a = exact_anova(p);
    struct branching b = other;
    struct means m = {0};
    struct cell c;
    enum status st;
    b.rule = BRANCH_NEYMAN;
    branching_plan(&b, &a, exact_tree_tokens(p, &other));
    TRY_OUT(measure_rule(s, p, &b, &m));
    c = mean_cell("T2'", "variance of the root's value", &m, TRIAL_SQUARE,
                  exact_root_variance(p, &b));
    c.tolerance = 0.03;
    TRY_OUT(study_cell(s, c, "neyman at the tokens of %s", name));
    c = mean_cell("T2'", "variance of the root's value", &m, TRIAL_SQUARE,
                  exact_root_variance(p, &other));
    c.relation = CELL_BELOW;
    TRY_OUT(study_cell(s, c, "neyman below %s", name));
out:
    means_free(&m);
    return st;
}

// ---- T2''

static enum status design_effect(struct study *s)
{
    const double rates[] = {3, 4, 0};
    struct policy p = {0};
    struct means m = {0};
    enum status st;
    TRY_OUT(trial_policy(
        &p, (struct policy_shape){.symbols = 5, .depth = 2, .longest = 1}, 2));
    const struct branching b = trial_rule(&p, rates);
    double all = exact_variance(&p, 1) + exact_variance(&p, 2);
    double effect = 1.0 + (rates[1] - 1.0) * exact_variance(&p, 1) / all;
    double alone = all / (rates[0] * rates[1]); // variance, were the leaves independent
    TRY_OUT(measure_rule(s, &p, &b, &m));
    struct cell c = mean_cell("T2''", "design effect", &m, TRIAL_SQUARE, effect);
    c.measured /= alone;
    c.error /= alone;
    c.tolerance = 0.03;
    TRY_OUT(study_cell(s, c, "3 x 4 leaves"));
    c.predicted = 1.0;
    c.tolerance = 0.0;
    c.must_fail = 1;
    TRY_OUT(study_cell(s, c, "3 x 4, as if independent"));
out:
    means_free(&m);
    policy_free(&p);
    return st;
}

enum status study_values(struct study *s)
{
    const double chains[] = {8, 0}, late[] = {1, 1, 4, 2};
    struct policy p = {0};
    enum status st;
    TRY_OUT(trial_policy(&p, shape, 1));
    TRY_OUT(means_of_rules(s, &p));
    TRY_OUT(variances_of_schedules(s, &p));
    TRY_OUT(tree_against_chains(s, &p));
    TRY_OUT(plan_against(s, &p, chains, "8"));
    TRY_OUT(plan_against(s, &p, late, "1,1,4,2"));
    TRY_OUT(design_effect(s));
out:
    policy_free(&p);
    return st;
}

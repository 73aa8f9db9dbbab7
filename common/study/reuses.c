// T9: steps that an earlier policy q sampled, weighted for the policy at hand.
#include "gradient.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>

#define MOVED    0.7 // how far q's logits lie from the policy's
#define TRUNCATE 1.2

static const struct policy_shape shape = {
    .symbols = 4, .depth = 3, .ends = 0.1, .longest = 1};

// The policy at hand and the one that sampled.
struct pair {
    struct policy target, earlier;
};

static void pair_free(struct pair *p)
{
    policy_free(&p->target);
    policy_free(&p->earlier);
}

static enum status pair_make(struct pair *out, struct policy_shape with, uint64_t which)
{
    TRY(trial_policy(&out->target, with, which));
    return policy_moved(&out->earlier, &out->target, MOVED, rng_root(which, RNG_TEST));
}

static struct trial trial_again(const struct pair *p, const struct branching *b,
                                enum reuse_weight weight, int32_t fresh)
{
    struct trial t = trial_of(&p->earlier, grow_by_rule, b, "etreerpo");
    t.credit.reuse = (struct reuse_rule){weight, TRUNCATE};
    t.target = &p->target;
    t.fresh = fresh;
    t.exact = p->target.prefixes[0].value;
    return t;
}

static double ratio_of(const struct pair *p, int32_t prefix)
{
    return exp(p->target.prefixes[prefix].log_probability -
               p->earlier.prefixes[prefix].log_probability);
}

// Expected value where each step counts min(ratio, TRUNCATE).
static enum status truncated_value(const struct pair *p, double *out)
{
    const struct policy *q = &p->earlier;
    double *value = NULL;
    TRY(mem_new(&value, (size_t)q->n, sizeof *value));
    for (int32_t i = q->n; i-- > 0;) {
        const struct prefix *s = &q->prefixes[i];
        if (policy_is_leaf(q, i))
            value[i] = s->reward;
        if (i > 0)
            value[s->parent] +=
                s->probability * fmin(ratio_of(p, i), TRUNCATE) * value[i];
    }
    *out = value[0];
    mem_free(value);
    return OK;
}

// Two cells of one measurement: `predicted` holds, and the exact value must be missed
// (missed: 1) or is the prediction (0).
static enum status value_cells(struct study *s, const struct trial *t, const char *name,
                               double predicted, int missed)
{
    const struct sampling sampling = {t, trial_sample, TRIAL_NUMBERS};
    struct means m = {0};
    struct cell c = {.claim = "T9", .quantity = "value"};
    enum status st;
    TRY_OUT(study_measure(s, &sampling, &m));
    c.predicted = predicted;
    c.measured = m.mean[TRIAL_VALUE];
    c.error = m.error[TRIAL_VALUE];
    TRY_OUT(study_cell(s, c, "%s", name));
    c.predicted = t->exact;
    c.must_fail = 1;
    if (missed)
        TRY_OUT(study_cell(s, c, "%s, as if unbiased", name));
out:
    means_free(&m);
    return st;
}

static enum status weights_of_edges(struct study *s, const struct pair *p)
{
    const double rates[] = {4, 2, 2, 0};
    const struct branching b = trial_rule(&p->target, rates);
    struct trial t = trial_again(p, &b, REUSE_NONE, 0);
    double truncated = 0.0;
    TRY(value_cells(s, &t, "no weights", p->earlier.prefixes[0].value, 1));
    t = trial_again(p, &b, REUSE_IS, 0);
    TRY(value_cells(s, &t, "ratios", t.exact, 0));
    t = trial_again(p, &b, REUSE_IS, 2);
    TRY(value_cells(s, &t, "ratios, half of the children fresh", t.exact, 0));
    t = trial_again(p, &b, REUSE_TRUNCATED, 0);
    TRY(truncated_value(p, &truncated));
    return value_cells(s, &t, "ratios truncated at 1.2", truncated, 1);
}

// ---- self-normalised

// What has been drawn of the first steps: how often in all, and the sums so far.
struct drawn {
    int left;
    double log_chance; // of these counts, without n!
    double weights, sum;
};

// Over all counts of the steps from `step` on that n draws from q may have.
static double over_counts(const struct pair *p, int32_t step, struct drawn so_far)
{
    const struct policy *q = &p->earlier;
    int32_t last = q->prefixes[0].first_child + q->symbols - 1;
    double ratio = ratio_of(p, step), mean = 0.0;
    for (int k = step == last ? so_far.left : 0; k <= so_far.left; k++) {
        struct drawn d = so_far;
        d.left -= k;
        d.log_chance += k * q->prefixes[step].log_probability - lgamma(k + 1.0);
        d.weights += k * ratio;
        d.sum += k * ratio * q->prefixes[step].value;
        mean += step == last ? exp(d.log_chance) * d.sum / d.weights
                             : over_counts(p, step + 1, d);
    }
    return mean;
}

static double snis_value(const struct pair *p, int n)
{
    const struct drawn none = {.left = n, .log_chance = lgamma(n + 1.0)};
    return over_counts(p, p->earlier.prefixes[0].first_child, none);
}

static enum status self_normalised(struct study *s)
{
    struct pair p = {0};
    enum status st;
    TRY_OUT(pair_make(
        &p, (struct policy_shape){.symbols = 5, .depth = 1, .graded = 1, .longest = 1},
        9));
    for (int n = 2; n <= 32; n *= 4) {
        const double rates[] = {n, 0};
        const struct branching b = trial_rule(&p.target, rates);
        const struct trial t = trial_again(&p, &b, REUSE_SNIS, 0);
        char name[40];
        (void)snprintf(name, sizeof name, "self-normalised over %d", n);
        TRY_OUT(value_cells(s, &t, name, snis_value(&p, n), n == 2));
    }
out:
    pair_free(&p);
    return st;
}

enum status study_reuse(struct study *s)
{
    const double rates[] = {3, 1, 2, 0};
    struct pair p = {0};
    struct gradient g = {0};
    enum status st;
    TRY_OUT(pair_make(&p, shape, 10));
    TRY_OUT(weights_of_edges(s, &p));
    TRY_OUT(self_normalised(s));
    TRY_OUT(gradient_of(&g, &p.target));
    const struct branching b = trial_rule(&p.target, rates);
    const struct trial fair = trial_again(&p, &b, REUSE_IS, 1);
    TRY_OUT(gradient_cells(s, &g, &fair, "T9", "ratios, one of 3 fresh", 0));
    const struct trial none = trial_again(&p, &b, REUSE_NONE, 1);
    TRY_OUT(gradient_cells(s, &g, &none, "T9", "no weights, one of 3 fresh", 1));
out:
    gradient_free(&g);
    pair_free(&p);
    return st;
}

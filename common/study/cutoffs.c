// T8: paths that a partial verifier stops, sometimes wrongly.
#include "exact.h"
#include "gradient.h"

#include "base/mem.h"

#include <math.h>

#define FALSE_ALARM 0.2

// Every leaf lies at the last depth: each path passes DEPTH - 1 flags.
enum { DEPTH = 4 };

static const struct policy_shape shape = {.symbols = 3, .depth = DEPTH, .longest = 1};

// Expected value where a flagged prefix is worth `kept` of its own value.
static enum status value_with_flags(const struct grower *g, double kept, double *out)
{
    const struct policy *p = g->policy;
    double *value = NULL;
    TRY(mem_new(&value, (size_t)p->n, sizeof *value));
    for (int32_t i = p->n; i-- > 0;) {
        const struct prefix *s = &p->prefixes[i];
        double flagged = grow_flag_chance(g, i);
        if (policy_is_leaf(p, i))
            value[i] = s->reward;
        value[i] *= 1.0 - flagged + flagged * kept;
        if (i > 0)
            value[s->parent] += s->probability * value[i];
    }
    *out = value[0];
    mem_free(value);
    return OK;
}

static struct trial trial_with(const struct policy *p, const struct branching *b,
                               enum cutoff_mode mode, double cut, double control)
{
    struct trial t = trial_of(p, grow_by_rule, b, "etreerpo");
    t.credit.cutoff = mode;
    t.grower.cutoff = (struct cutoff_rule){(float)cut, (float)control};
    t.grower.false_alarm = FALSE_ALARM;
    return t;
}

static struct cell value_cell(const struct means *m, enum trial_number which,
                              double predicted)
{
    return (struct cell){
        .claim = "T8",
        .quantity = which == TRIAL_SECOND ? "second moment of the value" : "value",
        .predicted = predicted,
        .measured = m->mean[which],
        .error = m->error[which]};
}

static enum status measure_trial(struct study *s, const struct trial *t,
                                 struct means *m)
{
    const struct sampling sampling = {t, trial_sample, TRIAL_NUMBERS};
    return study_measure(s, &sampling, m);
}

// ---- zero

static enum status scored_zero(struct study *s, const struct policy *p,
                               const struct branching *b, double cut)
{
    const struct trial t = trial_with(p, b, CUTOFF_ZERO, cut, 0.0);
    struct means m = {0};
    double predicted = 0.0;
    enum status st;
    TRY_OUT(measure_trial(s, &t, &m));
    TRY_OUT(value_with_flags(&t.grower, 1.0 - (double)t.grower.cutoff.cut, &predicted));
    TRY_OUT(study_cell(s, value_cell(&m, TRIAL_VALUE, predicted),
                       "scored 0, %g of flags cut, exact", cut));
    double survives = pow(1.0 - cut * FALSE_ALARM, DEPTH - 1);
    TRY_OUT(study_cell(s, value_cell(&m, TRIAL_VALUE, t.exact * survives),
                       "scored 0, %g of flags cut, by its formula", cut));
    struct cell c = value_cell(&m, TRIAL_VALUE, t.exact);
    c.must_fail = 1;
    TRY_OUT(study_cell(s, c, "scored 0, %g of flags cut, as if unbiased", cut));
out:
    means_free(&m);
    return st;
}

// The bias that training reports (tree/cutoff.h), from the share that goes on.
static enum status sample_bias(const void *context, struct rng_key key,
                               struct tree *scratch, double *numbers)
{
    struct cutoff_stats stats = {0};
    TRY(trial_tree(context, key, scratch));
    TRY(cutoff_add(&stats, scratch));
    numbers[0] = stats.bias;
    return OK;
}

static enum status reported_bias(struct study *s, const struct policy *p,
                                 const struct branching *b)
{
    const struct trial t = trial_with(p, b, CUTOFF_ZERO, 0.75, 0.0);
    const struct sampling sampling = {&t, sample_bias, 1};
    struct means m = {0};
    double predicted = 0.0;
    enum status st;
    TRY_OUT(study_measure(s, &sampling, &m));
    TRY_OUT(value_with_flags(&t.grower, 0.25, &predicted));
    const struct cell c = {.claim = "T8",
                           .quantity = "bias, as training measures it",
                           .predicted = predicted - t.exact,
                           .measured = m.mean[0],
                           .error = m.error[0]};
    TRY_OUT(study_cell(s, c, "scored 0, 0.75 of flags cut"));
out:
    means_free(&m);
    return st;
}

// ---- dropped

// Value of a node without its cut descendants; -1 where nothing is left.
static double value_without_cuts(const struct tree *t, size_t node)
{
    const struct tree_node *n = &t->nodes[node];
    double sum = 0.0, left = 0.0;
    if (tree_is_leaf(n))
        return n->end == NODE_CUT ? -1.0 : (double)n->reward;
    for (size_t i = node + 1; i < t->n_nodes; i++) {
        double value =
            t->nodes[i].parent == (int32_t)node ? value_without_cuts(t, i) : -1.0;
        if (value < 0.0)
            continue;
        sum += value;
        left += 1.0;
    }
    return left > 0.0 ? sum / left : -1.0;
}

// Its difference from the exact value, of trees that have anything left.
static enum status sample_dropped(const void *context, struct rng_key key,
                                  struct tree *scratch, double *numbers)
{
    const struct trial *t = context;
    TRY(trial_tree(t, key, scratch));
    double value = value_without_cuts(scratch, 0);
    numbers[0] = value < 0.0 ? 0.0 : value - t->exact;
    return OK;
}

static enum status dropped(struct study *s, const struct policy *p,
                           const struct branching *b)
{
    const struct trial t = trial_with(p, b, CUTOFF_ZERO, 1.0, 0.0);
    const struct sampling sampling = {&t, sample_dropped, 1};
    struct means m = {0};
    enum status st;
    TRY_OUT(study_measure(s, &sampling, &m));
    const struct cell c = {.claim = "T8",
                           .quantity = "error of the value",
                           .measured = m.mean[0],
                           .error = m.error[0],
                           .must_fail = 1};
    TRY_OUT(study_cell(s, c, "dropped from the mean, as if unbiased"));
out:
    means_free(&m);
    return st;
}

// ---- roulette

static enum status roulette(struct study *s, const struct policy *p,
                            const struct branching *b, double cut, double control)
{
    const struct trial t = trial_with(p, b, CUTOFF_ROULETTE, cut, control);
    struct means m = {0};
    enum status st;
    TRY_OUT(measure_trial(s, &t, &m));
    TRY_OUT(study_cell(s, value_cell(&m, TRIAL_VALUE, t.exact),
                       "roulette %g, control %g", 1.0 - cut, control));
out:
    means_free(&m);
    return st;
}

// Of one chain whose rewards are 0 or 1.
static enum status roulette_spread(struct study *s, const struct policy *p, double cut)
{
    const double rates[] = {1, 0};
    const struct branching b = trial_rule(p, rates);
    const struct trial t = trial_with(p, &b, CUTOFF_ROULETTE, cut, 0.0);
    struct means m = {0};
    enum status st;
    TRY_OUT(measure_trial(s, &t, &m));
    double a_flag = 1.0 + FALSE_ALARM * (1.0 / (1.0 - cut) - 1.0);
    TRY_OUT(study_cell(s,
                       value_cell(&m, TRIAL_SECOND, t.exact * pow(a_flag, DEPTH - 1)),
                       "roulette %g, one chain", 1.0 - cut));
out:
    means_free(&m);
    return st;
}

enum status study_cutoff(struct study *s)
{
    const double rates[] = {3, 1, 2, 0};
    struct policy p = {0};
    struct gradient g = {0};
    enum status st;
    TRY_OUT(trial_policy(&p, shape, 5));
    TRY_OUT(gradient_of(&g, &p));
    const struct branching b = trial_rule(&p, rates);
    TRY_OUT(scored_zero(s, &p, &b, 1.0));
    TRY_OUT(scored_zero(s, &p, &b, 0.75));
    TRY_OUT(reported_bias(s, &p, &b));
    TRY_OUT(dropped(s, &p, &b));
    TRY_OUT(roulette(s, &p, &b, 0.5, 0.0));
    TRY_OUT(roulette(s, &p, &b, 0.75, 0.0));
    TRY_OUT(roulette(s, &p, &b, 0.75, 0.3));
    TRY_OUT(roulette_spread(s, &p, 0.5));
    const struct trial fair = trial_with(&p, &b, CUTOFF_ROULETTE, 0.5, 0.3);
    TRY_OUT(gradient_cells(s, &g, &fair, "T8", "roulette 0.5, control 0.3", 0));
    const struct trial zero = trial_with(&p, &b, CUTOFF_ZERO, 0.5, 0.0);
    TRY_OUT(gradient_cells(s, &g, &zero, "T8", "scored 0, 0.5 of flags cut", 1));
out:
    gradient_free(&g);
    policy_free(&p);
    return st;
}

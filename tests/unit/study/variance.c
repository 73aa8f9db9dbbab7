// The variance study itself: its verdicts, its exact values against another way to get
// them, and that a wrong estimator is seen.
#include "base/par.h"
#include "study/exact.h"
#include "study/study.h"
#include "study/trial.h"

#include <cmocka.h>
#include <math.h>
#include <string.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

static void verdicts(void **state)
{
    (void)state;
    struct cell c = {.predicted = 1.0, .measured = 1.039, .error = 0.01};
    assert_true(cell_ok(&c));
    c.tolerance = 0.03;
    assert_false(cell_ok(&c));
    c.tolerance = 0.0;
    c.measured = 1.041;
    assert_false(cell_ok(&c));
    c.must_fail = 1;
    assert_true(cell_ok(&c));
    c.measured = 1.0;
    assert_false(cell_ok(&c)); // a control that is not seen
    c = (struct cell){.predicted = 1.0, .measured = 2.0, .error = 0.1};
    c.relation = CELL_AT_LEAST;
    assert_true(cell_ok(&c));
    c.relation = CELL_BELOW;
    assert_false(cell_ok(&c));
    c.measured = 0.5;
    assert_true(cell_ok(&c));
    c.measured = NAN;
    assert_false(cell_ok(&c));
    c = (struct cell){.predicted = 0.0, .measured = 0.0};
    assert_true(cell_ok(&c)); // no error and no difference
    c.measured = 1e-9;
    assert_false(cell_ok(&c));
}

// Values and reach of a policy by walking every path, not by its own recursion.
static void exact_values(void **state)
{
    (void)state;
    const struct policy_shape shape = {
        .symbols = 3, .depth = 4, .ends = 0.2, .graded = 1, .longest = 3};
    struct policy p;
    assert_ok(policy_make(&p, &shape, rng_root(3, RNG_TEST)));
    double value = 0.0, square = 0.0, reach = 0.0, between = 0.0;
    for (int32_t i = 0; i < p.n; i++) {
        double chance = 1.0;
        if (!policy_is_leaf(&p, i))
            continue;
        for (int32_t at = i; at > 0; at = p.prefixes[at].parent)
            chance *= p.prefixes[at].probability;
        assert_true(fabs(chance - p.prefixes[i].reach) < 1e-14);
        reach += chance;
        value += chance * p.prefixes[i].reward;
        square += chance * p.prefixes[i].reward * p.prefixes[i].reward;
    }
    assert_true(fabs(reach - 1.0) < 1e-12);
    assert_true(fabs(value - p.prefixes[0].value) < 1e-12);
    for (int32_t d = 1; d <= p.depth; d++) // the law of total variance
        between += exact_variance(&p, d);
    assert_true(fabs(between - (square - value * value)) < 1e-12);
    policy_free(&p);
}

// By a small change of one logit.
static void exact_gradients(void **state)
{
    (void)state;
    const struct policy_shape shape = {
        .symbols = 3, .depth = 3, .graded = 1, .longest = 1};
    double gradient[64];
    struct policy p;
    assert_ok(policy_make(&p, &shape, rng_root(4, RNG_TEST)));
    assert_true(p.n <= 64);
    exact_gradient(&p, gradient);
    for (int32_t i = 1; i < p.n; i++) {
        double was = p.prefixes[i].logit, step = 1e-5;
        p.prefixes[i].logit = was + step;
        policy_solve(&p);
        double above = p.prefixes[0].value;
        p.prefixes[i].logit = was - step;
        policy_solve(&p);
        double below = p.prefixes[0].value;
        p.prefixes[i].logit = was;
        assert_true(fabs((above - below) / (2.0 * step) - gradient[i]) < 1e-9);
    }
    policy_free(&p);
}

static void run(struct study *s, uint64_t seed, int threads)
{
    assert_ok(par_start(threads, 0));
    assert_ok(study_variance(s, 4000, seed));
    par_stop();
}

// The same numbers on any number of threads; other trees by another seed.
static void reproducible(void **state)
{
    (void)state;
    struct study one, two, other;
    run(&one, 1, 1);
    run(&two, 1, 3);
    run(&other, 2, 2);
    assert_int_equal(one.cells.n, two.cells.n);
    size_t same = 0, controls = 0;
    for (size_t i = 0; i < one.cells.n; i++) {
        const struct cell *c = &one.cells.items[i];
        assert_true(c->measured == two.cells.items[i].measured);
        assert_true(c->error > 0.0 && isfinite(c->predicted));
        same += c->measured == other.cells.items[i].measured;
        controls += (size_t)c->must_fail;
    }
    assert_int_equal(same, 0);
    assert_true(controls >= 20);
    cells_free(&one.cells);
    cells_free(&two.cells);
    cells_free(&other.cells);
}

static void too_few_trees(void **state)
{
    (void)state;
    struct study s;
    assert_int_equal(study_variance(&s, 10, 1), ERR_INPUT);
    assert_non_null(strstr(status_message(), "fewer than"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),        cmocka_unit_test(exact_values),
        cmocka_unit_test(exact_gradients), cmocka_unit_test(reproducible),
        cmocka_unit_test(too_few_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

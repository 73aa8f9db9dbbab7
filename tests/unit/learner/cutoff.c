// The guard of early cutoff: the rule of a step, and when it ends.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "learner/cutoff_guard.h"

static const struct cutoff_stats step = {.steps = 10,
                                         .flagged = 4,
                                         .cut = 3,
                                         .kept = 1,
                                         .right = 0.25,
                                         .probes = 10,
                                         .bias = -0.5,
                                         .trees = 5};

static void test_rule(void **state)
{
    struct cutoff_config c = {.mode = CUTOFF_OFF, .keep = 0.25};
    struct cutoff_memory m = {.seen = step};
    (void)state;
    assert_true(cutoff_next(&c, &m).cut == 0.0F);
    c.mode = CUTOFF_ZERO;
    assert_true(cutoff_next(&c, &m).cut == 0.75F);
    assert_true(cutoff_next(&c, &m).control == 0.0F);
    c.mode = CUTOFF_ROULETTE;
    assert_true(cutoff_next(&c, &m).control == 0.25F);
    m.seen = (struct cutoff_stats){0};
    assert_true(cutoff_next(&c, &m).control == 0.0F); // nothing seen yet
    m.seen = step;
    m.seen.right = 3.0; // weights carry it beyond 1
    assert_true(cutoff_next(&c, &m).control == 1.0F);
    m.ended = 1.0;
    assert_true(cutoff_next(&c, &m).cut == 0.0F);
}

// It ends where the rate passes the bound, not before enough probes, and for good.
static void test_end(void **state)
{
    struct cutoff_config c = {
        .mode = CUTOFF_ZERO, .keep = 0.25, .most_false = 0.2, .least_probes = 18};
    struct cutoff_memory m = {0};
    struct cutoff_stats none = {0};
    (void)state;
    cutoff_learn(&c, &m, &step);
    assert_true(m.ended == 0.0);
    cutoff_learn(&c, &m, &step);
    assert_true(m.ended == 1.0);
    for (int i = 0; i < 500; i++)
        cutoff_learn(&c, &m, &none);
    assert_true(m.ended == 1.0 && m.seen.probes < 1e-6);
    m = (struct cutoff_memory){0};
    c.most_false = 0.3;
    for (int i = 0; i < 50; i++)
        cutoff_learn(&c, &m, &step);
    assert_true(m.ended == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rule),
                                       cmocka_unit_test(test_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

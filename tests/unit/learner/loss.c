// The token loss: its value by the written formula, its derivative by differences.
#include "base/rng.h"
#include "tensor/token_loss.h"

#include <cmocka.h>
#include <math.h>

static const struct loss_rule rules[] = {
    {0.2F, 0.2F, 0.0F}, {0.2F, 0.28F, 0.1F}, {0.0F, 0.0F, 0.05F}, {0.9F, 5.0F, 1.0F}};
enum { N_RULES = sizeof rules / sizeof *rules };

// The formula of loss.h at log-prob x.
static double formula(const struct loss_rule *r, const struct loss_token *t, double x)
{
    double ratio = exp(x - (double)t->behaviour), a = (double)t->advantage;
    double low = 1 - (double)r->clip_low, high = 1 + (double)r->clip_high;
    double bounded = ratio < low ? low : ratio > high ? high : ratio;
    double d = (double)t->reference - x;
    double policy = -fmin(ratio * a, bounded * a);
    return (double)t->weight * (policy + (double)r->kl_coef * (exp(d) - d - 1));
}

static struct loss_token random_token(uint64_t i)
{
    struct rng_key key = rng_child(rng_root(1, RNG_TEST), i);
    float behaviour = -(float)(3 * rng_uniform(key, 0));
    return (struct loss_token){
        .weight = (float)(0.1 + rng_uniform(key, 1)),
        .advantage = (float)rng_normal(key, 2),
        .log_prob = behaviour + (float)(0.4 * rng_normal(key, 3)),
        .behaviour = behaviour,
        .reference = behaviour + (float)(0.4 * rng_normal(key, 4)),
    };
}

static int near_a_corner(const struct loss_rule *r, const struct loss_token *t)
{
    double ratio = exp((double)t->log_prob - (double)t->behaviour);
    return fabs(ratio - 1 + (double)r->clip_low) < 1e-3 ||
           fabs(ratio - 1 - (double)r->clip_high) < 1e-3;
}

static void derivative_equals_central_differences(void **state)
{
    (void)state;
    const double h = 1e-5;
    int low = 0, high = 0;
    for (uint64_t i = 0; i < 4000; i++) {
        const struct loss_rule *r = &rules[i % N_RULES];
        struct loss_token t = random_token(i);
        if (near_a_corner(r, &t))
            continue;
        struct loss_value v = loss_of_token(r, &t);
        double x = (double)t.log_prob;
        double slope = (formula(r, &t, x + h) - formula(r, &t, x - h)) / (2 * h);
        assert_true(fabs(v.loss - formula(r, &t, x)) < 1e-9);
        assert_true(fabs((double)v.d_log_prob - slope) < 1e-5 * (1 + fabs(slope)));
        low += v.clipped && t.advantage < 0;
        high += v.clipped && t.advantage > 0;
    }
    assert_true(low > 100 && high > 100); // both sides were met
}

static void only_the_side_that_gains_is_clipped(void **state)
{
    (void)state;
    static const struct {
        float ratio, advantage;
        int clipped;
    } cases[] = {
        {1.5F, 1.0F, 1},  {1.5F, -1.0F, 0}, {0.5F, 1.0F, 0}, {0.5F, -1.0F, 1},
        {1.0F, 1.0F, 0},  {1.0F, -1.0F, 0}, {1.1F, 1.0F, 0}, {0.9F, -1.0F, 0},
        {1.29F, 1.0F, 1}, {1.27F, 1.0F, 0}, {1.5F, 0.0F, 0}, {0.5F, 0.0F, 0},
    };
    const struct loss_rule rule = {0.2F, 0.28F, 0.0F};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct loss_token t = {.weight = 2.0F,
                               .advantage = cases[i].advantage,
                               .log_prob = -1.0F + logf(cases[i].ratio),
                               .behaviour = -1.0F};
        struct loss_value v = loss_of_token(&rule, &t);
        float slope = cases[i].clipped ? 0.0F : -2.0F * t.advantage * cases[i].ratio;
        assert_int_equal(v.clipped, cases[i].clipped);
        assert_true(fabsf(v.d_log_prob - slope) < 1e-5F);
    }
}

static void a_clipped_token_still_feels_the_reference(void **state)
{
    (void)state;
    const struct loss_rule rule = {0.2F, 0.2F, 0.5F};
    struct loss_token t = {1.0F, 1.0F, -0.5F, -1.5F, -1.5F};
    struct loss_value v = loss_of_token(&rule, &t);
    assert_int_equal(v.clipped, 1);
    assert_true(fabs((double)v.d_log_prob - 0.5 * (1 - exp(-1))) < 1e-6);
    assert_true(fabs(v.kl - exp(-1)) < 1e-6); // exp(-1) + 1 - 1
}

static void the_reference_is_read_only_with_a_coefficient(void **state)
{
    (void)state;
    const struct loss_rule rule = {0.2F, 0.2F, 0.0F};
    struct loss_token t = {1.0F, 1.0F, -0.5F, -0.5F, NAN};
    struct loss_value v = loss_of_token(&rule, &t);
    assert_true(v.loss == -1.0 && v.kl == 0.0 && v.d_log_prob == -1.0F);
}

static void on_policy_the_slope_is_the_policy_gradient(void **state)
{
    (void)state;
    const struct loss_rule rule = {0.0F, 0.0F, 1.0F};
    struct loss_token t = {0.25F, -3.0F, -0.7F, -0.7F, -0.7F};
    struct loss_value v = loss_of_token(&rule, &t);
    assert_int_equal(v.clipped, 0);
    assert_true(v.d_log_prob == 0.75F && v.loss == 0.75 && v.kl == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derivative_equals_central_differences),
        cmocka_unit_test(only_the_side_that_gains_is_clipped),
        cmocka_unit_test(a_clipped_token_still_feels_the_reference),
        cmocka_unit_test(the_reference_is_read_only_with_a_coefficient),
        cmocka_unit_test(on_policy_the_slope_is_the_policy_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// How many children: rounding without bias, the budget, the plans.
#include "tree/branching.h"

#include "tree_test.h"

#include <math.h>

static void test_fixed(void **state)
{
    const struct branching b = {
        .rule = BRANCH_FIXED, .depths = 2, .most = 8, .rate = {4, 2}};
    (void)state;
    for (int32_t d = 0; d < 2; d++) {
        const struct branch_view v = {.depth = d, .uniform = 0.0, .path_left = 10};
        assert_int_equal(branching_children(&b, &v), d ? 2 : 4);
    }
}

// A rate of 2.3 is 2 or 3 children, 2.3 in the mean.
static void test_rounding(void **state)
{
    const struct branching b = {
        .rule = BRANCH_FIXED, .depths = 1, .most = 8, .rate = {2.3}};
    double sum = 0.0;
    (void)state;
    for (int i = 0; i < 1000; i++) {
        const struct branch_view v = {.uniform = (i + 0.5) / 1000.0, .path_left = 1};
        int32_t n = branching_children(&b, &v);
        assert_true(n == 2 || n == 3);
        sum += n;
    }
    assert_true(fabs(sum / 1000.0 - 2.3) < 1e-9);
}

static void test_entropy(void **state)
{
    const struct branching b = {.rule = BRANCH_ENTROPY,
                                .depths = 3,
                                .most = 6,
                                .rate = {2, 2, 2},
                                .entropy = {0, 0.5, 0},
                                .sharpness = 1.0};
    static const struct {
        int32_t depth;
        double entropy;
        int32_t children;
    } cases[] = {{0, 9.0, 2}, {1, 0.5, 2}, {1, 1.0, 4}, {1, 0.1, 1},
                 {1, 9.0, 6}, {2, 9.0, 2}}; // depth 2: no mean is known yet
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct branch_view v = {.depth = cases[i].depth,
                                      .entropy = cases[i].entropy,
                                      .path_left = 1,
                                      .uniform = 0.999};
        assert_int_equal(branching_children(&b, &v), cases[i].children);
    }
}

// Whatever the rule wants, all paths at full length fit into the budget.
static void test_budget(void **state)
{
    struct branching b = {.rule = BRANCH_FIXED,
                          .depths = 4,
                          .most = 16,
                          .rate = {5, 3.5, 2.5, 9},
                          .budget = 1000};
    struct rng_key key = rng_root(1, RNG_TEST);
    uint64_t next = 0;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        int64_t left = 40 + (int64_t)rng_below(key, next++, 1000), spent = 0;
        int32_t path = 1 + (int32_t)rng_below(key, next++, 40);
        int64_t nodes = 1, whole = left;
        b.budget = left;
        for (int32_t d = 0; d < b.depths && path > 0; d++) {
            const struct branch_view v = {.depth = d,
                                          .uniform = rng_uniform(key, next++),
                                          .tokens_left = left,
                                          .path_left = path};
            int32_t n = branching_children(&b, &v);
            int32_t step = (int32_t)rng_below(key, next++, (uint64_t)path) + 1;
            assert_true(n >= 1 && (n == 1 || (int64_t)n * path <= left));
            left = branching_share(left, n);
            nodes *= n;
            spent += nodes * step; // every branch alike
            left -= step;
            path -= step;
        }
        assert_true(spent <= whole);
    }
}

// Two levels whose variances are known: child values p +- spread, leaves Bernoulli.
static void test_anova(void **state)
{
    static const double p[2] = {0.25, 0.75}; // equally likely first steps
    struct rng_key key = rng_root(2, RNG_TEST);
    struct credit_config credit;
    struct anova a = {0};
    uint64_t next = 0;
    (void)state;
    assert_ok(credit_by_name(&credit, "etreerpo"));
    for (int i = 0; i < 20000; i++) {
        struct tree t;
        put_root(&t, 3);
        for (int32_t c = 0; c < 3; c++) {
            double right = p[rng_below(key, next++, 2)];
            int32_t child = put_node(&t, 0, c, 2, 0.0F, 4);
            for (int32_t k = 0; k < 2; k++)
                (void)put_node(&t, child, k, 0,
                               rng_uniform(key, next++) < right ? 1.0F : 0.0F, 2);
        }
        assert_ok(credit_assign(&t, &credit, NULL));
        assert_ok(anova_add(&a, &t));
        tree_free(&t);
    }
    // Var of p: 1/16; mean of p (1 - p): 3/16.
    assert_true(fabs(anova_variance(&a, 1) - 1.0 / 16) < 0.003);
    assert_true(fabs(anova_variance(&a, 2) - 3.0 / 16) < 0.003);
    assert_true(fabs(anova_tokens(&a, 1) - 4.0) < 1e-9);
    assert_true(fabs(anova_tokens(&a, 2) - 2.0) < 1e-9);
    assert_true(anova_entropy(&a, 1) > 0.0 && anova_variance(&a, 3) == 0.0);
}

static struct anova anova_of(const double *variance, const double *tokens, int32_t n)
{
    struct anova a = {0};
    for (int32_t d = 0; d < n; d++)
        a.depths[d] = (struct anova_depth){.weight = 1,
                                           .variance = variance[d],
                                           .steps = 1,
                                           .tokens = tokens[d],
                                           .entropy = 1};
    return a;
}

static double plan_variance(const double *sigma2, const double *rate, int32_t n)
{
    double above = 1.0, sum = 0.0;
    for (int32_t d = 0; d < n; d++) {
        above *= rate[d];
        sum += sigma2[d] / above;
    }
    return sum;
}

// No other schedule of the same tokens has less variance, on a fine grid.
static void test_neyman_is_best(void **state)
{
    static const double sigma2[] = {0.02, 0.11, 0.05}, tokens[] = {20, 30, 10};
    struct branching b = {.rule = BRANCH_NEYMAN, .depths = 3, .most = 64};
    const struct anova a = anova_of(sigma2, tokens, 3);
    const double budget = 600.0;
    (void)state;
    branching_plan(&b, &a, budget);
    double above = 1.0, cost = 0.0;
    for (int32_t d = 0; d < 3; d++) {
        above *= b.rate[d];
        cost += above * tokens[d];
        assert_true(b.rate[d] >= 1.0);
    }
    assert_true(fabs(cost - budget) < 1e-6);
    double best = plan_variance(sigma2, b.rate, 3);
    for (double n1 = 1.0; n1 < 30.0; n1 += 0.25)
        for (double b2 = 1.0; b2 < 8.0; b2 += 0.05) {
            double n3 = (budget - n1 * 20 - n1 * b2 * 30) / 10;
            const double rate[] = {n1, b2, n3 / (n1 * b2)};
            if (n3 >= n1 * b2)
                assert_true(plan_variance(sigma2, rate, 3) >= best - 1e-9);
        }
}

static void test_plan_waits(void **state)
{
    static const double sigma2[] = {0.1, 0.0}, tokens[] = {5, 5};
    struct branching b = {
        .rule = BRANCH_NEYMAN, .depths = 2, .most = 8, .rate = {3, 2}};
    const struct anova a = anova_of(sigma2, tokens, 2);
    (void)state;
    branching_plan(&b, &a, 100.0);
    assert_true(b.rate[0] == 3 && b.rate[1] == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed),      cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_entropy),    cmocka_unit_test(test_budget),
        cmocka_unit_test(test_anova),      cmocka_unit_test(test_neyman_is_best),
        cmocka_unit_test(test_plan_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

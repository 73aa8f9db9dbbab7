// Rewards between 0 and 1 (a program of the user's gives such), by hand, in every
// credit method and in what steps remember.
#include "tree_test.h"

#include "tree/anova.h"
#include "tree/cutoff.h"

// root (3) -> 1 (2) -> leaves 2: 0.9, 3: 0.3;  leaf 4: 0.75;  leaf 5: 0.15
static void small_tree(struct tree *t)
{
    put_root(t, 3);
    int32_t inner = put_node(t, 0, 0, 2, 0.0F, 2);
    (void)put_node(t, inner, 0, 0, 0.9F, 3);
    (void)put_node(t, inner, 1, 0, 0.3F, 1);
    (void)put_node(t, 0, 1, 0, 0.75F, 4);
    (void)put_node(t, 0, 2, 0, 0.15F, 5);
    assert_ok(tree_check(t, SAMPLE_VOCAB));
}

struct expected {
    double advantage[6]; // by node
    double weight[6];
};

static void expect(const char *method, enum credit_norm norm, const struct expected *e)
{
    static const double values[] = {0.5, 0.6, 0.9, 0.3, 0.75, 0.15};
    struct credit_config c;
    struct credit_stats s = {0};
    struct tree t;
    assert_ok(credit_by_name(&c, method));
    c.norm = norm;
    small_tree(&t);
    assert_ok(credit_assign(&t, &c, &s));
    for (int32_t i = 0; i < 6; i++)
        expect_node(&t, i, values[i], e->advantage[i], e->weight[i]);
    assert_true(fabs(s.reward_sum - 2.1) < 1e-6);
    assert_true(fabs(s.root_value - 0.5) < 1e-6);
    assert_int_equal(s.silent_groups, 0);
    tree_free(&t);
}

static void every_method(void **state)
{
    const double outer = sqrt(0.0975), inner = sqrt(0.18), all = sqrt(0.1275);
    const struct expected etreerpo = {{0, 0.15, 0.6, -0.6, 0.375, -0.525},
                                      {1, 1 / 3., 1 / 6., 1 / 6., 1 / 3., 1 / 3.}};
    const struct expected treerpo = {
        {0, 0.1 / outer, 0.3 / inner, -0.3 / inner, 0.25 / outer, -0.35 / outer},
        {1, 1, 1, 1, 1, 1}};
    const struct expected bernoulli = {{0, 0.4, 1.25, -1.25, 1, -1.4},
                                       {1, 1, 1, 1, 1, 1}};
    const struct expected grpo = {
        {0, 0.075 / all, 0.375 / all, -0.225 / all, 0.225 / all, -0.375 / all},
        {1, 0.5, 0.25, 0.25, 0.25, 0.25}};
    const struct expected rloo = {{0, 0.1, 0.5, -0.3, 0.3, -0.5},
                                  {1, 0.5, 0.25, 0.25, 0.25, 0.25}};
    (void)state;
    expect("etreerpo", CREDIT_NORM_NONE, &etreerpo);
    expect("treerpo", CREDIT_NORM_STD, &treerpo);
    expect("treerpo", CREDIT_NORM_BERNOULLI, &bernoulli);
    expect("grpo", CREDIT_NORM_STD, &grpo);
    expect("rloo", CREDIT_NORM_NONE, &rloo);
}

// Equal rewards carry no signal, whatever they are.
static void equal_rewards_are_silent(void **state)
{
    static const char *const methods[] = {"etreerpo", "treerpo", "grpo", "rloo"};
    (void)state;
    for (size_t m = 0; m < 4; m++)
        for (int norm = CREDIT_NORM_NONE; norm <= CREDIT_NORM_BERNOULLI; norm++) {
            struct credit_config c;
            struct credit_stats s = {0};
            struct tree t;
            assert_ok(credit_by_name(&c, methods[m]));
            c.norm = (enum credit_norm)norm;
            put_root(&t, 3);
            for (int i = 0; i < 3; i++)
                (void)put_node(&t, 0, i, 0, 0.3F, 2);
            assert_ok(credit_assign(&t, &c, &s));
            assert_int_equal(s.silent_groups, s.groups);
            for (size_t i = 1; i < t.n_nodes; i++)
                assert_true(fabs((double)t.nodes[i].advantage) < 1e-6);
            tree_free(&t);
        }
}

// What is outside [0, 1] is no reward.
static void bounds(void **state)
{
    static const float bad[] = {-0.001F, 1.001F, NAN, INFINITY, -INFINITY};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tree t;
        small_tree(&t);
        t.nodes[4].reward = bad[i];
        assert_int_equal(tree_check(&t, SAMPLE_VOCAB), ERR_PROTOCOL);
        tree_free(&t);
    }
}

// The share of flagged steps that "come right" is the mean reward of those that went
// on.
static void false_cuts(void **state)
{
    struct cutoff_stats s = {0};
    struct tree t;
    (void)state;
    put_root(&t, 2);
    int32_t on = put_node(&t, 0, 0, 2, 0.0F, 2);
    (void)put_node(&t, on, 0, 0, 0.2F, 3);
    (void)put_node(&t, on, 1, 0, 0.6F, 3);
    int32_t cut = put_node(&t, 0, 1, 0, 0.0F, 2);
    t.nodes[on].keep = 0.5F;
    t.nodes[cut].keep = 0.5F;
    t.nodes[cut].end = NODE_CUT;
    assert_ok(tree_check(&t, SAMPLE_VOCAB));
    assert_ok(cutoff_add(&s, &t));
    assert_true(fabs(cutoff_false_rate(&s) - 0.4) < 1e-6);
    assert_true(fabs(s.bias - (0.2 - 0.4)) < 1e-6);
    assert_true(s.probes == 1.0);
    tree_free(&t);
}

static void variances(void **state)
{
    const struct credit_config c = {.method = CREDIT_ETREERPO};
    struct anova a = {0};
    struct tree t;
    (void)state;
    small_tree(&t);
    assert_ok(credit_assign(&t, &c, NULL));
    assert_ok(anova_add(&a, &t));
    // Of 0.9 and 0.3; and of 0.6, 0.75 and 0.15, less what the first has added to it.
    assert_true(fabs(anova_variance(&a, 2) - 0.18) < 1e-6);
    assert_true(fabs(anova_variance(&a, 1) - (0.0975 - 0.18 / 2 / 3)) < 1e-6);
    tree_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method), cmocka_unit_test(equal_rewards_are_silent),
        cmocka_unit_test(bounds),       cmocka_unit_test(false_cuts),
        cmocka_unit_test(variances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

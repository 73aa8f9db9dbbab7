// Values, advantages and weights, by hand and by their laws.
#include "tree_test.h"

#include <math.h>
#include <string.h>

static const char *const methods[] = {"etreerpo", "treerpo", "grpo", "rloo"};

static struct credit_config named(const char *name)
{
    struct credit_config c;
    assert_ok(credit_by_name(&c, name));
    return c;
}

// root (3) -> 1 (2) -> leaves 2: 1, 3: 0;  leaf 4: 1;  leaf 5: 0
static void small_tree(struct tree *t)
{
    put_root(t, 3);
    int32_t inner = put_node(t, 0, 0, 2, 0.0F, 2);
    (void)put_node(t, inner, 0, 0, 1.0F, 3);
    (void)put_node(t, inner, 1, 0, 0.0F, 1);
    (void)put_node(t, 0, 1, 0, 1.0F, 4);
    (void)put_node(t, 0, 2, 0, 0.0F, 5);
}

static void names_are_known(void **state)
{
    (void)state;
    struct credit_config c = {.method = CREDIT_RLOO};
    assert_int_equal(named("treerpo").weight, CREDIT_WEIGHT_NONE);
    assert_int_equal(named("etreerpo").method, CREDIT_ETREERPO);
    assert_int_equal(named("grpo").norm, CREDIT_NORM_STD);
    assert_int_equal(credit_by_name(&c, "ppo"), ERR_INPUT);
    assert_non_null(strstr(status_message(), "etreerpo, treerpo, grpo, rloo"));
    assert_int_equal(credit_by_name(&c, ""), ERR_INPUT);
    assert_int_equal(c.method, CREDIT_RLOO);
}

static void etreerpo_compares_with_the_other_siblings(void **state)
{
    (void)state;
    struct tree t;
    struct credit_config c = named("etreerpo");
    struct credit_stats s = {0};
    small_tree(&t);
    assert_ok(credit_assign(&t, &c, &s));
    expect_node(&t, 0, 0.5, 0.0, 1.0);
    expect_node(&t, 1, 0.5, 0.0, 1.0 / 3);
    expect_node(&t, 2, 1.0, 1.0, 1.0 / 6);
    expect_node(&t, 3, 0.0, -1.0, 1.0 / 6);
    expect_node(&t, 4, 1.0, 0.75, 1.0 / 3);
    expect_node(&t, 5, 0.0, -0.75, 1.0 / 3);
    assert_int_equal(s.groups, 2);
    assert_int_equal(s.silent_groups, 0);
    assert_int_equal(s.leaves, 4);
    assert_int_equal(s.signal_tokens, 3 + 1 + 4 + 5);
    assert_true(fabs(s.weight_tokens - (4.0 / 6 + 9.0 / 3)) < 1e-6);
    assert_true(s.reward_sum == 2.0);
    assert_true(s.root_value == 0.5);
    tree_free(&t);
}

static void treerpo_normalises_each_group(void **state)
{
    (void)state;
    struct tree t;
    struct credit_config c = named("treerpo");
    small_tree(&t);
    assert_ok(credit_assign(&t, &c, NULL));
    expect_node(&t, 1, 0.5, 0.0, 1.0); // values 1/2, 1, 0: std 1/2
    expect_node(&t, 4, 1.0, 1.0, 1.0);
    expect_node(&t, 5, 0.0, -1.0, 1.0);
    expect_node(&t, 2, 1.0, sqrt(0.5), 1.0); // values 1, 0: std sqrt(1/2)
    expect_node(&t, 3, 0.0, -sqrt(0.5), 1.0);
    tree_free(&t);
}

static void flat_methods_average_over_leaves(void **state)
{
    (void)state;
    struct tree t;
    struct credit_config grpo = named("grpo"), rloo = named("rloo");
    struct credit_stats s = {0};
    small_tree(&t);
    assert_ok(credit_assign(&t, &grpo, &s)); // rewards 1 0 1 0: std sqrt(1/3)
    expect_node(&t, 1, 0.5, 0.0, 0.5);
    expect_node(&t, 2, 1.0, 0.5 * sqrt(3), 0.25);
    expect_node(&t, 5, 0.0, -0.5 * sqrt(3), 0.25);
    assert_int_equal(s.groups, 1);
    assert_ok(credit_assign(&t, &rloo, &s));
    expect_node(&t, 2, 1.0, 2.0 / 3, 0.25);
    expect_node(&t, 3, 0.0, -2.0 / 3, 0.25);
    expect_node(&t, 1, 0.5, 0.0, 0.5);
    assert_int_equal(s.groups, 2); // stats add up
    assert_int_equal(s.leaves, 8);
    tree_free(&t);
}

static void norms_and_weights_can_be_chosen(void **state)
{
    (void)state;
    struct tree t;
    struct credit_config c = {.method = CREDIT_ETREERPO,
                              .norm = CREDIT_NORM_BERNOULLI,
                              .weight = CREDIT_WEIGHT_SQRT};
    small_tree(&t);
    assert_ok(credit_assign(&t, &c, NULL)); // V (1 - V) = 1/4 in both groups
    expect_node(&t, 4, 1.0, 3.0, 1.0 / sqrt(3));
    expect_node(&t, 2, 1.0, 4.0, 1.0 / sqrt(6));
    c = (struct credit_config){.method = CREDIT_GRPO,
                               .norm = CREDIT_NORM_BERNOULLI,
                               .weight = CREDIT_WEIGHT_SQRT};
    assert_ok(credit_assign(&t, &c, NULL));
    expect_node(&t, 4, 1.0, 2.0, 0.5);
    expect_node(&t, 1, 0.5, 0.0, sqrt(0.5));
    tree_free(&t);
}

// ---- nodes with one child ----------------------------------------------------------

static void one_child_shares_its_parents_edge(void **state)
{
    (void)state;
    struct tree t;
    struct credit_config c = named("etreerpo");
    put_root(&t, 2);
    int32_t a = put_node(&t, 0, 0, 1, 0.0F, 1);
    int32_t b = put_node(&t, a, 0, 1, 0.0F, 1);
    int32_t d = put_node(&t, b, 0, 2, 0.0F, 1);
    int32_t e = put_node(&t, d, 0, 0, 1.0F, 1);
    (void)put_node(&t, d, 1, 0, 0.0F, 1);
    (void)put_node(&t, 0, 1, 0, 0.0F, 1);
    assert_ok(credit_assign(&t, &c, NULL));
    for (int32_t i = a; i <= d; i++)
        expect_node(&t, i, 0.5, 0.5, 0.5);
    expect_node(&t, e, 1.0, 1.0, 0.25);
    tree_free(&t);
}

static void without_branching_above_the_baseline_is_zero(void **state)
{
    (void)state;
    struct tree t;
    const double advantage[] = {0.75, 0.0, 0.0, 0.75};
    put_root(&t, 1);
    int32_t a = put_node(&t, 0, 0, 1, 0.0F, 2);
    int32_t b = put_node(&t, a, 0, 0, 0.75F, 3);
    for (int i = 0; i < 4; i++) {
        struct credit_config c = named(methods[i]);
        struct credit_stats s = {0};
        assert_ok(credit_assign(&t, &c, &s));
        expect_node(&t, a, 0.75, advantage[i], 1.0);
        expect_node(&t, b, 0.75, advantage[i], 1.0);
        assert_int_equal(s.groups, 0);
        assert_int_equal(s.signal_tokens, advantage[i] > 0 ? 5 : 0);
    }
    tree_free(&t);
}

static void every_token_has_finite_credit(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct tree t;
        sample_tree(&t, &sample_shapes[seed % N_SHAPES], seed);
        for (int method = 0; method < 4; method++) {
            for (int norm = 0; norm < 3; norm++) {
                struct credit_config c = named(methods[method]);
                c.norm = (enum credit_norm)norm;
                for (size_t i = 0; i < t.n_nodes; i++)
                    t.nodes[i].value = t.nodes[i].advantage = t.nodes[i].weight = NAN;
                assert_ok(credit_assign(&t, &c, NULL));
                for (size_t i = 0; i < t.n_nodes; i++) {
                    assert_true(isfinite(t.nodes[i].value));
                    assert_true(isfinite(t.nodes[i].advantage));
                    assert_true(t.nodes[i].weight > 0 && t.nodes[i].weight <= 1);
                }
            }
        }
        tree_free(&t);
    }
}

// Sums of squares cancel here to anything about 0, of either sign.
static void barely_unequal_rewards_stay_finite(void **state)
{
    (void)state;
    enum { LEAVES = 300 };
    struct tree t;
    put_root(&t, LEAVES);
    for (int32_t i = 0; i < LEAVES; i++)
        (void)put_node(&t, 0, i, 0, 0.0F, 1);
    for (int k = 1; k < 4 * 20; k++) {
        struct credit_config c = named(methods[k % 4]);
        c.norm = CREDIT_NORM_STD;
        for (size_t i = 1; i < t.n_nodes; i++)
            t.nodes[i].reward = (float)k / 80.0F;
        t.nodes[7].reward = nextafterf(t.nodes[7].reward, 1.0F);
        assert_ok(credit_assign(&t, &c, NULL));
        for (size_t i = 1; i < t.n_nodes; i++)
            assert_true(fabsf(t.nodes[i].advantage) < 1e-5F); // not blown up
    }
    tree_free(&t);
}

// ---- groups without signal ---------------------------------------------------------

static void equal_rewards_give_silence(void **state)
{
    (void)state;
    struct tree t;
    put_root(&t, 2);
    for (int32_t c = 0; c < 2; c++) { // below child 0 all right, below child 1 none
        int32_t inner = put_node(&t, 0, c, 2, 0.0F, 1);
        (void)put_node(&t, inner, 0, 0, c == 0 ? 1.0F : 0.0F, 1);
        (void)put_node(&t, inner, 1, 0, c == 0 ? 1.0F : 0.0F, 1);
    }
    struct credit_config steps = named("etreerpo"), flat = named("grpo");
    struct credit_stats s = {0}, f = {0};
    assert_ok(credit_assign(&t, &steps, &s));
    assert_int_equal(s.groups, 3);
    assert_int_equal(s.silent_groups, 2);
    assert_int_equal(s.signal_tokens, 2);
    expect_node(&t, 1, 1.0, 1.0, 0.5);
    expect_node(&t, 2, 1.0, 0.0, 0.25);
    assert_ok(credit_assign(&t, &flat, &f));
    assert_int_equal(f.silent_groups, 0);
    for (size_t i = 0; i < t.n_nodes; i++)
        t.nodes[i].reward = 0.0F;
    f = (struct credit_stats){0};
    assert_ok(credit_assign(&t, &flat, &f));
    assert_int_equal(f.groups, 1);
    assert_int_equal(f.silent_groups, 1);
    assert_int_equal(f.signal_tokens, 0);
    tree_free(&t);
}

// Silence is a matter of rewards, not of values: 1/2 = 1/2 is no signal for the step,
// yet it is not a group of equal rewards.
static void equal_values_are_not_silence(void **state)
{
    (void)state;
    struct tree t;
    struct credit_config c = named("treerpo");
    struct credit_stats s = {0};
    put_root(&t, 2);
    for (int32_t k = 0; k < 2; k++) {
        int32_t inner = put_node(&t, 0, k, 2, 0.0F, 1);
        (void)put_node(&t, inner, 0, 0, 1.0F, 1);
        (void)put_node(&t, inner, 1, 0, 0.0F, 1);
    }
    assert_ok(credit_assign(&t, &c, &s));
    assert_int_equal(s.silent_groups, 0);
    assert_int_equal(s.signal_tokens, 4);
    expect_node(&t, 1, 0.5, 0.0, 1.0);
    tree_free(&t);
}

// ---- flat methods are sums over flattened paths ------------------------------------

static double path_advantage(const struct tree *t, int32_t leaf, int grpo)
{
    double n = 0, sum = 0, spread = 0, own = (double)t->nodes[leaf].reward;
    for (size_t i = 1; i < t->n_nodes; i++)
        if (tree_is_leaf(&t->nodes[i])) {
            n += 1;
            sum += (double)t->nodes[i].reward;
        }
    for (size_t i = 1; i < t->n_nodes; i++)
        if (tree_is_leaf(&t->nodes[i]))
            spread += pow((double)t->nodes[i].reward - sum / n, 2);
    if (n < 2)
        return grpo ? 0.0 : own;
    if (!grpo)
        return own - (sum - own) / (n - 1);
    return spread > 0 ? (own - sum / n) / sqrt(spread / (n - 1)) : 0.0;
}

static double token_number(const struct tree *t, int32_t node) // of all its tokens
{
    return t->nodes[node].token_count * (1.0 + 0.37 * node);
}

static void flat_methods_equal_the_flattened_sum(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct tree t;
        sample_tree(&t, &sample_shapes[seed % N_SHAPES], seed);
        double leaves = (double)tree_leaf_count(&t);
        for (int grpo = 0; grpo < 2; grpo++) {
            struct credit_config c = named(grpo ? "grpo" : "rloo");
            double unique = 0, flat = 0;
            assert_ok(credit_assign(&t, &c, NULL));
            for (int32_t i = 1; i < (int32_t)t.n_nodes; i++) {
                const struct tree_node *n = &t.nodes[i];
                unique +=
                    (double)n->weight * (double)n->advantage * token_number(&t, i);
                for (int32_t up = i; tree_is_leaf(n) && up > 0; up = t.nodes[up].parent)
                    flat += path_advantage(&t, i, grpo) * token_number(&t, up) / leaves;
            }
            assert_true(fabs(unique - flat) < 1e-5);
        }
        tree_free(&t);
    }
}

static void a_failed_allocation_is_said(void **state)
{
    (void)state;
    struct tree t;
    struct credit_config c = named("etreerpo");
    small_tree(&t);
    assert_int_equal(failures_of(credit_assign(&t, &c, NULL)), 1);
    tree_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_known),
        cmocka_unit_test(etreerpo_compares_with_the_other_siblings),
        cmocka_unit_test(treerpo_normalises_each_group),
        cmocka_unit_test(flat_methods_average_over_leaves),
        cmocka_unit_test(norms_and_weights_can_be_chosen),
        cmocka_unit_test(one_child_shares_its_parents_edge),
        cmocka_unit_test(without_branching_above_the_baseline_is_zero),
        cmocka_unit_test(every_token_has_finite_credit),
        cmocka_unit_test(barely_unequal_rewards_stay_finite),
        cmocka_unit_test(equal_rewards_give_silence),
        cmocka_unit_test(equal_values_are_not_silence),
        cmocka_unit_test(flat_methods_equal_the_flattened_sum),
        cmocka_unit_test(a_failed_allocation_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

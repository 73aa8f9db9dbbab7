// Credit where steps were cut with some probability, used again, or held against the
// whole tree: by hand, on small trees.  That it is unbiased is the variance study's.
#include "tree_test.h"

// root (2) -> 1 (2) -> leaves 2: 1, 3: 0;  leaf 4: 1
static void small_tree(struct tree *t)
{
    put_root(t, 2);
    int32_t inner = put_node(t, 0, 0, 2, 0.0F, 2);
    (void)put_node(t, inner, 0, 0, 1.0F, 1);
    (void)put_node(t, inner, 1, 0, 0.0F, 1);
    (void)put_node(t, 0, 1, 0, 1.0F, 1);
}

static void roulette_counts_what_went_on(void **state)
{
    struct credit_config c = {.cutoff = CUTOFF_ROULETTE};
    struct tree t;
    (void)state;
    small_tree(&t);
    t.control = 0.25F;
    t.nodes[1].keep = 0.5F; // V = c + (1/2 - c) / keep
    assert_ok(credit_assign(&t, &c, NULL));
    expect_node(&t, 1, 0.75, -0.25, 0.5);
    expect_node(&t, 2, 1.0, 1.0, 0.5); // 1/2 1/2 / keep
    expect_node(&t, 0, 0.875, 0.0, 1.0);
    c.cutoff = CUTOFF_ZERO;
    assert_ok(credit_assign(&t, &c, NULL));
    expect_node(&t, 1, 0.5, -0.5, 0.5);
    expect_node(&t, 2, 1.0, 1.0, 0.25);
    tree_free(&t);
}

// root (2) -> 1 (1, kept by 1/2) -> leaf 2: 1;  leaf 3: 0
static void a_lone_step_behind_a_flag_has_its_own_value(void **state)
{
    const struct credit_config c = {.cutoff = CUTOFF_ROULETTE};
    struct tree t;
    (void)state;
    put_root(&t, 2);
    int32_t one = put_node(&t, 0, 0, 1, 0.0F, 1);
    (void)put_node(&t, one, 0, 0, 1.0F, 1);
    (void)put_node(&t, 0, 1, 0, 0.0F, 1);
    t.nodes[1].keep = 0.5F;
    assert_ok(credit_assign(&t, &c, NULL));
    expect_node(&t, 1, 2.0, 2.0, 0.5);
    expect_node(&t, 2, 1.0, 1.0, 1.0); // not its parent's 2, but twice the weight
    tree_free(&t);
}

static void ratios_count(void **state)
{
    struct credit_config c = {.reuse = {REUSE_IS, 1.5}};
    struct tree t;
    (void)state;
    small_tree(&t);
    t.nodes[4].ratio = 2.0F; // V(root) = (1/2 + 2) / 2
    t.nodes[3].ratio = 0.5F;
    assert_ok(credit_assign(&t, &c, NULL));
    expect_node(&t, 0, 1.25, 0.0, 1.0);
    expect_node(&t, 4, 1.0, 0.5, 1.0);    // against 1/2; 2 / 2
    expect_node(&t, 1, 0.5, -0.5, 0.5);   // against 2 / 2, the weighted mean
    expect_node(&t, 3, 0.0, -1.0, 0.125); // 1/2 1/2 1/2
    c.reuse.weight = REUSE_TRUNCATED;
    assert_ok(credit_assign(&t, &c, NULL));
    expect_node(&t, 0, 1.0, 0.0, 1.0); // (1/2 + 1.5) / 2
    expect_node(&t, 4, 1.0, 0.5, 0.75);
    c.reuse.weight = REUSE_SNIS;
    assert_ok(credit_assign(&t, &c, NULL));
    expect_node(&t, 1, 1.0 / 1.5, 1.0 / 1.5 - 1.0, 1.0 / 3.0);
    expect_node(&t, 0, (1.0 / 1.5 + 2.0) / 3.0, 0.0, 1.0);
    c.reuse.weight = REUSE_NONE;
    assert_ok(credit_assign(&t, &c, NULL));
    expect_node(&t, 4, 1.0, 0.5, 0.5);
    tree_free(&t);
}

// Nothing known: the siblings alone.  Precisions known: in between.
static void the_tree_has_a_say(void **state)
{
    struct credit_config siblings = {0}, tree = {.baseline = CREDIT_TREE};
    struct tree a, b;
    (void)state;
    small_tree(&a);
    small_tree(&b);
    assert_ok(credit_assign(&a, &siblings, NULL));
    assert_ok(credit_assign(&b, &tree, NULL));
    for (int32_t i = 0; i < 5; i++)
        expect_node(&b, i, (double)a.nodes[i].value, (double)a.nodes[i].advantage,
                    (double)a.nodes[i].weight);
    // Node 1's baseline is leaf 4: 1, unsure by sigma_1^2 = 1/4 (a leaf has no other
    // variance); of V(1) by twice that.  Leaf 3 says 0, unsure by sigma_2^2 = 1/2.
    tree.prior.sigma2[0] = 0.25;
    tree.prior.sigma2[1] = 0.5;
    assert_ok(credit_assign(&b, &tree, NULL));
    expect_node(&b, 1, 0.5, -0.5, 0.5);
    expect_node(&b, 2, 1.0, 1.0 - 0.5, 0.25); // against (0 + 1) / 2
    expect_node(&b, 3, 0.0, 0.0 - 1.0, 0.25); // leaf 2 says 1 too
    tree_free(&a);
    tree_free(&b);
}

static void a_chain_is_held_against_the_mean(void **state)
{
    struct credit_config c = {.baseline = CREDIT_TREE, .prior = {.mean = 0.4}};
    struct tree t;
    (void)state;
    put_root(&t, 1);
    int32_t one = put_node(&t, 0, 0, 1, 0.0F, 1);
    (void)put_node(&t, one, 0, 0, 1.0F, 1);
    assert_ok(credit_assign(&t, &c, NULL));
    expect_node(&t, 1, 1.0, 0.6, 1.0);
    expect_node(&t, 2, 1.0, 0.6, 1.0);
    tree_free(&t);
}

static void cutoffs_are_counted(void **state)
{
    struct cutoff_stats s = {0};
    struct tree t;
    (void)state;
    put_root(&t, 2); // 1: went on although flagged, worth 1/2; 4: cut
    int32_t one = put_node(&t, 0, 0, 2, 0.0F, 1);
    (void)put_node(&t, one, 0, 0, 1.0F, 1);
    (void)put_node(&t, one, 1, 0, 0.0F, 1);
    (void)put_node(&t, 0, 1, 0, 0.0F, 1);
    t.nodes[1].keep = t.nodes[4].keep = 0.25F;
    t.nodes[4].end = NODE_CUT;
    assert_ok(cutoff_add(&s, &t));
    assert_true(s.steps == 1.0 && s.flagged == 1.0 && s.cut == 0.5 && s.kept == 0.5);
    assert_true(s.probes == 1.0 && cutoff_false_rate(&s) == 0.5);
    assert_true(s.bias == 0.25 - 1.0); // 1/2 1/2 where 1/keep were right
    cutoff_fade(&s, 0.5);
    assert_true(s.trees == 0.5 && s.probes == 0.5 && cutoff_false_rate(&s) == 0.5);
    tree_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roulette_counts_what_went_on),
        cmocka_unit_test(a_lone_step_behind_a_flag_has_its_own_value),
        cmocka_unit_test(ratios_count),
        cmocka_unit_test(the_tree_has_a_say),
        cmocka_unit_test(a_chain_is_held_against_the_mean),
        cmocka_unit_test(cutoffs_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

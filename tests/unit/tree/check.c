// The laws of a tree: each is broken once, by the values a hostile maker would choose.
#include "tree_test.h"

#include <limits.h>
#include <math.h>
#include <string.h>

// root 0 (2 children) -> 1 (2 children) -> leaves 2, 3;  root -> leaf 4
static void sound_tree(struct tree *t)
{
    put_root(t, 2);
    int32_t inner = put_node(t, 0, 0, 2, 0.0F, 2);
    (void)put_node(t, inner, 0, 0, 1.0F, 2);
    (void)put_node(t, inner, 1, 0, 0.5F, 2);
    (void)put_node(t, 0, 1, 0, 0.0F, 2);
}

static void expect_law(const struct tree *t, const char *law)
{
    assert_int_equal(tree_check(t, SAMPLE_VOCAB), ERR_PROTOCOL);
    if (!strstr(status_message(), law))
        fail_msg("\"%s\" does not say \"%s\"", status_message(), law);
}

static void sound_trees_pass(void **state)
{
    (void)state;
    struct tree t;
    sound_tree(&t);
    assert_ok(tree_check(&t, SAMPLE_VOCAB));
    t.log_probs[4] = 0.0F;
    t.entropies[4] = 0.0F;
    assert_ok(tree_check(&t, SAMPLE_VOCAB));
    tree_free(&t);
    for (uint64_t seed = 0; seed < 50; seed++) {
        sample_tree(&t, &sample_shapes[seed % N_SHAPES], seed);
        assert_ok(tree_check(&t, SAMPLE_VOCAB));
        tree_free(&t);
    }
}

#define FIELD(name) offsetof(struct tree_node, name)

static const struct break_node {
    size_t node, field;
    int32_t value;
    const char *law;
} breaks[] = {
    {0, FIELD(parent), 0, "not a root"},
    {0, FIELD(parent), INT_MIN, "not a root"},
    {0, FIELD(depth), 1, "not a root"},
    {0, FIELD(child_index), 1, "not a root"},
    {0, FIELD(end), NODE_EOS, "a root without children"},
    {0, FIELD(branching), 0, "a root without children"},
    {0, FIELD(branching), -1, "a root without children"},
    {0, FIELD(branching), 1, "node 4: its child index"},
    {0, FIELD(branching), 3, "children are missing"},
    {0, FIELD(branching), INT_MAX, "branching beyond all bounds"},
    {0, FIELD(token_count), 0, "a root without a prompt"},
    {0, FIELD(token_count), -1, "a root without a prompt"},
    {0, FIELD(token_count), INT_MAX, "not where they must be"},
    {0, FIELD(token_begin), 1, "not where they must be"},
    {2, FIELD(parent), 2, "does not come before it"},
    {2, FIELD(parent), 4, "does not come before it"},
    {2, FIELD(parent), INT_MAX, "does not come before it"},
    {2, FIELD(parent), -1, "does not come before it"},
    {2, FIELD(parent), INT_MIN, "does not come before it"},
    {4, FIELD(parent), 2, "hangs below a leaf"},
    {3, FIELD(parent), 0, "wrong depth"},
    {2, FIELD(depth), 1, "wrong depth"},
    {2, FIELD(depth), INT_MAX, "wrong depth"},
    {2, FIELD(child_index), 2, "its child index"},
    {2, FIELD(child_index), -1, "its child index"},
    {2, FIELD(child_index), INT_MAX, "its child index"},
    {3, FIELD(child_index), 0, "node 3: has a double"},
    {4, FIELD(child_index), 0, "node 4: has a double"},
    {2, FIELD(token_count), 0, "a step without tokens"},
    {2, FIELD(token_count), -1, "a step without tokens"},
    {2, FIELD(token_count), INT_MAX, "not where they must be"},
    {2, FIELD(token_begin), 4, "not where they must be"},
    {2, FIELD(token_begin), -1, "not where they must be"},
    {2, FIELD(token_begin), INT_MAX, "not where they must be"},
    {4, FIELD(token_count), 1, "1 tokens belong to no node"},
    {2, FIELD(end), NODE_OPEN, "no such end"},
    {2, FIELD(end), NODE_CUT + 1, "no such end"},
    {2, FIELD(end), -1, "no such end"},
    {2, FIELD(end), NODE_BRANCHED, "branching does not fit"},
    {2, FIELD(branching), 1, "branching does not fit"},
    {1, FIELD(branching), 0, "branching does not fit"},
    {1, FIELD(branching), INT_MIN, "branching does not fit"},
    {1, FIELD(branching), 3, "children are missing"},
    {1, FIELD(branching), INT_MAX, "children are missing"},
};

static void every_broken_number_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        const struct break_node *b = &breaks[i];
        struct tree t;
        sound_tree(&t);
        memcpy((char *)&t.nodes[b->node] + b->field, &b->value, sizeof b->value);
        expect_law(&t, b->law);
        tree_free(&t);
    }
}

static void rewards_log_probs_and_entropies_are_numbers(void **state)
{
    (void)state;
    const float rewards[] = {-0.1F, 1.1F, NAN, INFINITY};
    const float log_probs[] = {NAN, -INFINITY, INFINITY, 0.5F};
    const float entropies[] = {NAN, INFINITY, -1.0F, -INFINITY};
    struct tree t;
    sound_tree(&t);
    for (size_t i = 0; i < 4; i++) {
        struct tree broken = t;
        float was = t.nodes[4].reward;
        t.nodes[4].reward = rewards[i];
        expect_law(&broken, "node 4: a reward outside");
        t.nodes[4].reward = was;
        was = t.log_probs[5];
        t.log_probs[5] = log_probs[i];
        expect_law(&broken, "node 2: a log-prob");
        t.log_probs[5] = was;
        was = t.entropies[5];
        t.entropies[5] = entropies[i];
        expect_law(&broken, "node 2: an entropy");
        t.entropies[5] = was;
    }
    tree_free(&t);
}

static void only_leaves_have_rewards_and_prompts_are_not_sampled(void **state)
{
    (void)state;
    struct tree t;
    sound_tree(&t);
    t.nodes[0].reward = 0.5F;
    expect_law(&t, "node 0: a reward that is no leaf's");
    t.nodes[0].reward = NAN;
    expect_law(&t, "node 0: a reward that is no leaf's");
    t.nodes[0].reward = 0.0F;
    t.nodes[1].reward = 0.5F;
    expect_law(&t, "node 1: a reward that is no leaf's");
    t.nodes[1].reward = 0.0F;
    t.log_probs[2] = -0.5F;
    expect_law(&t, "node 0: a prompt that was sampled");
    t.log_probs[2] = 0.0F;
    t.entropies[0] = 0.5F;
    expect_law(&t, "node 0: a prompt that was sampled");
    t.entropies[0] = 0.0F;
    assert_ok(tree_check(&t, SAMPLE_VOCAB));
    tree_free(&t);
}

static void cuts_keep_their_laws(void **state)
{
    (void)state;
    const float odd[] = {-0.5F, 1.5F, NAN, INFINITY};
    struct tree t;
    sound_tree(&t);
    t.control = 0.25F;
    t.nodes[1].keep = 0.5F; // flagged, and went on
    t.nodes[4] = (struct tree_node){.child_index = 1,
                                    .depth = 1,
                                    .token_begin = t.nodes[4].token_begin,
                                    .token_count = t.nodes[4].token_count,
                                    .end = NODE_CUT,
                                    .reward = 0.25F,
                                    .ratio = 1.0F};
    assert_ok(tree_check(&t, SAMPLE_VOCAB)); // keep 0: always cut
    t.nodes[4].keep = 1.0F;
    expect_law(&t, "node 4: a keep");
    t.nodes[4].keep = 0.5F;
    t.nodes[4].reward = 0.5F;
    expect_law(&t, "node 4: cut, but");
    t.nodes[4].reward = 0.25F;
    t.nodes[1].keep = 0.0F;
    expect_law(&t, "node 1: a keep");
    t.nodes[1].keep = 1.0F;
    t.nodes[2].keep = 0.5F;
    expect_law(&t, "node 2: a keep");
    t.nodes[2].keep = 1.0F;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        t.nodes[4].keep = odd[i];
        expect_law(&t, "node 4: a keep");
        t.nodes[4].keep = 0.5F;
        t.control = odd[i];
        expect_law(&t, "node 0: a control");
        t.control = 0.25F;
    }
    t.nodes[2].ratio = -1.0F;
    expect_law(&t, "node 2: a ratio");
    t.nodes[2].ratio = 1.0F;
    t.nodes[0].keep = 0.5F;
    expect_law(&t, "node 0: a root that was flagged");
    tree_free(&t);
}

static void tokens_are_of_the_vocabulary(void **state)
{
    (void)state;
    const int32_t outside[] = {-1, SAMPLE_VOCAB, INT_MAX, INT_MIN};
    struct tree t;
    sound_tree(&t);
    for (size_t i = 0; i < 4; i++) {
        int32_t prompt = t.tokens[0], last = t.tokens[10];
        t.tokens[0] = outside[i];
        expect_law(&t, "node 0: a token outside");
        t.tokens[0] = prompt;
        t.tokens[10] = outside[i];
        expect_law(&t, "node 4: a token outside");
        t.tokens[10] = last;
    }
    tree_free(&t);
}

static void counts_are_within_bounds(void **state)
{
    (void)state;
    struct tree t;
    sound_tree(&t);
    struct tree none = t, nodes = t, tokens = t;
    none.n_nodes = 0;
    expect_law(&none, "0 nodes");
    nodes.n_nodes = (size_t)TREE_MAX_NODES + 1;
    expect_law(&nodes, "nodes");
    tokens.n_tokens = (size_t)TREE_MAX_TOKENS + 1;
    expect_law(&tokens, "tokens");
    tokens.n_tokens = SIZE_MAX;
    expect_law(&tokens, "tokens");
    tree_free(&t);
}

static void a_part_holds_exactly_its_children(void **state)
{
    (void)state;
    struct tree t;
    put_root(&t, 5);
    (void)put_node(&t, 0, 2, 0, 1.0F, 1);
    (void)put_node(&t, 0, 3, 0, 1.0F, 1);
    assert_ok(tree_check_part(&t, SAMPLE_VOCAB, 2, 2));
    static const int32_t wrong[][2] = {
        {1, 2},
        {2, 1},
        {2, 3},
        {3, 1},
        {0, 5},
        {-1, 3},
        {4, 2},
        {2, 0},
        {5, 1},
        {2, -1},
        {INT_MAX, INT_MAX},
        {0, INT_MAX},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(tree_check_part(&t, SAMPLE_VOCAB, wrong[i][0], wrong[i][1]),
                         ERR_PROTOCOL);
    expect_law(&t, "children are missing");
    tree_free(&t);
}

static void a_failed_allocation_is_said(void **state)
{
    (void)state;
    struct tree t;
    sound_tree(&t);
    assert_int_equal(failures_of(tree_check(&t, SAMPLE_VOCAB)), 2);
    tree_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_trees_pass),
        cmocka_unit_test(every_broken_number_is_named),
        cmocka_unit_test(rewards_log_probs_and_entropies_are_numbers),
        cmocka_unit_test(only_leaves_have_rewards_and_prompts_are_not_sampled),
        cmocka_unit_test(cuts_keep_their_laws),
        cmocka_unit_test(tokens_are_of_the_vocabulary),
        cmocka_unit_test(counts_are_within_bounds),
        cmocka_unit_test(a_part_holds_exactly_its_children),
        cmocka_unit_test(a_failed_allocation_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

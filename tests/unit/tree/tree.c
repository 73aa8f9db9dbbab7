// Building trees, their paths, and their fingerprint.
#include "tree_test.h"

#include <string.h>

static void a_new_tree_is_its_prompt(void **state)
{
    (void)state;
    struct tree t;
    put_root(&t, 2);
    assert_int_equal(t.n_nodes, 1);
    assert_int_equal(t.n_tokens, 3);
    assert_int_equal(t.nodes[0].parent, -1);
    assert_true(t.log_probs[2] == 0.0F && t.entropies[2] == 0.0F);
    assert_int_equal(tree_leaf_count(&t), 0);
    tree_free(&t);
    tree_free(&t); // a zeroed tree
}

static void paths_run_from_the_root_to_the_node(void **state)
{
    (void)state;
    struct tree t;
    int32_t path[8];
    put_root(&t, 2);
    int32_t a = put_node(&t, 0, 0, 1, 0.0F, 2);
    int32_t b = put_node(&t, 0, 1, 0, 1.0F, 1);
    int32_t c = put_node(&t, a, 0, 0, 0.0F, 3); // not beside its parent
    assert_int_equal(tree_leaf_count(&t), 2);
    assert_int_equal(tree_path_length(&t, 0), 3);
    assert_int_equal(tree_path_length(&t, b), 4);
    assert_int_equal(tree_path_length(&t, c), 8);
    tree_path_tokens(&t, c, path);
    assert_memory_equal(path, t.tokens, 5 * sizeof *path);
    assert_memory_equal(path + 5, t.tokens + 6, 3 * sizeof *path);
    assert_int_equal(t.nodes[c].depth, 2);
    tree_free(&t);
}

static void nodes_hang_on_nodes_that_are_there(void **state)
{
    (void)state;
    struct tree t;
    int32_t token = 1, index = 77;
    float zero = 0.0F;
    put_root(&t, 1);
    const int32_t absent[] = {-1, 1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            tree_add(&t, absent[i], 0, NODE_EOS, &token, &zero, &zero, 1, &index),
            ERR_LIMIT);
    assert_int_equal(index, 77);
    assert_int_equal(t.n_nodes, 1);
    tree_free(&t);
}

static void depth_and_tokens_are_bounded(void **state)
{
    (void)state;
    struct tree t;
    int32_t token = 1, at = 0;
    float zero = 0.0F;
    put_root(&t, 1);
    for (int32_t d = 0; d < TREE_MAX_DEPTH; d++)
        assert_ok(tree_add(&t, at, 0, NODE_BRANCHED, &token, &zero, &zero, 1, &at));
    assert_int_equal(tree_add(&t, at, 0, NODE_EOS, &token, &zero, &zero, 1, &at),
                     ERR_LIMIT);
    assert_int_equal(
        tree_add(&t, 0, 0, NODE_EOS, &token, &zero, &zero, TREE_MAX_TOKENS, &at),
        ERR_LIMIT);
    assert_int_equal(tree_add(&t, 0, 0, NODE_EOS, &token, &zero, &zero, SIZE_MAX, &at),
                     ERR_LIMIT);
    assert_int_equal(t.n_nodes, TREE_MAX_DEPTH + 1);
    tree_free(&t);
}

static void a_failed_allocation_changes_nothing(void **state)
{
    (void)state;
    struct tree t = {0};
    int32_t tokens[500] = {0}, index = 77;
    float zeros[500] = {0};
    assert_true(failures_of(tree_init(&t, 1, tokens, 3)) > 0);
    uint64_t before = tree_hash(HASH_START, &t);
    for (long nth = 1; nth <= 3; nth++) {
        mem_fail_nth(nth);
        enum status st =
            tree_add(&t, 0, 0, NODE_EOS, tokens, zeros, zeros, 500, &index);
        mem_fail_nth(0);
        assert_int_equal(st, ERR_NOMEM);
        assert_int_equal(index, 77);
        assert_true(tree_hash(HASH_START, &t) == before);
    }
    assert_ok(tree_add(&t, 0, 0, NODE_EOS, tokens, zeros, zeros, 500, &index));
    assert_int_equal(index, 1);
    tree_free(&t);
}

// ---- the fingerprint ---------------------------------------------------------------

static void expect_change(const struct tree *t, void *field, size_t size, uint64_t was)
{
    unsigned char *bytes = field;
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 1;
        assert_true(tree_hash(HASH_START, t) != was);
        bytes[i] ^= 1;
    }
    assert_true(tree_hash(HASH_START, t) == was);
}

static void the_fingerprint_covers_what_was_sampled(void **state)
{
    (void)state;
    struct tree t;
    sample_tree(&t, &sample_shapes[1], 1);
    struct tree_node *n = &t.nodes[2];
    uint64_t was = tree_hash(HASH_START, &t);
    struct {
        void *field;
        size_t size;
    } parts[] = {
        {&t.prompt_id, sizeof t.prompt_id},
        {&t.step, sizeof t.step},
        {&t.policy_version, sizeof t.policy_version},
        {&n->parent, sizeof n->parent},
        {&n->child_index, sizeof n->child_index},
        {&n->branching, sizeof n->branching},
        {&n->depth, sizeof n->depth},
        {&n->token_begin, sizeof n->token_begin},
        {&n->token_count, sizeof n->token_count},
        {&n->end, sizeof n->end},
        {&n->reward, sizeof n->reward},
        {t.tokens, t.n_tokens * sizeof *t.tokens},
        {t.log_probs, t.n_tokens * sizeof *t.log_probs},
        {t.entropies, t.n_tokens * sizeof *t.entropies},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        expect_change(&t, parts[i].field, parts[i].size, was);
    n->value = n->advantage = n->weight = 9.0F; // the learner's, not sampled
    assert_true(tree_hash(HASH_START, &t) == was);
    assert_true(tree_hash(was, &t) != was);
    tree_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_tree_is_its_prompt),
        cmocka_unit_test(paths_run_from_the_root_to_the_node),
        cmocka_unit_test(nodes_hang_on_nodes_that_are_there),
        cmocka_unit_test(depth_and_tokens_are_bounded),
        cmocka_unit_test(a_failed_allocation_changes_nothing),
        cmocka_unit_test(the_fingerprint_covers_what_was_sampled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

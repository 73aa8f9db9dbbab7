// Parts of trees on their own, and hung into others.
#include "tree/graft.h"

#include "tree_test.h"

#include <string.h>

static void same_below(const struct tree *a, int32_t at, const struct tree *b,
                       int32_t other)
{
    const struct tree_node *x = &a->nodes[at], *y = &b->nodes[other];
    assert_int_equal(x->token_count, y->token_count);
    assert_memory_equal(a->tokens + x->token_begin, b->tokens + y->token_begin,
                        (size_t)x->token_count * sizeof *a->tokens);
    assert_memory_equal(a->log_probs + x->token_begin, b->log_probs + y->token_begin,
                        (size_t)x->token_count * sizeof *a->log_probs);
    assert_int_equal(x->end, y->end);
    assert_true(x->reward == y->reward && x->keep == y->keep && x->ratio == y->ratio);
}

// Below the root: the tree again.
static void the_whole_is_a_copy(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct tree t = {0}, copy = {0};
        sample_tree(&t, &sample_shapes[seed % N_SHAPES], seed);
        assert_ok(tree_canonical(&t));
        assert_ok(tree_below(&copy, &t, 0));
        assert_true(tree_hash(HASH_START, &t) == tree_hash(HASH_START, &copy));
        tree_free(&t);
        tree_free(&copy);
    }
}

static void a_part_has_its_prefix(void **state)
{
    int parts = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct tree t = {0}, part = {0};
        sample_tree(&t, &sample_shapes[seed % N_SHAPES], seed);
        assert_ok(tree_canonical(&t));
        for (int32_t i = 1; i < (int32_t)t.n_nodes; i++) {
            if (tree_is_leaf(&t.nodes[i])) {
                assert_int_equal(tree_below(&part, &t, i), ERR_INPUT);
                continue;
            }
            assert_ok(tree_below(&part, &t, i));
            assert_int_equal(part.nodes[0].token_count, tree_path_length(&t, i));
            for (size_t k = 1; k < part.n_nodes; k++) // the nodes right behind i
                same_below(&part, (int32_t)k, &t, i + (int32_t)k);
            memset(part.log_probs, 0,
                   (size_t)part.nodes[0].token_count * sizeof *part.log_probs);
            assert_ok(tree_check(&part, SAMPLE_VOCAB));
            tree_free(&part);
            parts++;
        }
        tree_free(&t);
    }
    assert_true(parts > 20);
}

static void a_graft_adds_children(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct tree t = {0}, more = {0};
        sample_tree(&t, &sample_shapes[seed % N_SHAPES], seed);
        sample_tree(&more, &sample_shapes[(seed + 1) % N_SHAPES], seed + 100);
        assert_ok(tree_canonical(&t));
        assert_ok(tree_canonical(&more));
        more.nodes[1].ratio = 1.5F;
        int32_t own = t.nodes[0].branching, theirs = more.nodes[0].branching;
        size_t nodes = t.n_nodes;
        int32_t second = 1; // of the root's children in `more`
        while (theirs > 1 &&
               (more.nodes[second].parent != 0 || more.nodes[second].child_index != 1))
            second++;
        assert_ok(tree_graft(&t, 0, &more, 0));
        assert_ok(tree_check(&t, SAMPLE_VOCAB));
        assert_int_equal(t.nodes[0].branching, own + theirs);
        assert_int_equal(t.n_nodes, nodes + more.n_nodes - 1);
        same_below(&t, (int32_t)nodes, &more, 1); // right behind its own
        assert_true(t.nodes[nodes].ratio == 1.5F);
        if (theirs > 1) {
            assert_ok(tree_graft(&t, 0, &more, theirs - 1)); // its last alone
            assert_int_equal(t.nodes[0].branching, own + theirs + 1);
            assert_ok(tree_check(&t, SAMPLE_VOCAB));
        }
        tree_free(&t);
        tree_free(&more);
    }
}

static void a_failed_graft_changes_nothing(void **state)
{
    (void)state;
    struct tree t = {0}, more = {0};
    sample_tree(&t, &sample_shapes[0], 1);
    sample_tree(&more, &sample_shapes[0], 2);
    assert_ok(tree_canonical(&t));
    assert_ok(tree_canonical(&more));
    uint64_t before = tree_hash(HASH_START, &t);
    long nth = 1;
    for (;; nth++) {
        mem_fail_nth(nth);
        enum status st = tree_graft(&t, 0, &more, 0);
        mem_fail_nth(0);
        if (st == OK)
            break;
        assert_int_equal(st, ERR_NOMEM);
        assert_true(tree_hash(HASH_START, &t) == before);
    }
    assert_true(nth > 3);
    tree_free(&t);
    tree_free(&more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_is_a_copy),
        cmocka_unit_test(a_part_has_its_prefix),
        cmocka_unit_test(a_graft_adds_children),
        cmocka_unit_test(a_failed_graft_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Canonical order, and a whole tree from its parts.
#include "tree_test.h"

#include <string.h>

enum { MAX_NODES = 200 };

// Node `from` of `t` below `parent` of `out`, with everything that a tree keeps.
static int32_t copy_node(struct tree *out, const struct tree *t, int32_t from,
                         int32_t parent)
{
    const struct tree_node *n = &t->nodes[from];
    int32_t index = -1;
    assert_ok(tree_add(out, parent, n->child_index, n->end, t->tokens + n->token_begin,
                       t->log_probs + n->token_begin, t->entropies + n->token_begin,
                       (size_t)n->token_count, &index));
    out->nodes[index].branching = n->branching;
    out->nodes[index].reward = n->reward;
    out->nodes[index].value = n->value;
    return index;
}

// The same tree in a random order that keeps parents first.
static void shuffle(struct tree *out, const struct tree *t, uint64_t seed)
{
    struct rng_key key = rng_child(rng_root(5, RNG_TEST), seed);
    int32_t place[MAX_NODES] = {0};
    uint64_t draw = 0;
    assert_true(t->n_nodes <= MAX_NODES);
    put_root(out, t->nodes[0].branching);
    while (out->n_nodes < t->n_nodes) {
        int32_t i = 1 + (int32_t)rng_below(key, draw++, t->n_nodes - 1);
        int32_t up = t->nodes[i].parent;
        if (place[i] == 0 && (up == 0 || place[up] > 0))
            place[i] = copy_node(out, t, i, place[up]);
    }
}

static void shuffled_trees_come_back_in_order(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct tree t, mixed;
        sample_tree(&t, &sample_shapes[seed % N_SHAPES], seed);
        for (size_t i = 1; i < t.n_nodes; i++)
            t.nodes[i].value = (float)i;
        shuffle(&mixed, &t, seed);
        assert_ok(tree_canonical(&mixed));
        assert_true(tree_hash(HASH_START, &mixed) == tree_hash(HASH_START, &t));
        for (size_t i = 1; i < t.n_nodes; i++)
            assert_true(mixed.nodes[i].value == (float)i);
        assert_ok(tree_check(&mixed, SAMPLE_VOCAB));
        assert_ok(tree_canonical(&mixed)); // and stay so
        assert_true(tree_hash(HASH_START, &mixed) == tree_hash(HASH_START, &t));
        tree_free(&mixed);
        tree_free(&t);
    }
}

static void every_number_is_kept(void **state)
{
    (void)state;
    struct tree t, before;
    sample_tree(&t, &sample_shapes[1], 6);
    for (size_t i = 0; i < t.n_nodes; i++) {
        t.nodes[i].value = (float)i + 0.25F;
        t.nodes[i].advantage = (float)i + 0.5F;
        t.nodes[i].weight = (float)i + 0.75F;
    }
    before = t;
    assert_ok(mem_dup(&before.nodes, t.nodes, t.n_nodes, sizeof *t.nodes));
    assert_ok(tree_canonical(&t)); // is canonical already
    assert_int_equal(t.n_nodes, before.n_nodes);
    assert_memory_equal(t.nodes, before.nodes, t.n_nodes * sizeof *t.nodes);
    mem_free(before.nodes);
    tree_free(&t);
}

static void a_failed_allocation_leaves_the_order(void **state)
{
    (void)state;
    struct tree t, mixed;
    sample_tree(&t, &sample_shapes[1], 2);
    shuffle(&mixed, &t, 2);
    uint64_t before = tree_hash(HASH_START, &mixed);
    mem_fail_nth(4);
    assert_int_equal(tree_canonical(&mixed), ERR_NOMEM);
    mem_fail_nth(0);
    assert_true(tree_hash(HASH_START, &mixed) == before);
    assert_true(failures_of(tree_canonical(&mixed)) >= 7);
    assert_true(tree_hash(HASH_START, &mixed) == tree_hash(HASH_START, &t));
    tree_free(&mixed);
    tree_free(&t);
}

// ---- joining -----------------------------------------------------------------------

// The part of t with the root's children [first, first + count).
static void cut(struct tree *out, const struct tree *t, int32_t first, int32_t count)
{
    int32_t place[MAX_NODES] = {0};
    put_root(out, t->nodes[0].branching);
    for (size_t i = 1; i < t->n_nodes; i++) {
        int32_t up = t->nodes[i].parent, child = t->nodes[i].child_index;
        if (up == 0 ? child >= first && child < first + count : place[up] > 0)
            place[i] = copy_node(out, t, (int32_t)i, place[up]);
    }
}

static const struct tree_shape wide = {{5, 2}, 2};

static void parts_in_any_order_make_the_whole(void **state)
{
    (void)state;
    static const int32_t cuts[3][2] = {{3, 2}, {0, 1}, {1, 2}};
    struct tree t, parts[3], joined = {0};
    sample_tree(&t, &wide, 3);
    for (int i = 0; i < 3; i++)
        cut(&parts[i], &t, cuts[i][0], cuts[i][1]);
    uint64_t before = tree_hash(HASH_START, &parts[1]);
    assert_true(failures_of(tree_join(&joined, parts, 3)) > 10);
    assert_true(tree_hash(HASH_START, &joined) == tree_hash(HASH_START, &t));
    assert_true(tree_hash(HASH_START, &parts[1]) == before);
    for (int i = 0; i < 3; i++)
        tree_free(&parts[i]);
    tree_free(&joined);
    tree_free(&t);
}

static void expect_refusal(const struct tree *parts, size_t n, const char *reason)
{
    struct tree out = {.prompt_id = 99};
    assert_int_equal(tree_join(&out, parts, n), ERR_PROTOCOL);
    if (!strstr(status_message(), reason))
        fail_msg("\"%s\" does not say \"%s\"", status_message(), reason);
    assert_int_equal(out.prompt_id, 99);
    assert_null(out.nodes);
}

static void missing_and_double_parts_are_refused(void **state)
{
    (void)state;
    struct tree t, parts[3];
    sample_tree(&t, &wide, 4);
    cut(&parts[0], &t, 0, 2);
    cut(&parts[1], &t, 2, 2);
    cut(&parts[2], &t, 3, 2);
    expect_refusal(parts, 0, "no parts");
    expect_refusal(parts, 2, "4 of 5 children");
    expect_refusal(parts, 3, "double");
    expect_refusal(parts + 1, 2, "child 0 of the root is missing");
    for (int i = 0; i < 3; i++)
        tree_free(&parts[i]);
    tree_free(&t);
}

static void parts_of_another_tree_are_refused(void **state)
{
    (void)state;
    struct tree t, parts[2];
    sample_tree(&t, &wide, 5);
    cut(&parts[0], &t, 0, 2);
    cut(&parts[1], &t, 2, 3);
    parts[1].prompt_id++;
    expect_refusal(parts, 2, "part 1 has another root");
    parts[1].prompt_id--;
    parts[1].step++;
    expect_refusal(parts, 2, "part 1 has another root");
    parts[1].step--;
    parts[1].policy_version++;
    expect_refusal(parts, 2, "part 1 has another root");
    parts[1].policy_version--;
    parts[1].tokens[2]++;
    expect_refusal(parts, 2, "part 1 has another root");
    parts[1].tokens[2]--;
    parts[1].nodes[0].branching++;
    expect_refusal(parts, 2, "part 1 has another root");
    tree_free(&parts[0]);
    tree_free(&parts[1]);
    tree_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shuffled_trees_come_back_in_order),
        cmocka_unit_test(every_number_is_kept),
        cmocka_unit_test(a_failed_allocation_leaves_the_order),
        cmocka_unit_test(parts_in_any_order_make_the_whole),
        cmocka_unit_test(missing_and_double_parts_are_refused),
        cmocka_unit_test(parts_of_another_tree_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Trees from a hostile maker: whatever tree_check lets through, everything else can
// work on, and no order of the nodes makes it slow.
#include "tree_test.h"

#include "tree/draw.h"

#include <limits.h>
#include <math.h>
#include <string.h>

// ---- damage at random --------------------------------------------------------------

static const char *no_text(void *context, int32_t token, size_t *len)
{
    (void)context;
    (void)token;
    *len = 0;
    return NULL;
}

static void use_everything(struct tree *t)
{
    static const char *const methods[] = {"etreerpo", "treerpo", "grpo", "rloo"};
    int32_t path[256];
    struct buf out = {0};
    assert_ok(tree_canonical(t));
    assert_ok(tree_check(t, SAMPLE_VOCAB));
    for (int32_t i = 0; i < (int32_t)t->n_nodes; i++) {
        assert_true(tree_path_length(t, i) <= 256);
        tree_path_tokens(t, i, path);
    }
    for (size_t m = 0; m < 4; m++) {
        struct credit_config c;
        assert_ok(credit_by_name(&c, methods[m]));
        assert_ok(credit_assign(t, &c, NULL));
        for (size_t i = 0; i < t->n_nodes; i++)
            assert_true(isfinite(t->nodes[i].advantage));
    }
    assert_ok(tree_draw(&out, t, no_text, NULL, 40, 1));
    buf_free(&out);
}

// A number that a hostile maker would try: near the ends of the type, or plausible.
static int32_t hostile_number(struct rng_key key, uint64_t at)
{
    static const int32_t ends[] = {
        INT_MIN,        INT_MIN + 1,    -2, -1, INT_MAX - 1, INT_MAX,
        TREE_MAX_NODES, TREE_MAX_TOKENS};
    uint64_t x = rng_below(key, at, 32);
    return x < 8 ? ends[x] : (int32_t)x - 8;
}

static void damage(struct tree *t, struct rng_key key)
{
    static const size_t fields[] = {
        offsetof(struct tree_node, parent),
        offsetof(struct tree_node, child_index),
        offsetof(struct tree_node, branching),
        offsetof(struct tree_node, depth),
        offsetof(struct tree_node, token_begin),
        offsetof(struct tree_node, token_count),
        offsetof(struct tree_node, end),
    };
    uint64_t times = 1 + rng_below(key, 0, 4);
    for (uint64_t k = 1; k <= 5 * times; k += 5) {
        struct tree_node *n = &t->nodes[rng_below(key, k, t->n_nodes)];
        int32_t value = hostile_number(key, k + 1);
        memcpy((char *)n + fields[rng_below(key, k + 2, 7)], &value, sizeof value);
        if (rng_below(key, k + 3, 3) == 0) { // and exchange two nodes
            struct tree_node *other = &t->nodes[rng_below(key, k + 4, t->n_nodes)];
            struct tree_node held = *n;
            *n = *other;
            *other = held;
        }
    }
}

static void damaged_trees_are_refused_or_usable(void **state)
{
    (void)state;
    int refused = 0, passed = 0;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        struct tree t;
        sample_tree(&t, &sample_shapes[seed % N_SHAPES], seed);
        damage(&t, rng_child(rng_root(8, RNG_TEST), seed));
        enum status st = tree_check(&t, SAMPLE_VOCAB);
        if (st == OK)
            use_everything(&t);
        else
            assert_int_equal(st, ERR_PROTOCOL);
        refused += st != OK;
        passed += st == OK;
        tree_free(&t);
    }
    assert_true(refused > 10000 && passed > 10);
}

static void random_nodes_are_refused(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        struct tree t;
        struct rng_key key = rng_child(rng_root(9, RNG_TEST), seed);
        sample_tree(&t, &sample_shapes[1], seed);
        int32_t *numbers = (int32_t *)t.nodes;
        for (size_t i = 0; i < t.n_nodes * sizeof *t.nodes / sizeof *numbers; i++)
            numbers[i] = hostile_number(key, i);
        assert_int_equal(tree_check(&t, SAMPLE_VOCAB), ERR_PROTOCOL);
        assert_int_equal(tree_check_part(&t, SAMPLE_VOCAB, hostile_number(key, 999),
                                         hostile_number(key, 998)),
                         ERR_PROTOCOL);
        tree_free(&t);
    }
}

// ---- as large as allowed -----------------------------------------------------------

// Work that grows with the square of the nodes would not end within the test's time.

static void put_leaf(struct tree *t, int32_t parent, int32_t child)
{
    static const int32_t token = 1;
    static const float zero = 0.0F;
    int32_t index = -1;
    assert_ok(tree_add(t, parent, child, NODE_EOS, &token, &zero, &zero, 1, &index));
    t->nodes[index].reward = child % 3 == 0 ? 1.0F : 0.0F;
}

static void the_last_sibling_may_come_first(void **state)
{
    (void)state;
    struct tree t, joined = {0};
    int32_t children = TREE_MAX_NODES - 1;
    struct credit_config c;
    put_root(&t, children);
    for (int32_t k = children; k-- > 0;)
        put_leaf(&t, 0, k);
    assert_ok(tree_check(&t, SAMPLE_VOCAB));
    assert_ok(tree_join(&joined, &t, 1));
    assert_ok(tree_canonical(&t));
    for (int32_t k = 0; k < children; k++)
        assert_int_equal(t.nodes[k + 1].child_index, k);
    assert_true(tree_hash(HASH_START, &joined) == tree_hash(HASH_START, &t));
    assert_ok(credit_by_name(&c, "etreerpo"));
    assert_ok(credit_assign(&t, &c, NULL));
    tree_free(&joined);
    int32_t token = 1, index = 77;
    float zero = 0.0F;
    assert_int_equal(t.n_nodes, TREE_MAX_NODES);
    assert_int_equal(tree_add(&t, 0, 0, NODE_EOS, &token, &zero, &zero, 1, &index),
                     ERR_LIMIT);
    tree_free(&t);
}

// A comb: a spine of the greatest depth, and at each of its nodes a leaf beside it.
static void put_comb(struct tree *t)
{
    static const int32_t token = 1;
    static const float zero = 0.0F;
    int32_t at = 0;
    put_root(t, 2);
    for (int32_t d = 1; d < TREE_MAX_DEPTH; d++) {
        put_leaf(t, at, 1);
        assert_ok(tree_add(t, at, 0, NODE_BRANCHED, &token, &zero, &zero, 1, &at));
        t->nodes[at].branching = 2;
    }
    put_leaf(t, at, 1);
    put_leaf(t, at, 0);
}

static void trees_may_be_as_deep_as_allowed(void **state)
{
    (void)state;
    struct tree t;
    struct buf out = {0};
    struct credit_config c;
    put_comb(&t);
    assert_ok(tree_check(&t, SAMPLE_VOCAB));
    assert_ok(tree_canonical(&t));
    assert_ok(tree_check(&t, SAMPLE_VOCAB));
    assert_int_equal(t.nodes[TREE_MAX_DEPTH].depth, TREE_MAX_DEPTH);
    assert_ok(credit_by_name(&c, "etreerpo"));
    assert_ok(credit_assign(&t, &c, NULL)); // a weight of 2^-4096 is 0, not NaN
    for (size_t i = 0; i < t.n_nodes; i++)
        assert_true(isfinite(t.nodes[i].advantage) && t.nodes[i].weight >= 0.0F);
    assert_ok(tree_draw(&out, &t, no_text, NULL, 80, 0));
    buf_free(&out);
    tree_free(&t);
}

static void but_not_deeper(void **state)
{
    (void)state;
    struct tree t;
    put_comb(&t);
    put_leaf(&t, 0,
             0); // tree_add refuses such a depth, so a shallow leaf is moved there
    struct tree_node *below = &t.nodes[t.n_nodes - 1], *deepest = below - 1;
    deepest->end = NODE_BRANCHED;
    deepest->branching = 1;
    deepest->reward = 0.0F;
    below->parent = (int32_t)t.n_nodes - 2;
    below->depth = deepest->depth + 1;
    assert_int_equal(tree_check(&t, SAMPLE_VOCAB), ERR_PROTOCOL);
    assert_non_null(strstr(status_message(), "wrong depth"));
    tree_free(&t);
}

// Every node asks for as many children as can be said: refused before room is made.
static void branchings_do_not_add_up_to_memory(void **state)
{
    (void)state;
    struct tree t;
    put_comb(&t);
    for (size_t i = 0; i < t.n_nodes; i++)
        if (t.nodes[i].end == NODE_BRANCHED)
            t.nodes[i].branching = i == 0 ? TREE_MAX_NODES : INT_MAX;
    mem_fail_nth(2); // the room for the children's marks
    enum status st = tree_check(&t, SAMPLE_VOCAB);
    mem_fail_nth(0);
    assert_int_equal(st, ERR_PROTOCOL);
    assert_non_null(strstr(status_message(), "children are missing"));
    tree_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_trees_are_refused_or_usable),
        cmocka_unit_test(random_nodes_are_refused),
        cmocka_unit_test(the_last_sibling_may_come_first),
        cmocka_unit_test(trees_may_be_as_deep_as_allowed),
        cmocka_unit_test(but_not_deeper),
        cmocka_unit_test(branchings_do_not_add_up_to_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Packs of small trees, number by number, and their laws on random trees.
#include "learner/pack.h"

#include "tensor/ops.h"

#include "../tree/tree_test.h"

static void expect_ints(const int32_t *got, const int32_t *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (got[i] != expected[i])
            fail_msg("at %zu: %d, not %d", i, got[i], expected[i]);
}

static void expect_span(const struct pack *p, int32_t s, int32_t begin, int32_t count,
                        int32_t parent, int32_t start)
{
    const int32_t got[] = {p->spans[s].begin, p->spans[s].count, p->spans[s].parent,
                           p->spans[s].start};
    const int32_t expected[] = {begin, count, parent, start};
    expect_ints(got, expected, 4);
}

// Tokens are their own index: prompt 0 1 2, node 1: 3 4 (2 children), leaf 2: 5 6 7,
// leaf 3: 8, leaf 4: 9 10 (an early leaf at the root).
static void numbered_tree(struct tree *t)
{
    put_root(t, 2);
    int32_t inner = put_node(t, 0, 0, 2, 0.0F, 2);
    (void)put_node(t, inner, 0, 0, 1.0F, 3);
    (void)put_node(t, inner, 1, 0, 0.0F, 1);
    (void)put_node(t, 0, 1, 0, 0.0F, 2);
    for (size_t i = 0; i < t->n_tokens; i++)
        t->tokens[i] = (int32_t)i;
}

static void a_branching_tree_row_by_row(void **state)
{
    (void)state;
    struct tree t, *trees[] = {&t};
    struct pack p;
    struct pack_origin *origins;
    static const int32_t tokens[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    static const int32_t positions[] = {0, 1, 2, 3, 4, 5, 6, 7, 5, 3, 4};
    static const int32_t row[] = {2, 2, 3, 4, 4, 5, 6, 9};
    static const int32_t target[] = {3, 9, 4, 5, 8, 6, 7, 10};
    numbered_tree(&t);
    assert_ok(pack_trees(&p, &origins, trees, 1, 0));
    assert_int_equal(p.n_tokens, 11);
    assert_int_equal(p.n_spans, 5);
    assert_int_equal(p.n_outputs, 8);
    assert_int_equal(p.max_context, 8);
    expect_ints(p.tokens, tokens, 11);
    expect_ints(p.positions, positions, 11);
    expect_ints(p.row, row, 8);
    expect_ints(p.target, target, 8);
    expect_span(&p, 0, 0, 3, -1, 0);
    expect_span(&p, 1, 3, 2, 0, 3);
    expect_span(&p, 2, 5, 3, 1, 5);
    expect_span(&p, 3, 8, 1, 1, 5);
    expect_span(&p, 4, 9, 2, 0, 3);
    for (int32_t j = 0; j < 8; j++) {
        assert_int_equal(origins[j].tree, 0);
        assert_int_equal(origins[j].token, target[j]);
    }
    mem_free(origins);
    pack_free(&p);
    tree_free(&t);
}

static void flattened_paths_row_by_row(void **state)
{
    (void)state;
    struct tree t, *trees[] = {&t};
    struct pack p;
    struct pack_origin *origins;
    static const int32_t tokens[] = {0, 1, 2, 3, 4, 5, 6, 7, 0, 1,
                                     2, 3, 4, 8, 0, 1, 2, 9, 10};
    static const int32_t row[] = {2, 3, 4, 5, 6, 10, 11, 12, 16, 17};
    static const int32_t target[] = {3, 4, 5, 6, 7, 3, 4, 8, 9, 10};
    numbered_tree(&t);
    assert_ok(pack_flattened(&p, &origins, trees, 1));
    assert_int_equal(p.n_tokens, 19);
    assert_int_equal(p.n_spans, 3);
    assert_int_equal(p.n_outputs, 10);
    assert_int_equal(p.max_context, 8);
    expect_ints(p.tokens, tokens, 19);
    expect_ints(p.row, row, 10);
    expect_ints(p.target, target, 10);
    expect_span(&p, 0, 0, 8, -1, 0);
    expect_span(&p, 1, 8, 6, -1, 0);
    expect_span(&p, 2, 14, 5, -1, 0);
    for (int32_t i = 0; i < 19; i++)
        assert_int_equal(p.positions[i], i < 8 ? i : i < 14 ? i - 8 : i - 14);
    for (int32_t j = 0; j < 10; j++)
        assert_int_equal(origins[j].token, target[j]);
    mem_free(origins);
    pack_free(&p);
    tree_free(&t);
}

static void a_chain_of_single_children_is_one_path(void **state)
{
    (void)state;
    struct tree t, *trees[] = {&t};
    struct pack p, flat;
    struct pack_origin *origins, *flat_origins;
    put_root(&t, 1);
    int32_t a = put_node(&t, 0, 0, 1, 0.0F, 1);
    int32_t b = put_node(&t, a, 0, 1, 0.0F, 2);
    (void)put_node(&t, b, 0, 0, 1.0F, 1);
    assert_ok(pack_trees(&p, &origins, trees, 1, 0));
    assert_ok(pack_flattened(&flat, &flat_origins, trees, 1));
    assert_int_equal(p.n_spans, 4);
    assert_int_equal(flat.n_spans, 1);
    assert_int_equal(p.n_tokens, flat.n_tokens);
    assert_int_equal(p.n_outputs, 4);
    assert_int_equal(flat.n_outputs, 4);
    expect_ints(p.tokens, flat.tokens, 7);
    expect_ints(p.positions, flat.positions, 7);
    expect_ints(p.row, flat.row, 4);
    expect_ints(p.target, flat.target, 4);
    mem_free(origins);
    mem_free(flat_origins);
    pack_free(&flat);
    pack_free(&p);
    tree_free(&t);
}

// ---- laws

static int32_t node_of(const struct tree *t, int32_t token)
{
    int32_t n = 0;
    while (token >= t->nodes[n].token_begin + t->nodes[n].token_count)
        n++;
    return n;
}

// The row's path, walked through the spans, is the token's path in its tree.
static void expect_path(const struct pack *p, int32_t output, const struct tree *t,
                        int32_t token)
{
    int32_t row = p->row[output], span = 0, path[64];
    int32_t node = node_of(t, token), inside = token - t->nodes[node].token_begin;
    int32_t at =
        (int32_t)tree_path_length(t, node) - t->nodes[node].token_count + inside;
    assert_true(at < 64);
    tree_path_tokens(t, node, path);
    assert_int_equal(p->target[output], path[at]);
    while (row >= p->spans[span].begin + p->spans[span].count)
        span++;
    while (at-- > 0) {
        assert_int_equal(p->positions[row], at);
        assert_int_equal(p->tokens[row], path[at]);
        if (row > p->spans[span].begin) {
            row--;
            continue;
        }
        span = p->spans[span].parent;
        row = span < 0 ? -1 : p->spans[span].begin + p->spans[span].count - 1;
    }
    assert_int_equal(row, -1);
}

static void expect_pack(const struct pack *p, const struct pack_origin *origins,
                        struct tree *const *trees, size_t n, int flat)
{
    int64_t *seen[4] = {0};
    assert_true(n <= 4);
    for (size_t i = 0; i < n; i++)
        assert_ok(mem_new(&seen[i], trees[i]->n_tokens, sizeof *seen[i]));
    for (int32_t j = 0; j < p->n_outputs; j++) {
        struct pack_origin o = origins[j];
        assert_true(j == 0 || p->row[j] >= p->row[j - 1]);
        seen[o.tree][o.token]++;
        expect_path(p, j, trees[o.tree], o.token);
    }
    for (size_t i = 0; i < n; i++) {
        for (int32_t k = 0; k < (int32_t)trees[i]->n_tokens; k++) {
            int32_t node = node_of(trees[i], k);
            int64_t copies = node == 0 ? 0 : flat ? leaves_under(trees[i], node) : 1;
            assert_int_equal(seen[i][k], copies);
        }
        mem_free(seen[i]);
    }
}

static void every_token_is_predicted_from_its_path(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct tree t[3], *trees[3];
        for (uint64_t i = 0; i < 3; i++) {
            sample_tree(&t[i], &sample_shapes[(seed + i) % N_SHAPES], 3 * seed + i);
            trees[i] = &t[i];
        }
        for (int flat = 0; flat < 2; flat++) {
            struct pack p;
            struct pack_origin *origins;
            assert_ok(flat ? pack_flattened(&p, &origins, trees, 3)
                           : pack_trees(&p, &origins, trees, 3, 0));
            expect_pack(&p, origins, trees, 3, flat);
            mem_free(origins);
            pack_free(&p);
        }
        for (int i = 0; i < 3; i++)
            tree_free(&t[i]);
    }
}

static void parts_predict_every_token_once(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 30; seed++)
        for (size_t most = 1; most < 64; most += 3) {
            struct tree t;
            int64_t seen[512] = {0};
            sample_tree(&t, &sample_shapes[seed % N_SHAPES], seed);
            assert_true(t.n_tokens <= 512);
            for (int32_t at = 1; at < (int32_t)t.n_nodes;) {
                struct pack_part part = pack_next_part(&t, at, most);
                struct pack p;
                struct pack_origin *origins;
                assert_ok(pack_parts(&p, &origins, &part, 1, 0));
                assert_true(part.begin == at && part.end > at);
                assert_true((size_t)p.n_tokens <= most || part.end == at + 1);
                for (int32_t j = 0; j < p.n_outputs; j++) {
                    assert_true(j == 0 || p.row[j] >= p.row[j - 1]);
                    seen[origins[j].token]++;
                    expect_path(&p, j, &t, origins[j].token);
                }
                mem_free(origins);
                pack_free(&p);
                at = part.end;
            }
            for (int32_t k = 0; k < (int32_t)t.n_tokens; k++)
                assert_int_equal(seen[k], node_of(&t, k) > 0);
            tree_free(&t);
        }
}

static void no_trees_make_an_empty_pack(void **state)
{
    (void)state;
    struct pack p;
    struct pack_origin *origins;
    assert_ok(pack_trees(&p, &origins, NULL, 0, 0));
    assert_int_equal(p.n_tokens + p.n_spans + p.n_outputs, 0);
    mem_free(origins);
    pack_free(&p);
}

static void a_failed_allocation_leaves_the_outputs(void **state)
{
    (void)state;
    struct tree t, *trees[] = {&t, &t};
    struct pack p = {.n_tokens = 77};
    struct pack_origin *origins = NULL;
    numbered_tree(&t);
    mem_fail_nth(7);
    assert_int_equal(pack_trees(&p, &origins, trees, 2, 0), ERR_NOMEM);
    mem_fail_nth(0);
    assert_int_equal(p.n_tokens, 77);
    assert_null(origins);
    assert_int_equal(failures_of(pack_trees(&p, &origins, trees, 2, 0)), 9);
    mem_free(origins);
    pack_free(&p);
    assert_int_equal(failures_of(pack_flattened(&p, &origins, trees, 2)), 9);
    mem_free(origins);
    pack_free(&p);
    tree_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_branching_tree_row_by_row),
        cmocka_unit_test(flattened_paths_row_by_row),
        cmocka_unit_test(a_chain_of_single_children_is_one_path),
        cmocka_unit_test(every_token_is_predicted_from_its_path),
        cmocka_unit_test(parts_predict_every_token_once),
        cmocka_unit_test(no_trees_make_an_empty_pack),
        cmocka_unit_test(a_failed_allocation_leaves_the_outputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

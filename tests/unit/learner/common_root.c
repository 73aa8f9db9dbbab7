// Packs in which what all prompts begin with stands once: row by row, their laws, the
// same log-probs, the gradient of packs without, and where packs close.
#include "trainer_bench.h"

enum { HEAD = 20 };

// A tree whose prompt is `head` tokens that all have, and `own` more of its own.
static void prompted_tree(struct tree *t, const struct tree_shape *shape, uint64_t seed,
                          int32_t head, int32_t own)
{
    int32_t prompt[64];
    assert_true(head + own <= 64);
    for (int32_t i = 0; i < head + own; i++) {
        struct rng_key key = rng_child(rng_root(21, RNG_TEST), i < head ? 0 : 1 + seed);
        prompt[i] = (int32_t)rng_below(key, (uint64_t)i, SAMPLE_VOCAB - 1);
    }
    if (own > 0) // the first token of their own tells all of them apart
        prompt[head] = (int32_t)(seed % SAMPLE_VOCAB);
    *t = (struct tree){0};
    assert_ok(tree_init(t, 11 + seed, prompt, (size_t)(head + own)));
    t->nodes[0].branching = shape->branch[0];
    sample_below(t, shape, 0, rng_child(rng_root(2, RNG_TEST), seed));
}

static void a_common_root_row_by_row(void **state)
{
    struct tree t[2], *trees[] = {&t[0], &t[1]};
    struct pack p;
    struct pack_origin *origins;
    static const int32_t one[] = {4, 5, 6, 7}, two[] = {4, 5, 8};
    static const int32_t tokens[] = {4, 5, 6, 7, 1, 2, 8, 3, 9};
    static const int32_t positions[] = {0, 1, 2, 3, 4, 5, 2, 3, 3};
    static const int32_t row[] = {3, 4, 6, 6}, target[] = {1, 2, 3, 9};
    static const float zeros[2] = {0};
    static const int32_t spans[][4] = {// begin, count, parent, start
                                       {0, 2, -1, 0}, {2, 2, 0, 2}, {4, 2, 1, 4},
                                       {6, 1, 0, 2},  {7, 1, 3, 3}, {8, 1, 3, 3}};
    int32_t node = 0;
    (void)state;
    assert_ok(tree_init(&t[0], 1, one, 4));
    assert_ok(tree_init(&t[1], 2, two, 3));
    assert_ok(tree_add(&t[0], 0, 0, NODE_EOS, tokens + 4, zeros, zeros, 2, &node));
    assert_ok(tree_add(&t[1], 0, 0, NODE_EOS, tokens + 7, zeros, zeros, 1, &node));
    assert_ok(tree_add(&t[1], 0, 1, NODE_EOS, tokens + 8, zeros, zeros, 1, &node));
    assert_int_equal(pack_common(trees, 2), 2);
    assert_ok(pack_trees(&p, &origins, trees, 2, 2));
    assert_int_equal(p.n_tokens, 9);
    assert_int_equal(p.n_outputs, 4);
    assert_int_equal(p.n_spans, 6);
    assert_int_equal(p.max_context, 6);
    assert_memory_equal(p.tokens, tokens, sizeof tokens);
    assert_memory_equal(p.positions, positions, sizeof positions);
    assert_memory_equal(p.row, row, sizeof row);
    assert_memory_equal(p.target, target, sizeof target);
    for (int s = 0; s < 6; s++) {
        const struct attention_span *a = &p.spans[s];
        const int32_t got[] = {a->begin, a->count, a->parent, a->start};
        assert_memory_equal(got, spans[s], sizeof got);
    }
    for (int j = 0; j < 4; j++)
        assert_int_equal(origins[j].tree, j / 2);
    mem_free(origins);
    pack_free(&p);
    tree_free(&t[0]);
    tree_free(&t[1]);
}

// Every tree keeps one token of its prompt at least.
static void what_is_common(void **state)
{
    struct tree t[3], *trees[3];
    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        prompted_tree(&t[i], &sample_shapes[0], i, HEAD, (int32_t)i);
        trees[i] = &t[i];
    }
    assert_int_equal(pack_common(NULL, 0), 0);
    assert_int_equal(pack_common(trees, 1), 0);
    assert_int_equal(pack_common(trees, 3), HEAD - 1); // the first is the head alone
    assert_int_equal(pack_common(trees + 1, 2), HEAD);
    assert_int_equal(pack_alike(&t[1], &t[2], 7), 7);
    assert_int_equal(pack_alike(&t[2], &t[2], 99), HEAD + 1);
    t[2].tokens[0]++;
    assert_int_equal(pack_common(trees, 3), 0);
    for (int i = 0; i < 3; i++)
        tree_free(&t[i]);
}

// Fresh trees of the bench, with prompts of HEAD tokens in common.
static void bench_prompted(struct bench *b, const struct trainer_config *c,
                           uint64_t seed)
{
    bench_open(b, c, seed);
    for (uint64_t i = 0; i < BATCH; i++) {
        tree_free(&b->tree[i]);
        prompted_tree(&b->tree[i], &sample_shapes[(seed + i) % N_SHAPES], 7 * seed + i,
                      HEAD, 1 + (int32_t)((seed + i) % 3));
    }
    behave(b); // in a pack without a common root
}

static double relative_difference(const float *a, const float *b, size_t n)
{
    double difference = 0.0, norm = 0.0;
    for (size_t i = 0; i < n; i++) {
        difference += pow((double)a[i] - (double)b[i], 2);
        norm += (double)b[i] * (double)b[i];
    }
    assert_true(norm > 0.0);
    return sqrt(difference / norm);
}

// The gradient, with a reference policy or without; not one log-prob differs.
static void the_gradient_is_that_of_packs_without(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 2 * N_SHAPES; seed++) {
        struct trainer_config c = config_of("etreerpo");
        struct bench with, without;
        c.kl_coef = seed % 2 ? 0.1F : 0.0F;
        c.pack_tokens = 1000;
        bench_prompted(&without, &c, seed);
        c.common_root = 1;
        bench_prompted(&with, &c, seed);
        accumulate(&without);
        accumulate(&with);
        float *a = gradient_of(&with), *b = gradient_of(&without);
        double e = relative_difference(a, b, with.model.layout.total);
        if (!(e < 1e-5))
            fail_msg("seed %d: relative error %g", (int)seed, e);
        assert_true(with.stats.log_prob_diff_max == 0.0);
        assert_true(without.stats.log_prob_diff_max == 0.0);
        assert_true(with.stats.loss == without.stats.loss);
        if (with.stats.signal_prompts == BATCH || c.kl_coef > 0.0F)
            assert_int_equal(with.stats.unique_tokens,
                             without.stats.unique_tokens - (BATCH - 1) * HEAD);
        assert_int_equal(with.stats.path_tokens, without.stats.path_tokens);
        mem_free(a);
        mem_free(b);
        bench_close(&with);
        bench_close(&without);
    }
}

static void supervised_packs_share_it_too(void **state)
{
    struct trainer_config c = config_of("etreerpo");
    struct bench with, without;
    (void)state;
    c.pack_tokens = 1000;
    bench_prompted(&without, &c, 3);
    c.common_root = 1;
    bench_prompted(&with, &c, 3);
    assert_ok(trainer_accumulate_supervised(without.trainer, without.trees, BATCH,
                                            &without.stats));
    assert_ok(
        trainer_accumulate_supervised(with.trainer, with.trees, BATCH, &with.stats));
    float *a = gradient_of(&with), *b = gradient_of(&without);
    assert_true(relative_difference(a, b, with.model.layout.total) < 1e-5);
    assert_true(with.stats.loss == without.stats.loss);
    assert_int_equal(with.stats.unique_tokens,
                     without.stats.unique_tokens - (BATCH - 1) * HEAD);
    mem_free(a);
    mem_free(b);
    bench_close(&with);
    bench_close(&without);
}

// By the policy that sampled them all ratios are 1, to the last bit, with the common
// root too, which costs less.
static void weights_of_old_trees_do_not_change(void **state)
{
    (void)state;
    double flops[2] = {0.0, 0.0};
    for (int root = 0; root < 2; root++) {
        struct trainer_config c = config_of("etreerpo");
        struct bench b;
        c.pack_tokens = 1000;
        c.common_root = root;
        bench_prompted(&b, &c, 2);
        assert_ok(trainer_reweigh(b.trainer, b.trees, BATCH, &flops[root]));
        for (int i = 0; i < BATCH; i++)
            for (size_t n = 0; n < b.tree[i].n_nodes; n++)
                assert_true(b.tree[i].nodes[n].ratio == 1.0F);
        bench_close(&b);
    }
    assert_true(flops[1] < 0.8 * flops[0]);
}

// ---- where packs close

enum { MANY = 24 };

static size_t rows_of(struct tree *const *trees, size_t n)
{
    size_t rows = 0;
    for (size_t i = 0; i < n; i++)
        rows += trees[i]->n_tokens;
    return rows - (n - 1) * (size_t)pack_common(trees, n);
}

// What is common counts once; neither arrival nor the trees that are left out (without
// a signal) let a pack exceed its tokens.
static void packs_close_by_what_they_hold(void **state)
{
    struct tree t[MANY] = {0}, *trees[MANY];
    struct trainer_config c = config_of("etreerpo");
    size_t cuts[MANY] = {0}, packs = 0, first = 0, largest = 0;
    (void)state;
    c.pack_tokens = 150;
    c.common_root = 1;
    struct trainer trainer = {.config = c};
    for (uint64_t i = 0; i < MANY; i++) {
        prompted_tree(&t[i], &sample_shapes[i % N_SHAPES], i, HEAD, 2);
        trees[i] = &t[i];
    }
    for (size_t n = 1; n > 0 && first < MANY; first += n, packs++) {
        n = cuts[packs] = trainer_pack_size(&trainer, trees + first, MANY - first, 1);
        assert_true(rows_of(trees + first, n) <= 150 || n == 1);
        if (first + n < MANY) // the next one would have been too many
            assert_true(rows_of(trees + first, n + 1) > 150);
        largest = n > largest ? n : largest;
    }
    assert_true(largest >= 4);
    for (size_t at_a_time = 1; at_a_time <= MANY; at_a_time++) {
        size_t done = 0, pack = 0;
        for (size_t have = 0; done < MANY;) {
            have = have + at_a_time > MANY ? MANY : have + at_a_time;
            for (size_t n = 1; n > 0 && done < have; done += n) {
                n = trainer_pack_size(&trainer, trees + done, have - done,
                                      have == MANY);
                if (n > 0)
                    assert_int_equal(n, cuts[pack++]);
            }
        }
        assert_int_equal(pack, packs);
    }
    for (int i = 0; i < MANY; i++)
        tree_free(&t[i]);
}

// A few tokens in common (the head of a template) close no pack otherwise.
static void a_short_head_changes_nothing(void **state)
{
    struct tree t[MANY] = {0}, *trees[MANY];
    struct trainer_config c = config_of("etreerpo");
    (void)state;
    c.pack_tokens = 150;
    struct trainer without = {.config = c};
    c.common_root = 1;
    struct trainer with = {.config = c};
    for (uint64_t i = 0; i < MANY; i++) {
        prompted_tree(&t[i], &sample_shapes[i % N_SHAPES], i, 2, 20);
        trees[i] = &t[i];
    }
    for (size_t n = 0; n <= MANY; n++)
        assert_int_equal(trainer_pack_size(&with, trees, n, 1),
                         trainer_pack_size(&without, trees, n, 1));
    for (int i = 0; i < MANY; i++)
        tree_free(&t[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_common_root_row_by_row),
        cmocka_unit_test(what_is_common),
        cmocka_unit_test(the_gradient_is_that_of_packs_without),
        cmocka_unit_test(supervised_packs_share_it_too),
        cmocka_unit_test(weights_of_old_trees_do_not_change),
        cmocka_unit_test(packs_close_by_what_they_hold),
        cmocka_unit_test(a_short_head_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

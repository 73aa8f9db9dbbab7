// Subtrees of earlier policies: their ratios, what a fresh tree takes, and what the
// gates leave out.
#include "learner/regrow.h"

#include "trainer_bench.h"

static void move(struct model *m, float by)
{
    for (size_t i = 0; i < m->layout.total; i++)
        m->params[i] += by * (i % 3 == 0 ? 1.0F : -0.5F);
    model_repack(m);
}

// By the policy that sampled it a tree's ratios are 1, by another those of its tokens.
static void test_ratios(void **state)
{
    struct trainer_config c = config_of("etreerpo");
    struct bench b;
    double flops = 0.0;
    (void)state;
    bench_open(&b, &c, 1);
    for (int i = 0; i < BATCH; i++) {
        struct tree *t = &b.tree[i], there = {0}, *copy = &there;
        assert_ok(tree_canonical(t));
        assert_ok(trainer_reweigh(b.trainer, &t, 1, &flops));
        for (size_t n = 0; n < t->n_nodes; n++)
            assert_true(t->nodes[n].ratio == 1.0F);
        assert_ok(tree_join(&there, t, 1)); // a copy
        float *params = NULL;
        assert_ok(
            mem_dup(&params, b.model.params, b.model.layout.total, sizeof *params));
        move(&b.model, 0.02F);
        assert_ok(trainer_reweigh(b.trainer, &copy, 1, &flops));
        double moved = 0.0;
        for (size_t n = 1; n < t->n_nodes; n++) {
            const struct tree_node *node = &there.nodes[n];
            double sum = 0.0;
            for (int32_t k = node->token_begin;
                 k < node->token_begin + node->token_count; k++)
                sum += (double)there.log_probs[k] - (double)t->log_probs[k];
            assert_true(fabs(log((double)node->ratio) - sum) < 1e-5);
            moved = fmax(moved, fabs(sum));
        }
        assert_true(moved > 1e-3);
        memcpy(b.model.params, params, b.model.layout.total * sizeof *params);
        model_repack(&b.model);
        mem_free(params);
        tree_free(&there);
    }
    assert_true(flops > 0.0);
    bench_close(&b);
}

static struct reuse_config config_with(int32_t children, int32_t max_age)
{
    return (struct reuse_config){.on = 1,
                                 .children = children,
                                 .max_age = max_age,
                                 .min_ess = 0.5,
                                 .max_bytes = 1 << 30,
                                 .visits = 1};
}

// How many children the root of a tree of `version` takes.
static int32_t taken(struct bench *b, const struct reuse_config *c,
                     const struct replay *store, const struct reuse_memory *memory,
                     uint64_t version, struct reuse_stats *stats)
{
    struct tree fresh = b->tree[0], grown = {0}; // borrows its arrays
    struct tree *list[] = {&fresh};
    struct reuse_memory seen = {0};
    fresh.policy_version = version;
    assert_ok(regrow(&grown, list, 1, c, store, memory, b->trainer, &seen, stats));
    assert_ok(tree_check(&grown, b->model.config.vocab));
    int32_t more = grown.nodes[0].branching - fresh.nodes[0].branching;
    tree_free(&grown);
    return more;
}

static void test_what_is_taken(void **state)
{
    struct trainer_config tc = config_of("etreerpo");
    struct reuse_config c = config_with(100, 2);
    struct reuse_memory memory = {0};
    struct reuse_stats stats = {0};
    struct replay store = {0};
    struct bench b;
    (void)state;
    bench_open(&b, &tc, 2);
    assert_ok(tree_canonical(&b.tree[0]));
    int32_t own = b.tree[0].nodes[0].branching;
    b.tree[0].policy_version = 5;
    assert_ok(regrow_store(&store, &b.tree[0], &c));
    assert_int_equal(store.n, 1);
    assert_int_equal(taken(&b, &c, &store, &memory, 5, &stats), 0); // of its own step
    assert_int_equal(taken(&b, &c, &store, &memory, 6, &stats), own);
    assert_int_equal(stats.nodes, (int64_t)b.tree[0].n_nodes - 1);
    assert_true(fabs(stats.weights.sum - stats.weights.n) < 1e-6); // ratios 1
    assert_int_equal(taken(&b, &c, &store, &memory, 7, &stats), own);
    assert_int_equal(taken(&b, &c, &store, &memory, 8, &stats), 0); // too old
    c.children = 1;
    assert_int_equal(taken(&b, &c, &store, &memory, 6, &stats), 1);
    // An age whose weights were poor is left out, until they have faded.
    memory.ages[1] = (struct reuse_weights){.n = 20, .sum = 10, .square_sum = 50};
    assert_int_equal(taken(&b, &c, &store, &memory, 6, &stats), 0);
    assert_int_equal(taken(&b, &c, &store, &memory, 7, &stats), 1);
    const struct reuse_memory nothing = {0};
    regrow_learn(&memory, &nothing);
    regrow_learn(&memory, &nothing);
    assert_int_equal(taken(&b, &c, &store, &memory, 6, &stats), 1);
    b.tree[0].prompt_id++; // of another prompt
    assert_int_equal(taken(&b, &c, &store, &memory, 6, &stats), 0);
    replay_free(&store);
    bench_close(&b);
}

// Trees that are grown, and entries that are trained again, several at once and with a
// common root, are the ones that are so one by one: their log-probs' bits too.
static void test_together_and_alone(void **state)
{
    struct trainer_config tc = config_of("etreerpo");
    struct reuse_config c = config_with(100, 3);
    const struct reuse_memory memory = {0};
    struct replay store = {0};
    struct tree alone[BATCH] = {0}, together[BATCH] = {0};
    struct bench b;
    (void)state;
    c.again = 2;
    bench_open(&b, &tc, 4);
    for (int i = 0; i < BATCH; i++) {
        b.tree[i].prompt_id = 90 + (uint64_t)i;
        b.tree[i].policy_version = 5;
        assert_ok(tree_canonical(&b.tree[i]));
        assert_ok(regrow_store(&store, &b.tree[i], &c));
        b.tree[i].policy_version = 6;
    }
    move(&b.model, 0.02F);
    struct reuse_memory seen = {0}, seen_alone = {0};
    struct reuse_stats stats = {0}, stats_alone = {0};
    for (int i = 0; i < BATCH; i++)
        assert_ok(regrow(&alone[i], b.trees + i, 1, &c, &store, &memory, b.trainer,
                         &seen_alone, &stats_alone));
    b.trainer->config.common_root = 1;
    b.trainer->config.pack_tokens =
        (int32_t)(b.tree[0].n_tokens + b.tree[1].n_tokens + b.tree[2].n_tokens - 1);
    assert_ok(regrow(together, b.trees, BATCH, &c, &store, &memory, b.trainer, &seen,
                     &stats));
    assert_true(stats.nodes > 0 && stats.nodes == stats_alone.nodes);
    assert_memory_equal(&seen, &seen_alone, sizeof seen);
    for (int i = 0; i < BATCH; i++) {
        assert_true(together[i].n_nodes > b.tree[i].n_nodes);
        assert_true(tree_hash(HASH_START, &together[i]) ==
                    tree_hash(HASH_START, &alone[i]));
        for (size_t n = 0; n < alone[i].n_nodes; n++)
            assert_true(together[i].nodes[n].ratio == alone[i].nodes[n].ratio);
    }
    struct regrow_pack again = {0};
    size_t at = 0;
    b.trainer->config.pack_tokens = 1000;
    assert_ok(
        regrow_again(&again, &store, &at, &c, &memory, b.trainer, 6, &seen, &stats));
    assert_int_equal(again.n, BATCH);
    assert_int_equal(at, store.n);
    for (int i = 0; i < BATCH; i++) // a grown tree ends in the entry's last child
        assert_true(again.trees[i].nodes[again.trees[i].n_nodes - 1].ratio ==
                    alone[i].nodes[alone[i].n_nodes - 1].ratio);
    regrow_pack_free(&again);
    at = 0;
    b.trainer->config.pack_tokens = 1; // one a pack
    for (int i = 0; i < BATCH; i++) {
        assert_ok(regrow_again(&again, &store, &at, &c, &memory, b.trainer, 6, &seen,
                               &stats));
        assert_int_equal(again.n, 1);
        assert_int_equal(again.trees[0].prompt_id, 90 + (uint64_t)i);
        regrow_pack_free(&again);
    }
    assert_ok(
        regrow_again(&again, &store, &at, &c, &memory, b.trainer, 6, &seen, &stats));
    assert_int_equal(again.n, 0);
    regrow_pack_free(&again);
    at = 0; // too old to be trained again
    assert_ok(
        regrow_again(&again, &store, &at, &c, &memory, b.trainer, 8, &seen, &stats));
    assert_int_equal(again.n, 0);
    regrow_pack_free(&again);
    for (int i = 0; i < BATCH; i++) {
        tree_free(&alone[i]);
        tree_free(&together[i]);
    }
    replay_free(&store);
    bench_close(&b);
}

static void test_no_memory(void **state)
{
    struct trainer_config tc = config_of("etreerpo");
    struct reuse_config c = config_with(4, 2);
    const struct reuse_memory memory = {0};
    struct replay store = {0};
    struct bench b;
    (void)state;
    bench_open(&b, &tc, 3);
    assert_ok(tree_canonical(&b.tree[0]));
    assert_ok(regrow_store(&store, &b.tree[0], &c));
    struct tree fresh = b.tree[0], grown = {0}, *list[] = {&fresh};
    fresh.policy_version++;
    for (long nth = 1;; nth++) {
        struct reuse_memory seen = {0};
        struct reuse_stats stats = {0};
        mem_fail_nth(nth);
        enum status st =
            regrow(&grown, list, 1, &c, &store, &memory, b.trainer, &seen, &stats);
        mem_fail_nth(0);
        if (st == OK)
            break;
        assert_int_equal(st, ERR_NOMEM);
        assert_null(grown.nodes);
    }
    tree_free(&grown);
    replay_free(&store);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ratios),
        cmocka_unit_test(test_what_is_taken),
        cmocka_unit_test(test_together_and_alone),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

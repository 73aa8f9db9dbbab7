// What the trainer accumulates: the gradient of tree packs against that of flattened
// paths, and what it measures.
#include "trainer_bench.h"

#include "tensor/token_loss.h"

static const char *const methods[] = {"etreerpo", "treerpo", "grpo", "rloo"};

// ---- tree packs against flattened paths

static int32_t node_of(const struct tree *t, int32_t token)
{
    int32_t n = 0;
    while (token >= t->nodes[n].token_begin + t->nodes[n].token_count)
        n++;
    return n;
}

// A path's share of a token's coefficient.
static float share_of(const struct bench *b, const struct trainer_config *c,
                      struct pack_origin o, float log_prob)
{
    const struct loss_rule rule = {c->clip_low, c->clip_high, 0.0F};
    const struct tree *t = &b->tree[o.tree];
    int32_t node = node_of(t, o.token);
    const struct loss_token token = {
        .weight = t->nodes[node].weight,
        .advantage = t->nodes[node].advantage,
        .log_prob = log_prob,
        .behaviour = t->log_probs[o.token],
    };
    return loss_of_token(&rule, &token).d_log_prob / (float)leaves_under(t, node);
}

static float *flattened_gradient(const struct bench *b, const struct trainer_config *c)
{
    struct pack p;
    struct pack_origin *origins;
    struct activations *a = NULL;
    float *log_prob = NULL, *coef = NULL, *grad = NULL;
    assert_ok(pack_flattened(&p, &origins, b->trees, BATCH));
    assert_ok(mem_new(&log_prob, (size_t)p.n_outputs, sizeof *log_prob));
    assert_ok(mem_new(&coef, (size_t)p.n_outputs, sizeof *coef));
    assert_ok(mem_new(&grad, b->model.layout.total, sizeof *grad));
    assert_ok(activations_new(&a, &b->model));
    assert_ok(model_forward(&b->model, a, &p, 1.0F / temperature, log_prob, NULL));
    for (int32_t j = 0; j < p.n_outputs; j++)
        coef[j] = share_of(b, c, origins[j], log_prob[j]);
    assert_ok(model_backward(&b->model, a, &p, 1.0F / temperature, coef, grad));
    activations_free(a);
    mem_free(coef);
    mem_free(log_prob);
    mem_free(origins);
    pack_free(&p);
    return grad;
}

static double relative_error(const float *a, const float *b, size_t n)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        difference += pow((double)a[i] - (double)b[i], 2);
        norm += (double)b[i] * (double)b[i];
    }
    assert_true(norm > 0);
    return sqrt(difference / norm);
}

// `drift` != 0: the trees were sampled by another policy, so that ratios are not 1 and
// some are clipped.
static void compare_gradients(const char *method, uint64_t seed, double drift)
{
    struct trainer_config c = config_of(method);
    struct bench b;
    bench_open(&b, &c, seed);
    for (uint64_t i = 0; i < BATCH; i++)
        for (size_t k = 3; k < b.tree[i].n_tokens; k++)
            b.tree[i].log_probs[k] +=
                (float)(drift * rng_normal(rng_child(rng_root(4, RNG_TEST), i), k));
    accumulate(&b);
    float *flat = flattened_gradient(&b, &c);
    float *got = gradient_of(&b);
    double e = relative_error(got, flat, b.model.layout.total);
    mem_free(got);
    if (!(e < 1e-5))
        fail_msg("%s, seed %d: relative error %g", method, (int)seed, e);
    assert_int_equal(b.stats.clipped > 0, drift > 0);
    mem_free(flat);
    bench_close(&b);
}

static void gradients_equal_those_of_flattened_paths(void **state)
{
    (void)state;
    for (int m = 0; m < 4; m++)
        for (uint64_t seed = 0; seed < N_SHAPES; seed++)
            compare_gradients(methods[m], seed, 0.0);
}

static void off_policy_gradients_equal_those_of_flattened_paths(void **state)
{
    (void)state;
    for (int m = 0; m < 4; m++)
        for (uint64_t seed = 0; seed < 2; seed++)
            compare_gradients(methods[m], seed, 0.5);
}

// Trees one by one, each cut into parts of so few rows that most of its steps are parts
// of their own: the gradient of the whole, and not a log-prob that differs.
static void a_tree_larger_than_a_pack_is_trained_in_parts(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < N_SHAPES; seed++) {
        struct trainer_config c = config_of("etreerpo");
        struct bench b;
        c.pack_tokens = 8;
        bench_open(&b, &c, seed);
        for (int i = 0; i < BATCH; i++)
            assert_ok(trainer_accumulate(b.trainer, &b.trees[i], 1, &b.stats));
        float *flat = flattened_gradient(&b, &c), *got = gradient_of(&b);
        double e = relative_error(got, flat, b.model.layout.total);
        if (!(e < 1e-5))
            fail_msg("seed %d: relative error %g", (int)seed, e);
        assert_true(b.stats.log_prob_diff_max == 0.0);
        mem_free(flat);
        mem_free(got);
        bench_close(&b);
    }
}

// behave() has written the log-probs of the tree pack.
static void log_probs_are_those_of_flattened_paths_bit_for_bit(void **state)
{
    (void)state;
    struct trainer_config c = config_of("etreerpo");
    for (uint64_t seed = 0; seed < N_SHAPES; seed++) {
        struct bench b;
        struct pack p;
        struct pack_origin *origins;
        float *log_prob = NULL;
        bench_open(&b, &c, seed);
        assert_ok(pack_flattened(&p, &origins, b.trees, BATCH));
        assert_ok(mem_new(&log_prob, (size_t)p.n_outputs, sizeof *log_prob));
        forward(&b.model, &p, log_prob);
        for (int32_t j = 0; j < p.n_outputs; j++)
            assert_memory_equal(&log_prob[j],
                                &b.tree[origins[j].tree].log_probs[origins[j].token],
                                sizeof *log_prob);
        mem_free(log_prob);
        mem_free(origins);
        pack_free(&p);
        bench_close(&b);
    }
}

// ---- packs and measures

static void pack_boundaries_do_not_depend_on_arrival(void **state)
{
    (void)state;
    static const size_t rows[] = {40, 50, 20, 300, 60, 40, 1, 99};
    static const size_t cuts[] = {2, 1, 1, 2, 2};
    enum { TREES = sizeof rows / sizeof *rows };
    struct tree t[TREES] = {0}, *trees[TREES];
    struct trainer_config c = config_of("etreerpo");
    struct trainer trainer = {.config = c}; // no other part of it matters
    for (size_t i = 0; i < TREES; i++) {
        t[i].n_tokens = rows[i];
        trees[i] = &t[i];
    }
    for (size_t at_a_time = 1; at_a_time <= TREES; at_a_time++) {
        size_t done = 0, packs = 0;
        for (size_t have = 0; done < TREES;) {
            size_t left = TREES - have;
            have += left < at_a_time ? left : at_a_time;
            for (size_t n = 1; n > 0 && done < have; done += n) {
                n = trainer_pack_size(&trainer, trees + done, have - done,
                                      have == TREES);
                if (n > 0)
                    assert_int_equal(n, cuts[packs++]);
            }
        }
        assert_int_equal(packs, sizeof cuts / sizeof *cuts);
    }
    assert_int_equal(trainer_pack_size(&trainer, trees, 0, 1), 0);
}

static void the_log_prob_difference_is_measured(void **state)
{
    (void)state;
    struct trainer_config c = config_of("etreerpo");
    struct bench b;
    bench_open(&b, &c, 0);
    accumulate(&b);
    assert_true(b.stats.log_prob_diff_max == 0.0);
    assert_true(b.stats.clipped == 0.0);
    float *of = &b.tree[0].log_probs[5], was = *of;
    *of -= 0.125F;
    double expected = (double)was - (double)*of;
    b.stats = (struct batch_stats){0};
    accumulate(&b);
    assert_true(b.stats.log_prob_diff_max == expected);
    bench_close(&b);
}

static void rows_and_tokens_are_counted(void **state)
{
    (void)state;
    struct trainer_config c = config_of("rloo");
    struct bench b;
    int64_t unique = 0, paths = 0, generated = 0;
    double entropy = 0;
    bench_open(&b, &c, 1);
    for (int i = 0; i < BATCH; i++) {
        const struct tree *t = &b.tree[i];
        unique += (int64_t)t->n_tokens;
        generated += (int64_t)t->n_tokens - 3;
        for (size_t n = 1; n < t->n_nodes; n++)
            if (tree_is_leaf(&t->nodes[n]))
                paths += (int64_t)tree_path_length(t, (int32_t)n);
        for (size_t k = 3; k < t->n_tokens; k++)
            entropy += (double)t->entropies[k];
    }
    accumulate(&b);
    assert_int_equal(b.stats.signal_prompts, BATCH);
    assert_int_equal(b.stats.unique_tokens, unique);
    assert_int_equal(b.stats.path_tokens, paths);
    assert_int_equal(b.stats.generated_tokens, generated);
    assert_true(fabs(b.stats.entropy_sum - entropy) < 1e-9 && b.stats.flops > 0);
    bench_close(&b);
}

static void the_reference_is_the_first_policy(void **state)
{
    (void)state;
    struct trainer_config c = config_of("etreerpo");
    struct bench plain, kl;
    bench_open(&plain, &c, 1);
    c.kl_coef = 0.3F;
    bench_open(&kl, &c, 1);
    train(&plain);
    train(&kl);
    assert_true(kl.stats.kl_sum == 0.0);
    assert_true(same(&plain, &kl, 0, plain.model.layout.total));
    kl.stats = (struct batch_stats){0};
    assert_ok(trainer_begin(kl.trainer));
    accumulate(&kl);
    assert_true(kl.stats.kl_sum > 1e-6); // the policy has moved, the reference has not
    bench_close(&plain);
    bench_close(&kl);
}

static void failed_allocations_are_said(void **state)
{
    (void)state;
    struct trainer_config c = config_of("etreerpo");
    struct trainer *t = NULL;
    struct bench b;
    c.kl_coef = 0.1F;
    bench_open(&b, &c, 1);
    assert_true(failures_of(trainer_new(&t, &c, &b.model)) > 6);
    assert_true(failures_of(trainer_accumulate(t, b.trees, BATCH, &b.stats)) > 10);
    assert_true(failures_of(trainer_accumulate_supervised(t, b.trees, 1, &b.stats)) >
                5);
    trainer_free(t);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_equal_those_of_flattened_paths),
        cmocka_unit_test(off_policy_gradients_equal_those_of_flattened_paths),
        cmocka_unit_test(a_tree_larger_than_a_pack_is_trained_in_parts),
        cmocka_unit_test(log_probs_are_those_of_flattened_paths_bit_for_bit),
        cmocka_unit_test(pack_boundaries_do_not_depend_on_arrival),
        cmocka_unit_test(the_log_prob_difference_is_measured),
        cmocka_unit_test(rows_and_tokens_are_counted),
        cmocka_unit_test(the_reference_is_the_first_policy),
        cmocka_unit_test(failed_allocations_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

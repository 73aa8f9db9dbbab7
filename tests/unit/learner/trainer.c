// The gradient side of the learner: tree packs against flattened paths, the update's
// laws, and what it measures.
#include "base/par.h"
#include "learner/loss.h"
#include "learner/pack.h"
#include "learner/trainer_state.h"

#include <math.h>

#include "../model/fixture.h"
#include "../tree/tree_test.h"

enum { BATCH = 3 };
static const float temperature = 0.8F;
static const char *const methods[] = {"etreerpo", "treerpo", "grpo", "rloo"};

static struct trainer_config config_of(const char *method)
{
    struct trainer_config c = {
        .lr = 1e-2F,
        .beta1 = 0.9F,
        .beta2 = 0.999F,
        .epsilon = 1e-8F,
        .clip_low = 0.2F,
        .clip_high = 0.28F,
        .temperature = temperature,
        .pack_tokens = 100,
    };
    assert_ok(credit_by_name(&c.credit, method));
    return c;
}

// A model, some trees that it has sampled (as far as log-probs go), and a trainer.
struct bench {
    struct model model;
    struct tree tree[BATCH], *trees[BATCH];
    struct trainer *trainer;
    struct batch_stats stats;
};

static void forward(const struct model *m, const struct pack *p, float *log_prob)
{
    struct activations *a = NULL;
    assert_ok(activations_new(&a, m));
    assert_ok(model_forward(m, a, p, 1.0F / temperature, log_prob, NULL));
    activations_free(a);
}

// Writes the model's own log-probs into the trees, as a rollout does.
static void behave(struct bench *b)
{
    struct pack p;
    struct pack_origin *origins;
    float *log_prob = NULL;
    assert_ok(pack_trees(&p, &origins, b->trees, BATCH));
    assert_ok(mem_new(&log_prob, (size_t)p.n_outputs, sizeof *log_prob));
    forward(&b->model, &p, log_prob);
    for (int32_t j = 0; j < p.n_outputs; j++)
        b->tree[origins[j].tree].log_probs[origins[j].token] = log_prob[j];
    mem_free(log_prob);
    mem_free(origins);
    pack_free(&p);
}

static void bench_open(struct bench *b, const struct trainer_config *c, uint64_t seed)
{
    struct model_config shape = tiny_config(1, 1);
    *b = (struct bench){0};
    tiny_model(&b->model, &shape);
    for (uint64_t i = 0; i < BATCH; i++) {
        sample_tree(&b->tree[i], &sample_shapes[(seed + i) % N_SHAPES], 7 * seed + i);
        b->trees[i] = &b->tree[i];
    }
    behave(b);
    assert_ok(trainer_new(&b->trainer, c, &b->model));
    assert_ok(trainer_begin(b->trainer));
}

static void bench_close(struct bench *b)
{
    trainer_free(b->trainer);
    model_free(&b->model);
    for (int i = 0; i < BATCH; i++)
        tree_free(&b->tree[i]);
}

static void accumulate(struct bench *b)
{
    assert_ok(trainer_accumulate(b->trainer, b->trees, BATCH, &b->stats));
}

static void train(struct bench *b)
{
    accumulate(b);
    assert_ok(trainer_update(b->trainer, &b->stats));
}

static void silence(struct bench *b)
{
    for (int i = 0; i < BATCH; i++)
        for (size_t n = 0; n < b->tree[i].n_nodes; n++)
            b->tree[i].nodes[n].reward = 0.0F;
}

// ---- tree packs against flattened paths
// ------------------------------------------------

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
    double e = relative_error(b.trainer->grad, flat, b.model.layout.total);
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

// ---- the update
// ------------------------------------------------------------------------

static void any_number_of_threads_gives_the_same_parameters(void **state)
{
    (void)state;
    struct trainer_config c = config_of("etreerpo");
    struct bench one, two;
    assert_ok(par_start(1, 0));
    bench_open(&one, &c, 1);
    train(&one);
    par_stop();
    assert_ok(par_start(2, 0));
    bench_open(&two, &c, 1);
    train(&two);
    par_stop();
    assert_memory_equal(one.model.params, two.model.params,
                        one.model.layout.total * sizeof *one.model.params);
    bench_close(&one);
    bench_close(&two);
}

static int same(const struct bench *a, const struct bench *b, size_t at, size_t n)
{
    return memcmp(a->model.params + at, b->model.params + at,
                  n * sizeof *a->model.params) == 0;
}

static void weight_decay_leaves_norms_and_biases(void **state)
{
    (void)state;
    struct trainer_config c = config_of("etreerpo");
    struct bench plain, decayed;
    bench_open(&plain, &c, 1);
    c.weight_decay = 0.5F;
    bench_open(&decayed, &c, 1);
    train(&plain);
    train(&decayed);
    const struct model_config *m = &plain.model.config;
    size_t dim = (size_t)m->dim,
           qkv = (size_t)((m->heads + 2 * m->kv_heads) * m->head_dim);
    assert_true(same(&plain, &decayed, plain.model.layout.final_norm, dim));
    assert_false(same(&plain, &decayed, plain.model.layout.embedding, dim));
    for (int32_t l = 0; l < m->layers; l++) {
        const struct layer_offsets *o = &plain.model.layout.layers[l];
        assert_true(same(&plain, &decayed, o->attn_norm, dim));
        assert_true(same(&plain, &decayed, o->ffn_norm, dim));
        assert_true(same(&plain, &decayed, o->qkv_bias, qkv));
        const size_t matrices[] = {o->qkv, o->out, o->gate_up, o->down};
        for (int k = 0; k < 4; k++)
            assert_false(same(&plain, &decayed, matrices[k], dim));
    }
    bench_close(&plain);
    bench_close(&decayed);
}

static void a_batch_without_signal_is_but_a_version(void **state)
{
    (void)state;
    struct trainer_config c = config_of("etreerpo");
    struct bench quiet, untouched;
    c.weight_decay = 0.5F;
    bench_open(&quiet, &c, 1);
    bench_open(&untouched, &c, 1);
    silence(&quiet);
    train(&quiet);
    assert_true(same(&quiet, &untouched, 0, quiet.model.layout.total));
    assert_int_equal(quiet.model.version, untouched.model.version + 1);
    assert_int_equal(trainer_state(quiet.trainer)->updates, 0);
    assert_int_equal(quiet.stats.prompts, BATCH);
    assert_int_equal(quiet.stats.signal_prompts, 0);
    assert_int_equal(quiet.stats.unique_tokens, 0);
    assert_true(quiet.stats.generated_tokens > 0 && quiet.stats.flops == 0.0);
    bench_close(&quiet);
    bench_close(&untouched);
}

static void warm_up_scales_the_first_step(void **state)
{
    (void)state;
    struct trainer_config c = config_of("etreerpo");
    struct bench before, full, tenth;
    bench_open(&before, &c, 1);
    bench_open(&full, &c, 1);
    c.warmup_steps = 10;
    bench_open(&tenth, &c, 1);
    train(&full);
    train(&tenth);
    size_t at = before.model.layout.final_norm;
    double old = (double)before.model.params[at];
    double step = (double)full.model.params[at] - old;
    assert_true(fabs(step) > 1e-3);
    assert_true(fabs((double)tenth.model.params[at] - old - step / 10) < 1e-6);
    bench_close(&before);
    bench_close(&full);
    bench_close(&tenth);
}

static void the_gradient_norm_is_of_the_normalised_gradient(void **state)
{
    (void)state;
    struct trainer_config c = config_of("rloo");
    for (int norm = LOSS_NORM_TOKEN; norm <= LOSS_NORM_PROMPT; norm++) {
        struct bench b;
        c.norm = (enum loss_norm)norm;
        bench_open(&b, &c, 1);
        accumulate(&b);
        double raw = sqrt(squared_norm(b.trainer->grad, b.model.layout.total));
        double by = norm == LOSS_NORM_TOKEN ? b.stats.credit.weight_tokens
                                            : (double)b.stats.signal_prompts;
        assert_ok(trainer_update(b.trainer, &b.stats));
        assert_true(fabs(b.stats.grad_norm - raw / by) < 1e-9 * raw);
        bench_close(&b);
    }
}

static void supervised_loss_goes_down(void **state)
{
    (void)state;
    struct trainer_config c = config_of("etreerpo");
    struct bench b;
    double first = 0, last = 0;
    bench_open(&b, &c, 0);
    for (int i = 0; i < 25; i++) {
        struct batch_stats s = {0};
        assert_ok(trainer_begin(b.trainer));
        assert_ok(trainer_accumulate_supervised(b.trainer, b.trees, BATCH, &s));
        assert_ok(trainer_update(b.trainer, &s));
        last = s.loss;
        if (i == 0)
            first = s.loss;
    }
    assert_true(first > 2.5); // log(37) = 3.6
    assert_true(last < 0.7 * first);
    assert_int_equal(b.model.version, 25);
    bench_close(&b);
}

static void a_gradient_that_is_not_finite_is_refused(void **state)
{
    (void)state;
    struct trainer_config c = config_of("etreerpo");
    struct bench b, untouched;
    bench_open(&b, &c, 0);
    bench_open(&untouched, &c, 0);
    for (int i = 0; i < BATCH; i++)
        for (size_t k = 3; k < b.tree[i].n_tokens; k++)
            b.tree[i].log_probs[k] = -2000.0F; // a finite log-prob, an infinite ratio
    accumulate(&b);
    assert_int_equal(trainer_update(b.trainer, &b.stats), ERR_INTERNAL);
    assert_non_null(strstr(status_message(), "not finite at update 1"));
    assert_true(same(&b, &untouched, 0, b.model.layout.total));
    assert_int_equal(b.model.version, untouched.model.version);
    assert_int_equal(trainer_state(b.trainer)->updates, 0);
    bench_close(&b);
    bench_close(&untouched);
}

// ---- packs and measures
// ----------------------------------------------------------------

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
        cmocka_unit_test(log_probs_are_those_of_flattened_paths_bit_for_bit),
        cmocka_unit_test(any_number_of_threads_gives_the_same_parameters),
        cmocka_unit_test(weight_decay_leaves_norms_and_biases),
        cmocka_unit_test(a_batch_without_signal_is_but_a_version),
        cmocka_unit_test(warm_up_scales_the_first_step),
        cmocka_unit_test(the_gradient_norm_is_of_the_normalised_gradient),
        cmocka_unit_test(supervised_loss_goes_down),
        cmocka_unit_test(a_gradient_that_is_not_finite_is_refused),
        cmocka_unit_test(pack_boundaries_do_not_depend_on_arrival),
        cmocka_unit_test(the_log_prob_difference_is_measured),
        cmocka_unit_test(rows_and_tokens_are_counted),
        cmocka_unit_test(the_reference_is_the_first_policy),
        cmocka_unit_test(failed_allocations_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

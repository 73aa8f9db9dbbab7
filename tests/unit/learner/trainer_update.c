// The step from a batch's gradient to parameters.
#include "trainer_bench.h"

// ---- the update

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
        float *grad = gradient_of(&b);
        double raw = sqrt(squared_norm(grad, b.model.layout.total));
        mem_free(grad);
        double by = norm == LOSS_NORM_TOKEN ? b.stats.credit.weight_tokens
                                            : (double)b.stats.signal_prompts;
        assert_ok(trainer_update(b.trainer, &b.stats, NULL));
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
        assert_ok(trainer_update(b.trainer, &s, NULL));
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
    assert_int_equal(trainer_update(b.trainer, &b.stats, NULL), ERR_INTERNAL);
    assert_non_null(strstr(status_message(), "not finite at update 1"));
    assert_true(same(&b, &untouched, 0, b.model.layout.total));
    assert_int_equal(b.model.version, untouched.model.version);
    assert_int_equal(trainer_state(b.trainer)->updates, 0);
    bench_close(&b);
    bench_close(&untouched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads_gives_the_same_parameters),
        cmocka_unit_test(weight_decay_leaves_norms_and_biases),
        cmocka_unit_test(a_batch_without_signal_is_but_a_version),
        cmocka_unit_test(warm_up_scales_the_first_step),
        cmocka_unit_test(the_gradient_norm_is_of_the_normalised_gradient),
        cmocka_unit_test(supervised_loss_goes_down),
        cmocka_unit_test(a_gradient_that_is_not_finite_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// A whole model on a GPU against the CPU: log-probs, gradients, the optimizer.
#include "model_pair.h"

static double apart(const float *a, const float *b, size_t n)
{
    double difference = 0, norm = 1e-30;
    for (size_t i = 0; i < n; i++) {
        difference += pow((double)a[i] - (double)b[i], 2);
        norm += (double)b[i] * (double)b[i];
    }
    return sqrt(difference / norm);
}

static struct pack_loss some_loss(float arrays[4][PACK_TOKENS], int n)
{
    struct rng_key key = rng_root(12, RNG_TEST);
    for (int j = 0; j < n; j++) {
        uint64_t at = (uint64_t)j * 4;
        arrays[0][j] = (float)(0.5 + rng_uniform(key, at));
        arrays[1][j] = (float)rng_normal(key, at + 1);
        arrays[2][j] = -3.5f + (float)(0.3 * rng_normal(key, at + 2));
        arrays[3][j] = -3.5f + (float)(0.3 * rng_normal(key, at + 3));
    }
    return (struct pack_loss){.rule = {0.2f, 0.3f, 0.05f},
                              .weight = arrays[0],
                              .advantage = arrays[1],
                              .behaviour = arrays[2],
                              .reference = arrays[3]};
}

static float *gradient_of(struct training *t, size_t n)
{
    float *grad = NULL;
    assert_ok(mem_new(&grad, n, sizeof *grad));
    assert_ok(training_gradient(t, grad));
    return grad;
}

// One pack through both: log-probs, entropies, the gradient, its norm and an update.
static void train_both(struct pair *p, enum device_type type)
{
    static float lp[2][PACK_TOKENS], entropy[2][PACK_TOKENS], terms[4][PACK_TOKENS];
    struct training *t[2] = {NULL, NULL};
    struct model *models[2] = {&p->here, &p->there};
    struct token_tree tree;
    double norm[2], most = 0, limit = type == DEVICE_F32 ? 2e-5 : 3e-2;
    size_t n = p->here.layout.total;
    random_tree(&tree, 3, p->here.config.vocab);
    struct test_pack *pack = pack_tree(&tree);
    int P = pack->pack.n_outputs;
    const struct pack_loss loss = some_loss(terms, P);
    const struct adamw adamw = {0.01f, 0.9f, 0.98f, 1e-8f, 0.1f, 0.5f, 1};
    float *grad[2];
    for (int i = 0; i < 2; i++) {
        assert_ok(training_new(&t[i], models[i], 1));
        assert_ok(training_log_probs(t[i], POLICY_REFERENCE, &pack->pack, 1.25f, lp[i],
                                     entropy[i]));
        assert_ok(training_clear(t[i]));
        for (int packs = 0; packs < 2; packs++) // accumulates
            assert_ok(training_add(t[i], &pack->pack, &loss, 1.25f, lp[i]));
        grad[i] = gradient_of(t[i], n);
        assert_ok(training_norm(t[i], &norm[i]));
        assert_ok(training_update(t[i], &adamw, NULL));
    }
    for (int j = 0; j < P; j++) {
        most = fmax(most, fabs((double)lp[0][j] - (double)lp[1][j]));
        most = fmax(most, fabs((double)entropy[0][j] - (double)entropy[1][j]));
    }
    double off = apart(grad[1], grad[0], n);
    print_message("log-probs %.1e, gradient %.1e apart\n", most, off);
    assert_true(most < 3 * limit);
    assert_true(off < 2 * limit);
    assert_true(fabs(sqrt(norm[1] / norm[0]) - 1) < limit);
    assert_ok(model_fetch(models[1]));
    // Where a first AdamW step is the sign of a gradient near 0, it may differ.
    assert_true(apart(models[1]->params, models[0]->params, n) < limit);
    for (int i = 0; i < 2; i++) {
        training_free(t[i]);
        mem_free(grad[i]);
    }
    free(pack);
}

static void training_agrees(void **state)
{
    (void)state;
    const struct {
        enum family family;
        int32_t head_dim;
        enum device_type type;
        int deterministic;
    } cases[] = {
        {FAMILY_LLAMA, 8, DEVICE_F32, 0},    {FAMILY_QWEN2, 8, DEVICE_F32, 0},
        {FAMILY_QWEN3, 16, DEVICE_F32, 1},   {FAMILY_BIASED, 24, DEVICE_F32, 0},
        {FAMILY_BIASED, 64, DEVICE_BF16, 0}, {FAMILY_QWEN3, 64, DEVICE_BF16, 0},
        {FAMILY_QWEN2, 16, DEVICE_BF16, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model_config c = small_config(cases[i].family, cases[i].head_dim);
        struct device_setup s = setup_of(&c, cases[i].type, cases[i].deterministic);
        struct pair p;
        pair_open(&p, &s);
        train_both(&p, cases[i].type);
        pair_close(&p);
    }
}

// What is kept and where the optimizer's state lies changes no bit.
static void placements_agree(void **state)
{
    (void)state;
    struct model_config c = small_config(FAMILY_QWEN3, 64);
    static float lp[PACK_TOKENS], terms[4][PACK_TOKENS];
    struct token_tree tree;
    float *first = NULL;
    size_t n = 0;
    random_tree(&tree, 4, c.vocab);
    struct test_pack *pack = pack_tree(&tree);
    const struct pack_loss loss = some_loss(terms, pack->pack.n_outputs);
    for (int i = 0; i < 4; i++) {
        struct device_setup s = setup_of(&c, DEVICE_BF16, 0);
        struct training *t = NULL;
        struct pair p;
        s.limits.recompute = (enum device_recompute)(i % 3);
        s.limits.host_optimizer = i > 1;
        pair_open(&p, &s);
        n = p.there.layout.total;
        assert_ok(training_new(&t, &p.there, 0));
        for (int step = 1; step <= 2; step++) {
            const struct adamw a = {0.01f, 0.9f, 0.98f, 1e-8f, 0.1f, 0.5f, step};
            assert_ok(training_clear(t));
            assert_ok(training_add(t, &pack->pack, &loss, 1, lp));
            assert_ok(training_update(t, &a, NULL));
        }
        assert_ok(model_fetch(&p.there));
        assert_int_not_equal(memcmp(p.here.params, p.there.params, n * sizeof *first),
                             0);
        if (!first)
            assert_ok(mem_dup(&first, p.there.params, n, sizeof *first));
        assert_memory_equal(first, p.there.params, n * sizeof *first);
        training_free(t);
        pair_close(&p);
    }
    mem_free(first);
    free(pack);
}

// Moments and weights written back continue as if nothing had happened.
static void state_is_restored(void **state)
{
    (void)state;
    struct model_config c = small_config(FAMILY_LLAMA, 8);
    struct device_setup s = setup_of(&c, DEVICE_F32, 0);
    struct training *t = NULL, *other = NULL;
    static float lp[PACK_TOKENS], terms[4][PACK_TOKENS];
    struct token_tree tree;
    struct pair p, q;
    random_tree(&tree, 5, c.vocab);
    struct test_pack *pack = pack_tree(&tree);
    const struct pack_loss loss = some_loss(terms, pack->pack.n_outputs);
    struct adamw a = {0.01f, 0.9f, 0.98f, 1e-8f, 0.1f, 0.5f, 1};
    pair_open(&p, &s);
    pair_open(&q, &s);
    size_t bytes = p.there.layout.total * sizeof(float);
    assert_ok(training_new(&t, &p.there, 0));
    assert_ok(training_new(&other, &q.there, 0));
    assert_ok(training_clear(t));
    assert_ok(training_add(t, &pack->pack, &loss, 1, lp));
    assert_ok(training_update(t, &a, NULL));
    assert_ok(training_fetch(t));
    assert_ok(model_fetch(&p.there));
    memcpy(q.there.params, p.there.params, bytes);
    memcpy(training_moments(other).m, training_moments(t).m, bytes);
    memcpy(training_moments(other).v, training_moments(t).v, bytes);
    assert_ok(model_repack(&q.there));
    assert_ok(training_restore(other));
    a.step = 2;
    struct training *both[] = {t, other};
    for (int i = 0; i < 2; i++) {
        assert_ok(training_clear(both[i]));
        assert_ok(training_add(both[i], &pack->pack, &loss, 1, lp));
        assert_ok(training_update(both[i], &a, NULL));
    }
    assert_ok(model_fetch(&p.there));
    assert_ok(model_fetch(&q.there));
    assert_memory_equal(p.there.params, q.there.params, bytes);
    training_free(t);
    training_free(other);
    pair_close(&p);
    pair_close(&q);
    free(pack);
}

static void refuses(void **state)
{
    (void)state;
    struct model_config c = small_config(FAMILY_LLAMA, 8);
    struct device_setup s = setup_of(&c, DEVICE_BF16, 0);
    struct device *d = NULL;
    const struct device_ops *ops = etreerpo_device();
    s.config.dim = 20;
    assert_int_equal(ops->open(&d, &s), ERR_INPUT);
    assert_non_null(strstr(status_message(), "multiples of 8"));
    s = setup_of(&c, DEVICE_BF16, 0);
    s.limits.kv_pages = 1 << 30;
    assert_int_equal(ops->open(&d, &s), ERR_NOMEM);
    assert_non_null(strstr(status_message(), "rollout.kv_mb"));
    s = setup_of(&c, DEVICE_F32, 0);
    s.limits.train_tokens = 8;
    struct pair p;
    struct token_tree tree;
    float lp[PACK_TOKENS];
    struct training *t = NULL;
    pair_open(&p, &s);
    random_tree(&tree, 3, c.vocab);
    struct test_pack *pack = pack_tree(&tree);
    assert_ok(training_new(&t, &p.there, 0));
    assert_int_equal(training_log_probs(t, POLICY_TRAINED, &pack->pack, 1, lp, NULL),
                     ERR_LIMIT);
    assert_non_null(strstr(status_message(), "train.pack_tokens"));
    training_free(t);
    free(pack);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_agrees),
        cmocka_unit_test(placements_agree),
        cmocka_unit_test(state_is_restored),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

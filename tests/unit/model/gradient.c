// Forward values and gradients against a double-precision reference, and the gradient
// of a packed tree against that of its paths.
#include "reference.h"

#include "base/mem.h"
#include "base/par.h"

enum { COPIES = 8 };
static const float inv_temperature = 1.25F;

// A coefficient of one predicted token of the tree.
static double coefficient(int node, int index)
{
    return rng_normal(rng_root(11, RNG_TEST), (uint64_t)(node * TREE_LONGEST + index));
}

// Runs both passes over a pack and frees it.  A path's share of a shared token's
// coefficient is 1 / (paths that hold it).
static float *gradient_of(const struct model *m, const struct token_tree *t,
                          struct test_pack *p)
{
    struct activations *a = NULL;
    float *grad = NULL, *coef = NULL, *log_prob = NULL;
    size_t n = (size_t)p->pack.n_outputs;
    assert_ok(mem_new(&grad, model_param_count(m), sizeof *grad));
    assert_ok(mem_new(&coef, n, sizeof *coef));
    assert_ok(mem_new(&log_prob, n, sizeof *log_prob));
    for (size_t j = 0; j < n; j++) {
        struct predicted at = p->predicted[j];
        double share = at.leaf < 0 ? 1 : 1.0 / leaves_below(t, at.node);
        coef[j] = (float)(share * coefficient(at.node, at.index));
    }
    assert_ok(activations_new(&a, m));
    assert_ok(model_forward(m, a, &p->pack, inv_temperature, log_prob, NULL));
    assert_ok(model_backward(m, a, &p->pack, inv_temperature, coef, grad));
    activations_free(a);
    mem_free(coef);
    mem_free(log_prob);
    free(p);
    return grad;
}

static double norm_of_difference(const float *a, const float *b, size_t n, double *norm)
{
    double d = 0, s = 0;
    for (size_t i = 0; i < n; i++) {
        d += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        s += (double)a[i] * (double)a[i];
    }
    *norm = sqrt(s);
    return sqrt(d);
}

static void tree_gradient_is_the_sum_over_paths(void **state)
{
    (void)state;
    struct model_config c = tiny_config(1, 1);
    struct model m;
    tiny_model(&m, &c);
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct token_tree t;
        double norm = 0;
        random_tree(&t, seed, c.vocab);
        float *tree = gradient_of(&m, &t, pack_tree(&t));
        float *paths = gradient_of(&m, &t, pack_paths(&t));
        double off = norm_of_difference(tree, paths, model_param_count(&m), &norm);
        print_message("tree %d: relative difference %.2e\n", (int)seed, off / norm);
        assert_true(norm > 1 && off < 1e-6 * norm);
        mem_free(tree);
        mem_free(paths);
    }
    model_free(&m);
}

// So many outputs that their logits are made in several chunks.
static void copies_add_up(void **state)
{
    (void)state;
    struct model_config c = tiny_config(0, 0);
    struct model m;
    struct token_tree t;
    double norm = 0;
    tiny_model(&m, &c);
    random_tree(&t, 0, c.vocab);
    struct test_pack *many = pack_copies(&t, COPIES);
    assert_true(many->pack.n_outputs > 1024);
    float *sum = gradient_of(&m, &t, many);
    float *one = gradient_of(&m, &t, pack_tree(&t));
    for (size_t i = 0; i < model_param_count(&m); i++)
        one[i] *= COPIES;
    double off = norm_of_difference(one, sum, model_param_count(&m), &norm);
    assert_true(off < 1e-6 * norm);
    mem_free(sum);
    mem_free(one);
    model_free(&m);
}

static void backward_is_the_same_on_threads(void **state)
{
    (void)state;
    for (int family = 0; family < FAMILIES; family++) {
        struct model_config c = family_config((enum family)family, 0);
        struct model m;
        struct token_tree t;
        tiny_model(&m, &c);
        random_tree(&t, 3, c.vocab);
        float *one = gradient_of(&m, &t, pack_tree(&t));
        assert_ok(par_start(3, 0));
        float *three = gradient_of(&m, &t, pack_tree(&t));
        par_stop();
        assert_memory_equal(one, three, model_param_count(&m) * sizeof *one);
        mem_free(one);
        mem_free(three);
        model_free(&m);
    }
}

static void log_probs_match(const struct model_config *c)
{
    struct model m;
    struct token_tree t;
    static struct reference_tree want;
    double *w = NULL, worst = 0;
    struct activations *a = NULL;
    tiny_model(&m, c);
    random_tree(&t, 1, c->vocab);
    struct test_pack *p = pack_tree(&t);
    float *log_prob = NULL, *entropy = NULL;
    size_t n = (size_t)p->pack.n_outputs;
    assert_ok(mem_new(&log_prob, n, sizeof *log_prob));
    assert_ok(mem_new(&entropy, n, sizeof *entropy));
    assert_ok(mem_new(&w, model_param_count(&m), sizeof *w));
    for (size_t i = 0; i < model_param_count(&m); i++)
        w[i] = (double)m.params[i];
    reference_tree_run(&want, &m, w, (double)inv_temperature, &t);
    assert_ok(activations_new(&a, &m));
    assert_ok(model_forward(&m, a, &p->pack, inv_temperature, log_prob, entropy));
    for (size_t j = 0; j < n; j++) {
        struct predicted at = p->predicted[j];
        double off = fabs(want.log_prob[at.node][at.index] - (double)log_prob[j]);
        double off_entropy = fabs(want.entropy[at.node][at.index] - (double)entropy[j]);
        worst = fmax(worst, fmax(off, off_entropy));
    }
    print_message("largest absolute difference %.2e\n", worst);
    assert_true(worst < 1e-5);
    activations_free(a);
    mem_free(log_prob);
    mem_free(entropy);
    mem_free(w);
    free(p);
    model_free(&m);
}

static void log_probs_match_the_reference(void **state)
{
    (void)state;
    for (int family = 0; family < FAMILIES; family++) {
        struct model_config c = family_config((enum family)family, 0);
        log_probs_match(&c);
    }
}

// ---- gradients by differences in double ---------------------------------------------
struct slice {
    const char *name;
    size_t begin, count;
};

static double objective(const struct model *m, const double *w,
                        const struct token_tree *t)
{
    static struct reference_tree r;
    double sum = 0;
    reference_tree_run(&r, m, w, (double)inv_temperature, t);
    for (int i = 0; i < t->n_nodes; i++)
        for (int k = t->parent[i] < 0; k < t->count[i]; k++)
            sum += coefficient(i, k) * r.log_prob[i][k];
    return sum;
}

// The derivative along the engine's own gradient of one tensor must be that gradient's
// norm: a wrong entry anywhere in the tensor shows.  The direction is blurred, so that
// an error at a right angle to the gradient shows too.
static void check_slice(const struct model *m, double *w, const struct token_tree *t,
                        const float *grad, const struct slice *s)
{
    struct rng_key key = rng_root(12, RNG_TEST);
    double *direction = NULL, norm = 0, claimed = 0, length = 0;
    assert_ok(mem_new(&direction, s->count, sizeof *direction));
    for (size_t i = 0; i < s->count; i++)
        norm += (double)grad[s->begin + i] * (double)grad[s->begin + i];
    norm = sqrt(norm);
    for (size_t i = 0; i < s->count; i++) {
        double noise = rng_normal(key, s->begin + i) / sqrt((double)s->count);
        direction[i] = (double)grad[s->begin + i] / norm + noise;
        length += direction[i] * direction[i];
        claimed += direction[i] * (double)grad[s->begin + i];
    }
    double step = 1e-5 / sqrt(length), sides[2];
    for (int side = 0; side < 2; side++) {
        double h = side ? step : -step;
        for (size_t i = 0; i < s->count; i++)
            w[s->begin + i] = (double)m->params[s->begin + i] + h * direction[i];
        sides[side] = objective(m, w, t);
    }
    for (size_t i = 0; i < s->count; i++)
        w[s->begin + i] = (double)m->params[s->begin + i];
    double measured = (sides[1] - sides[0]) / (2 * step);
    print_message("%-16s |g| %9.3f  difference %.1e\n", s->name, norm,
                  fabs(measured - claimed) / norm);
    assert_true(norm > 1e-3 && fabs(measured - claimed) < 1e-5 * norm);
    mem_free(direction);
}

static void gradients_match_differences(const struct model_config *c)
{
    struct model m;
    struct token_tree t;
    double *w = NULL;
    tiny_model(&m, c);
    random_tree(&t, 2, c->vocab);
    float *grad = gradient_of(&m, &t, pack_tree(&t));
    size_t total = model_param_count(&m), dim = (size_t)c->dim, ffn = (size_t)c->ffn;
    size_t hd = (size_t)c->head_dim, q = (size_t)c->heads * hd,
           kv = (size_t)c->kv_heads * hd;
    assert_ok(mem_new(&w, total, sizeof *w));
    for (size_t i = 0; i < total; i++)
        w[i] = (double)m.params[i];
    for (int l = 0; l < c->layers; l++) {
        const struct layer_offsets *o = &m.layout.layers[l];
        const struct slice slices[] = {
            {"attention norm", o->attn_norm, dim},
            {"q", o->qkv, q * dim},
            {"k", o->qkv + q * dim, kv * dim},
            {"v", o->qkv + (q + kv) * dim, kv * dim},
            {"attention out", o->out, dim * q},
            {"ffn norm", o->ffn_norm, dim},
            {"gate", o->gate_up, ffn * dim},
            {"up", o->gate_up + ffn * dim, ffn * dim},
            {"down", o->down, dim * ffn},
            // The key bias has no gradient but by rotation: it is in the whole below.
            {"q bias", o->qkv_bias, c->qkv_bias ? q : 0},
            {"v bias", o->qkv_bias + q + kv, c->qkv_bias ? kv : 0},
            {"out bias", o->out_bias, c->out_bias ? dim : 0},
            {"q norm", o->q_norm, c->qk_norm ? hd : 0},
            {"k norm", o->k_norm, c->qk_norm ? hd : 0},
            {"gate, up bias", o->gate_up_bias, c->mlp_bias ? 2 * ffn : 0},
            {"down bias", o->down_bias, c->mlp_bias ? dim : 0},
        };
        for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++)
            if (slices[i].count > 0)
                check_slice(&m, w, &t, grad, &slices[i]);
    }
    const struct slice rest[] = {
        {"embedding", m.layout.embedding, (size_t)c->vocab * dim},
        {"final norm", m.layout.final_norm, dim},
        {"head", m.layout.head, (size_t)c->vocab * dim},
        {"all", 0, total},
    };
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        check_slice(&m, w, &t, grad, &rest[i]);
    mem_free(w);
    mem_free(grad);
    model_free(&m);
}

static void llama_gradients_match_differences(void **state)
{
    (void)state;
    struct model_config c = tiny_config(0, 0);
    gradients_match_differences(&c);
}

static void qwen2_gradients_match_differences(void **state)
{
    (void)state;
    struct model_config c = tiny_config(1, 1);
    gradients_match_differences(&c);
}

static void qwen3_gradients_match_differences(void **state)
{
    (void)state;
    struct model_config c = family_config(FAMILY_QWEN3, 1);
    gradients_match_differences(&c);
}

static void biased_gradients_match_differences(void **state)
{
    (void)state;
    struct model_config c = family_config(FAMILY_BIASED, 0);
    gradients_match_differences(&c);
}

// What the pass before left in the reused arena must not show.
static void activations_are_reused(void **state)
{
    (void)state;
    struct model_config c = family_config(FAMILY_QWEN3, 1);
    struct model m;
    struct token_tree small, large;
    struct activations *a = NULL;
    float *grad = NULL, *coef = NULL, *log_prob = NULL;
    tiny_model(&m, &c);
    random_tree(&small, 5, c.vocab);
    random_tree(&large, 6, c.vocab);
    struct test_pack *p[3] = {pack_tree(&small), pack_paths(&large), pack_tree(&small)};
    assert_ok(activations_new(&a, &m));
    assert_ok(mem_new(&coef, PACK_TOKENS, sizeof *coef));
    assert_ok(mem_new(&log_prob, PACK_TOKENS, sizeof *log_prob));
    float *want = gradient_of(&m, &small, pack_tree(&small));
    for (int i = 0; i < 3; i++) {
        assert_ok(mem_new(&grad, model_param_count(&m), sizeof *grad));
        for (int j = 0; j < p[i]->pack.n_outputs; j++)
            coef[j] =
                (float)coefficient(p[i]->predicted[j].node, p[i]->predicted[j].index);
        assert_ok(model_forward(&m, a, &p[i]->pack, inv_temperature, log_prob, NULL));
        assert_ok(model_backward(&m, a, &p[i]->pack, inv_temperature, coef, grad));
        if (i != 1)
            assert_memory_equal(want, grad, model_param_count(&m) * sizeof *grad);
        mem_free(grad);
    }
    // A backward pass without its forward pass is refused.
    assert_int_equal(model_backward(&m, a, &p[1]->pack, inv_temperature, coef, want),
                     ERR_INTERNAL);
    for (int i = 0; i < 3; i++)
        free(p[i]);
    activations_free(a);
    mem_free(want);
    mem_free(coef);
    mem_free(log_prob);
    model_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_probs_match_the_reference),
        cmocka_unit_test(llama_gradients_match_differences),
        cmocka_unit_test(qwen2_gradients_match_differences),
        cmocka_unit_test(qwen3_gradients_match_differences),
        cmocka_unit_test(biased_gradients_match_differences),
        cmocka_unit_test(tree_gradient_is_the_sum_over_paths),
        cmocka_unit_test(copies_add_up),
        cmocka_unit_test(backward_is_the_same_on_threads),
        cmocka_unit_test(activations_are_reused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

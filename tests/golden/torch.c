// Log-probs, entropies, logits and gradients of tiny checkpoints against PyTorch's
// (make_torch_golden.py makes the data).
#include "base/mem.h"
#include "model/decode.h"
#include "model/tensors.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "../unit/model/fixture.h"

struct golden {
    json_t *root, *nodes;
    struct token_tree tree;
    struct model m, gradient;
    double inv_temperature;
};

static void load_tree(struct golden *g)
{
    struct token_tree *t = &g->tree;
    t->n_nodes = (int)json_array_size(g->nodes);
    assert_in_range(t->n_nodes, 1, TREE_NODES);
    for (int i = 0; i < t->n_nodes; i++) {
        json_t *node = json_array_get(g->nodes, (size_t)i);
        json_t *tokens = json_object_get(node, "tokens");
        int up = (int)json_integer_value(json_object_get(node, "parent"));
        t->parent[i] = up;
        t->start[i] = up < 0 ? 0 : t->start[up] + t->count[up];
        t->count[i] = (int)json_array_size(tokens);
        assert_in_range(t->count[i], 1, TREE_LONGEST);
        for (int k = 0; k < t->count[i]; k++)
            t->tokens[i][k] =
                (int32_t)json_integer_value(json_array_get(tokens, (size_t)k));
    }
}

static void load(struct golden *g, const char *name)
{
    char path[512];
    json_error_t error;
    *g = (struct golden){0};
    (void)snprintf(path, sizeof path, "%s/model/%s.json", TEST_DATA, name);
    g->root = json_load_file(path, 0, &error);
    assert_non_null(g->root);
    g->nodes = json_object_get(g->root, "nodes");
    g->inv_temperature = 1 / json_number_value(json_object_get(g->root, "temperature"));
    load_tree(g);
    (void)snprintf(path, sizeof path, "%s/model/%s", TEST_DATA, name);
    assert_ok(model_load(&g->m, path));
    (void)snprintf(path, sizeof path, "%s/model/%s_gradient", TEST_DATA, name);
    assert_ok(model_load(&g->gradient, path));
}

static void unload(struct golden *g)
{
    json_decref(g->root);
    model_free(&g->m);
    model_free(&g->gradient);
}

// Element `index` of a node's list that begins at its token `first`.
static double value(const struct golden *g, int node, const char *list, int index)
{
    json_t *values = json_object_get(json_array_get(g->nodes, (size_t)node), list);
    assert_in_range(index, 0, json_array_size(values) - 1);
    return json_number_value(json_array_get(values, (size_t)index));
}

static double expected(const struct golden *g, struct predicted at, const char *list)
{
    json_t *node = json_array_get(g->nodes, (size_t)at.node);
    int first = (int)json_integer_value(json_object_get(node, "first_predicted"));
    return value(g, at.node, list, at.index - first);
}

static void check_forward(const struct golden *g, struct activations *a,
                          const struct test_pack *p)
{
    float *log_prob = NULL, *entropy = NULL;
    size_t n = (size_t)p->pack.n_outputs;
    double worst = 0, objective = 0;
    assert_ok(mem_new(&log_prob, n, sizeof *log_prob));
    assert_ok(mem_new(&entropy, n, sizeof *entropy));
    assert_ok(model_forward(&g->m, a, &p->pack, (float)g->inv_temperature, log_prob,
                            entropy));
    for (size_t j = 0; j < n; j++) {
        struct predicted at = p->predicted[j];
        double want = expected(g, at, "log_probs");
        worst = fmax(worst, fabs((double)log_prob[j] - want) / fmax(1, fabs(want)));
        want = expected(g, at, "entropies");
        worst = fmax(worst, fabs((double)entropy[j] - want));
        objective += value(g, at.node, "coefficients", at.index) * (double)log_prob[j];
    }
    double want = json_number_value(json_object_get(g->root, "objective"));
    print_message("log-probs and entropies: %.1e\n", worst);
    assert_true(worst < 1e-5);
    assert_true(fabs(objective - want) < 1e-4);
    mem_free(log_prob);
    mem_free(entropy);
}

static void check_gradient(const struct golden *g, struct activations *a,
                           const struct test_pack *p)
{
    float *coef = NULL, *grad = NULL;
    struct model_tensor *tensors = NULL;
    size_t n = 0;
    double worst = 0;
    assert_ok(mem_new(&coef, (size_t)p->pack.n_outputs, sizeof *coef));
    assert_ok(mem_new(&grad, model_param_count(&g->m), sizeof *grad));
    assert_ok(model_tensors_new(&tensors, &n, &g->m));
    for (int j = 0; j < p->pack.n_outputs; j++)
        coef[j] = (float)value(g, p->predicted[j].node, "coefficients",
                               p->predicted[j].index);
    assert_ok(
        model_backward(&g->m, a, &p->pack, (float)g->inv_temperature, coef, grad));
    for (size_t i = 0; i < n; i++) {
        double off = 0, norm = 0;
        size_t end = tensors[i].offset + tensors[i].rows * tensors[i].columns;
        for (size_t k = tensors[i].offset; k < end; k++) {
            double want = (double)g->gradient.params[k];
            off += ((double)grad[k] - want) * ((double)grad[k] - want);
            norm += want * want;
        }
        if (!(norm > 0 && sqrt(off / norm) < 1e-4))
            fail_msg("%s: relative error %.1e", tensors[i].name, sqrt(off / norm));
        worst = fmax(worst, sqrt(off / norm));
    }
    print_message("gradients of %d tensors: %.1e\n", (int)n, worst);
    mem_free(coef);
    mem_free(grad);
    mem_free(tensors);
}

static void check_decoding(const struct golden *g)
{
    struct kv_cache *cache = NULL;
    struct decoder *d = NULL;
    const struct token_tree *t = &g->tree;
    int32_t branch[TREE_NODES];
    float logits[256];
    double worst = 0;
    assert_in_range(g->m.config.vocab, 1, 256);
    assert_ok(kv_cache_new(&cache, &g->m.config, 64));
    assert_ok(decoder_new(&d, &g->m, 5));
    for (int i = 0; i < t->n_nodes; i++) {
        int32_t up = t->parent[i] < 0 ? -1 : branch[t->parent[i]];
        assert_ok(kv_branch_open(cache, up, &branch[i]));
        assert_ok(
            decode_prefill(d, &g->m, cache, branch[i], t->tokens[i], t->count[i]));
        assert_ok(decode_logits(d, &g->m, cache, branch[i], logits));
        for (int v = 0; v < g->m.config.vocab; v++) {
            double want = value(g, i, "last_logits", v);
            worst = fmax(worst, fabs((double)logits[v] - want) / fmax(1, fabs(want)));
        }
    }
    print_message("logits: %.1e\n", worst);
    assert_true(worst < 1e-5);
    kv_cache_free(cache);
    decoder_free(d);
}

static void check(const char *name)
{
    struct golden g;
    struct activations *a = NULL;
    load(&g, name);
    struct test_pack *p = pack_tree(&g.tree);
    assert_ok(activations_new(&a, &g.m));
    check_forward(&g, a, p);
    check_gradient(&g, a, p);
    check_decoding(&g);
    activations_free(a);
    free(p);
    unload(&g);
}

static void llama_matches_pytorch(void **state)
{
    (void)state;
    check("tiny_llama");
}

static void qwen2_matches_pytorch(void **state)
{
    (void)state;
    check("tiny_qwen2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(llama_matches_pytorch),
        cmocka_unit_test(qwen2_matches_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

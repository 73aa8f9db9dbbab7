// Logits and gradients of every model family against those of transformers
// (make_families.py makes the data), and what is saved of each against what was loaded.
//
// With a folder as argument the saved checkpoints stay there, for check_saved.py.
#include "base/mem.h"
#include "model/decode.h"
#include "model/safetensors.h"
#include "model/tensors.h"

#include <math.h>
#include <stdio.h>

#include "../unit/model/folder.h"

enum { MAX_TOKENS = 64, VOCAB = 64 };

static const char *const families[] = {
    "llama2",  "llama3",       "llama_linear", "smollm2",    "mistral",
    "qwen2.5", "qwen2.5_yarn", "qwen3",        "qwen3_yarn",
};

static const char *saved_root; // NULL: nothing stays

struct golden {
    const char *name;
    struct model m;
    struct safetensors file;
    int32_t n, tokens[MAX_TOKENS];
    float coefficients[MAX_TOKENS];
};

static const struct safetensor *find(const struct golden *g, const char *name)
{
    for (size_t i = 0; i < g->file.n_tensors; i++)
        if (strcmp(g->file.tensors[i].name, name) == 0)
            return &g->file.tensors[i];
    fail_msg("%s: no reference %s", g->name, name);
    return NULL;
}

// The caller's: mem_free.
static float *values(const struct golden *g, const char *name, size_t count)
{
    const struct safetensor *t = find(g, name);
    float *out = NULL;
    assert_int_equal(t->count, count);
    assert_ok(mem_new(&out, count, sizeof *out));
    safetensors_read(out, &g->file, t);
    return out;
}

static void load(struct golden *g, const char *name)
{
    char path[512];
    *g = (struct golden){.name = name};
    (void)snprintf(path, sizeof path, "%s/model/families/%s", TEST_DATA, name);
    assert_ok(model_load(&g->m, path));
    assert_int_equal(g->m.config.vocab, VOCAB);
    (void)snprintf(path, sizeof path, "%s/model/families/%s/reference.safetensors",
                   TEST_DATA, name);
    assert_ok(safetensors_open(&g->file, path));
    g->n = (int32_t)find(g, "tokens")->count;
    assert_in_range(g->n, 2, MAX_TOKENS);
    float *tokens = values(g, "tokens", (size_t)g->n);
    float *coefficients = values(g, "coefficients", (size_t)g->n - 1);
    for (int32_t i = 0; i < g->n; i++)
        g->tokens[i] = (int32_t)tokens[i];
    memcpy(g->coefficients, coefficients, ((size_t)g->n - 1) * sizeof *coefficients);
    mem_free(tokens);
    mem_free(coefficients);
}

// max |got - want| / max |want|
static double relative_error(const float *got, const float *want, size_t n)
{
    double off = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        off = fmax(off, fabs((double)got[i] - (double)want[i]));
        most = fmax(most, fabs((double)want[i]));
        if (isnan(got[i]))
            return INFINITY;
    }
    return off / most;
}

static double logits_error(const struct golden *g)
{
    static float got[MAX_TOKENS * VOCAB];
    struct kv_cache *cache = NULL;
    struct decoder *d = NULL;
    int32_t branch = -1;
    size_t n = (size_t)g->n * VOCAB;
    float *want = values(g, "logits", n);
    assert_ok(kv_cache_new(&cache, &g->m.config, MAX_TOKENS / KV_PAGE));
    assert_ok(decoder_new(&d, &g->m, 1));
    assert_ok(kv_branch_open(cache, -1, &branch));
    for (int32_t i = 0; i < g->n; i++) {
        assert_ok(decode_step(d, &g->m, cache, &branch, &g->tokens[i], 1));
        assert_ok(decode_logits(d, &g->m, cache, branch, got + (size_t)i * VOCAB));
    }
    double error = relative_error(got, want, n);
    kv_cache_free(cache);
    decoder_free(d);
    mem_free(want);
    return error;
}

// grad of the reference's loss: the caller's.
static float *gradient(struct golden *g)
{
    int32_t positions[MAX_TOKENS], rows[MAX_TOKENS];
    float log_prob[MAX_TOKENS], *grad = NULL;
    struct attention_span span = {0, g->n, -1, 0};
    struct activations *a = NULL;
    for (int32_t i = 0; i < g->n; i++)
        positions[i] = rows[i] = i;
    const struct pack p = {.n_tokens = g->n,
                           .tokens = g->tokens,
                           .positions = positions,
                           .spans = &span,
                           .n_spans = 1,
                           .max_context = g->n,
                           .n_outputs = g->n - 1,
                           .row = rows,
                           .target = g->tokens + 1};
    assert_ok(mem_new(&grad, model_param_count(&g->m), sizeof *grad));
    assert_ok(activations_new(&a, &g->m));
    assert_ok(model_forward(&g->m, a, &p, 1, log_prob, NULL));
    assert_ok(model_backward(&g->m, a, &p, 1, g->coefficients, grad));
    activations_free(a);
    return grad;
}

static double gradient_error(struct golden *g)
{
    struct model_tensor *tensors = NULL;
    size_t n = 0;
    double worst = 0;
    float *grad = gradient(g);
    assert_ok(model_tensors_new(&tensors, &n, &g->m));
    // Tokens, coefficients and logits beside one gradient a tensor.
    assert_int_equal(g->file.n_tensors, n + 3);
    for (size_t i = 0; i < n; i++) {
        char name[TENSOR_NAME_BYTES + 16];
        size_t count = tensors[i].rows * tensors[i].columns;
        (void)snprintf(name, sizeof name, "gradient.%s", tensors[i].name);
        float *want = values(g, name, count);
        double error = relative_error(grad + tensors[i].offset, want, count);
        if (!(error < 1e-5))
            fail_msg("%s: %s: relative error %.1e", g->name, name, error);
        worst = fmax(worst, error);
        mem_free(want);
    }
    mem_free(tensors);
    mem_free(grad);
    return worst;
}

static void check_saved(const struct golden *g)
{
    struct folder f;
    struct model back;
    char kept[512];
    folder_new(&f);
    assert_ok(model_save(&g->m, f.path));
    assert_ok(model_load(&back, f.path));
    assert_int_equal(model_config_hash(&g->m.config), model_config_hash(&back.config));
    assert_memory_equal(g->m.params, back.params,
                        model_param_count(&back) * sizeof(float));
    model_free(&back);
    folder_free(&f);
    if (!saved_root)
        return;
    (void)snprintf(kept, sizeof kept, "%s/%s", saved_root, g->name);
    assert_ok(file_make_dirs(kept));
    assert_ok(model_save(&g->m, kept));
}

static void families_match_transformers(void **state)
{
    (void)state;
    double worst_logits = 0, worst_gradient = 0;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        struct golden g;
        load(&g, families[i]);
        double logits = logits_error(&g), gradients = gradient_error(&g);
        print_message("%-13s logits %.1e  gradients %.1e\n", g.name, logits, gradients);
        assert_true(logits < 1e-5);
        check_saved(&g);
        worst_logits = fmax(worst_logits, logits);
        worst_gradient = fmax(worst_gradient, gradients);
        safetensors_close(&g.file);
        model_free(&g.m);
    }
    print_message("worst of all: logits %.1e  gradients %.1e\n", worst_logits,
                  worst_gradient);
}

int main(int argc, char **argv)
{
    saved_root = argc > 1 ? argv[1] : NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_match_transformers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

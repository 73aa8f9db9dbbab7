// What is predicted of memory is what is taken, and the ranges of parameters cover all.
#include "fixture.h"

#include "base/mem.h"
#include "base/par.h"
#include "model/activations.h"
#include "model/decode_state.h"
#include "model/layout.h"
#include "model/memory.h"
#include "model/shape.h"
#include "model/tensors.h"
#include "model/training.h"

static size_t taken(const struct model *m)
{
    const struct model_config *c = &m->config;
    size_t head = m->packed_offset[c->layers * 4];
    size_t panels = head + gemm_packed_floats(c->vocab, c->dim);
    size_t tables = 2 * (size_t)c->max_positions * (size_t)(c->head_dim / 2);
    return (m->layout.total + panels + tables) * sizeof(float) +
           (size_t)c->layers * sizeof *m->layout.layers +
           ((size_t)c->layers * 4 + 1) * sizeof *m->packed_offset;
}

static void check_activations(const struct model *m, const struct pack *p)
{
    struct activations *a = NULL;
    const struct pack counts = {.n_tokens = p->n_tokens,
                                .n_outputs = p->n_outputs,
                                .n_spans = p->n_spans,
                                .max_context = p->max_context};
    assert_ok(activations_new(&a, m));
    assert_ok(model_forward(m, a, p, 1, NULL, NULL));
    assert_int_equal(activations_bytes(&m->config, &counts),
                     a->capacity * sizeof(float));
    activations_free(a);
}

static void memory_is_as_predicted(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2 * FAMILIES; kind++) {
        struct model_config c = family_config((enum family)(kind / 2), kind & 1);
        struct model m;
        struct token_tree t;
        tiny_model(&m, &c);
        assert_int_equal(model_bytes(&c), taken(&m));
        random_tree(&t, 1, c.vocab);
        struct test_pack *tree = pack_tree(&t), *paths = pack_paths(&t);
        check_activations(&m, &tree->pack);
        assert_ok(par_start(3, 0));
        check_activations(&m, &paths->pack);
        par_stop();
        free(tree);
        free(paths);
        model_free(&m);
    }
}

// Memory taken ahead is as predicted of the counts, and packs within them fit.
static void prepared_memory_is_as_predicted(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2 * FAMILIES; kind++) {
        struct model_config c = family_config((enum family)(kind / 2), kind & 1);
        struct activations *a = NULL;
        struct model m;
        struct token_tree t;
        tiny_model(&m, &c);
        random_tree(&t, 1, c.vocab);
        struct test_pack *p = pack_tree(&t);
        struct pack counts = p->pack;
        counts.n_tokens = counts.n_outputs = counts.n_spans = p->pack.n_tokens + 9;
        assert_ok(activations_new(&a, &m));
        assert_ok(activations_prepare(a, &m, &counts));
        size_t capacity = a->capacity;
        const float *arena = a->arena;
        assert_int_equal(activations_bytes(&c, &counts), capacity * sizeof(float));
        assert_ok(model_forward(&m, a, &p->pack, 1, NULL, NULL));
        assert_ptr_equal(a->arena, arena);
        assert_int_equal(a->capacity, capacity);
        activations_free(a);
        free(p);
        model_free(&m);
    }
}

// The reference's pass works in the memory of the policy's: with it and without it the
// policy's log-probs and gradient are the same bits, and no arena is made for it.
static void a_reference_shares_the_memory(void **state)
{
    (void)state;
    struct model_config c = family_config((enum family)0, 0);
    struct training *with = NULL, *without = NULL;
    struct model m;
    struct token_tree t;
    static float own[2][PACK_TOKENS], frozen[PACK_TOKENS], coef[PACK_TOKENS];
    tiny_model(&m, &c);
    random_tree(&t, 1, c.vocab);
    struct test_pack *p = pack_tree(&t);
    size_t outputs = (size_t)p->pack.n_outputs, n = model_param_count(&m);
    float *grad[2];
    for (int i = 0; i < 2; i++)
        assert_ok(mem_new(&grad[i], n, sizeof *grad[i]));
    for (size_t i = 0; i < outputs; i++)
        coef[i] = 0.25f * (float)(i % 5) - 0.4f;
    const struct pack_loss loss = {.coef = coef};
    assert_ok(training_new(&with, &m, 1));
    assert_ok(training_new(&without, &m, 0));
    assert_ok(training_prepare(with, &p->pack));
    assert_ok(training_clear(with));
    assert_ok(training_clear(without));
    mem_fail_nth(1); // the arena is there: nothing is left to allocate
    assert_ok(training_log_probs(with, POLICY_REFERENCE, &p->pack, 1, frozen, NULL));
    assert_ok(training_add(with, &p->pack, &loss, 1, own[0]));
    mem_fail_nth(0);
    assert_ok(training_add(without, &p->pack, &loss, 1, own[1]));
    assert_memory_equal(own[0], own[1], outputs * sizeof(float));
    assert_memory_equal(own[0], frozen, outputs * sizeof(float));
    assert_ok(training_gradient(with, grad[0]));
    assert_ok(training_gradient(without, grad[1]));
    assert_memory_equal(grad[0], grad[1], n * sizeof(float));
    for (int i = 0; i < 2; i++)
        mem_free(grad[i]);
    training_free(with);
    training_free(without);
    free(p);
    model_free(&m);
}

// A bound, and a near one where the logits are most of it.
static void decoding_is_bounded(void **state)
{
    (void)state;
    struct model_config c = tiny_config(0, 1);
    struct model m;
    struct decoder *d = NULL;
    struct kv_cache *cache = NULL;
    int32_t prompt[40] = {1, 2, 3}, root = -1, branch[4], token[4] = {1, 2, 3, 4};
    const struct decoder_counts counts = {
        .rows = 8, .context = 48, .branches = 5, .pages = 32};
    tiny_model(&m, &c);
    assert_ok(decoder_new(&d, &m, counts.rows));
    assert_ok(kv_cache_new(&cache, &c, counts.pages));
    assert_ok(kv_branch_open(cache, -1, &root));
    assert_ok(decode_prefill(d, &m, cache, root, prompt, 40));
    for (int i = 0; i < 4; i++)
        assert_ok(kv_branch_open(cache, root, &branch[i]));
    for (int i = 0; i < 8; i++)
        assert_ok(decode_step(d, &m, cache, branch, token, 4));
    size_t rows = 2 * (size_t)c.dim + (size_t)qkv_width(&c) + (size_t)q_width(&c) +
                  3 * (size_t)c.ffn + (size_t)c.vocab;
    size_t taken =
        (rows * (size_t)counts.rows + d->attention_capacity) * sizeof(float) +
        d->plan.segment_capacity * sizeof *d->plan.segments;
    assert_true(taken <= decoder_bytes(&c, &counts));
    assert_true(decoder_bytes(&c, &counts) < 4 * taken);
    decoder_free(d);
    kv_cache_free(cache);
    model_free(&m);
}

// Large enough that its memory is mapped.
static void a_large_model_is_zeroed_and_freed(void **state)
{
    (void)state;
    struct model_config c = tiny_config(0, 1);
    struct model m;
    c.vocab = 1 << 16;
    assert_ok(model_new(&m, &c));
    assert_int_equal(model_bytes(&c), taken(&m));
    assert_int_equal((uintptr_t)m.params % 64, 0);
    for (size_t i = 0; i < m.layout.total; i++)
        assert_true(m.params[i] == 0);
    m.params[m.layout.total - 1] = 1;
    model_repack(&m);
    model_free(&m);
    assert_null(m.params);
}

static void ranges_cover_the_parameters(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2 * FAMILIES; kind++) {
        struct model_config c = family_config((enum family)(kind / 2), kind & 1);
        struct model m;
        struct model_tensor *tensors = NULL;
        size_t n = 0;
        assert_ok(model_new(&m, &c));
        assert_ok(model_tensors_new(&tensors, &n, &m));
        struct param_range r = layout_range(&m.layout, &m.config, 0);
        assert_int_equal(r.begin, 0);
        // Tensors stand in the buffer's order: each lies within one range of its rank.
        for (size_t i = 0; i < n; i++) {
            size_t begin = tensors[i].offset;
            size_t end = begin + tensors[i].rows * tensors[i].columns;
            if (begin == r.end)
                r = layout_range(&m.layout, &m.config, r.end);
            assert_true(r.begin <= begin && end <= r.end);
            assert_int_equal(r.matrix, tensors[i].rank == 2);
        }
        assert_int_equal(r.end, m.layout.total);
        mem_free(tensors);
        model_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_as_predicted),
        cmocka_unit_test(prepared_memory_is_as_predicted),
        cmocka_unit_test(a_reference_shares_the_memory),
        cmocka_unit_test(decoding_is_bounded),
        cmocka_unit_test(a_large_model_is_zeroed_and_freed),
        cmocka_unit_test(ranges_cover_the_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

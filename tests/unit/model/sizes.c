// What is predicted of memory is what is taken, and the ranges of parameters cover all.
#include "fixture.h"

#include "base/mem.h"
#include "base/par.h"
#include "model/activations.h"
#include "model/layout.h"
#include "model/memory.h"
#include "model/tensors.h"

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
        cmocka_unit_test(a_large_model_is_zeroed_and_freed),
        cmocka_unit_test(ranges_cover_the_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

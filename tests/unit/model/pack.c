// What a pack must be; and the count of its floating-point operations.
#include "folder.h"

struct packed {
    struct model m;
    struct activations *a;
    struct test_pack *p;
    struct token_tree t;
    float *log_prob;
};

static int setup(void **state)
{
    struct packed *s = calloc(1, sizeof *s);
    struct model_config c = tiny_config(0, 1);
    assert_non_null(s);
    tiny_model(&s->m, &c);
    random_tree(&s->t, 0, c.vocab);
    s->p = pack_tree(&s->t);
    s->log_prob = calloc(PACK_TOKENS, sizeof *s->log_prob);
    assert_non_null(s->log_prob);
    assert_ok(activations_new(&s->a, &s->m));
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct packed *s = *state;
    activations_free(s->a);
    model_free(&s->m);
    free(s->p);
    free(s->log_prob);
    free(s);
    return 0;
}

static enum status forward(struct packed *s)
{
    return model_forward(&s->m, s->a, &s->p->pack, 1, s->log_prob, NULL);
}

// Changes one number, expects a refusal that holds `word`, and sets it right again.
static void refuse(struct packed *s, int32_t *at, int32_t wrong, enum status code,
                   const char *word)
{
    int32_t right = *at;
    *at = wrong;
    assert_fails(forward(s), code, "pack: ", word);
    *at = right;
    assert_ok(forward(s));
}

static void wrong_packs_are_refused(void **state)
{
    struct packed *s = *state;
    struct test_pack *p = s->p;
    int32_t vocab = s->m.config.vocab, last = p->pack.n_spans - 1;
    assert_ok(forward(s));
    refuse(s, &p->tokens[5], vocab, ERR_INPUT, "token 37");
    refuse(s, &p->tokens[5], -1, ERR_INPUT, "token -1");
    refuse(s, &p->target[3], vocab, ERR_INPUT, "target 37");
    refuse(s, &p->row[3], 0, ERR_INTERNAL, "output 3");
    refuse(s, &p->row[p->pack.n_outputs - 1], p->pack.n_tokens, ERR_INTERNAL, "output");
    refuse(s, &p->positions[4], 9, ERR_INTERNAL, "token 4 has position 9");
    refuse(s, &p->spans[1].parent, 1, ERR_INTERNAL, "span 1 has parent 1");
    refuse(s, &p->spans[1].parent, -2, ERR_INTERNAL, "span 1 has parent -2");
    refuse(s, &p->spans[1].start, 0, ERR_INTERNAL, "span 1 starts at 0");
    refuse(s, &p->spans[2].begin, 0, ERR_INTERNAL, "span 2");
    refuse(s, &p->spans[last].count, 0, ERR_INTERNAL, "span");
    refuse(s, &p->spans[last].count, p->spans[last].count + 1, ERR_INTERNAL, "span");
    refuse(s, &p->pack.n_spans, last, ERR_INTERNAL, "spans hold");
    refuse(s, &p->pack.max_context, p->pack.max_context - 1, ERR_INTERNAL,
           "max_context");
    refuse(s, &p->pack.max_context, s->m.config.max_positions + 1, ERR_INPUT, "path");
    refuse(s, &p->pack.n_outputs, -1, ERR_INTERNAL, "negative");
}

static void an_empty_pack_gives_nothing(void **state)
{
    struct packed *s = *state;
    struct pack none = {0};
    float coef = 0;
    float *grad = calloc(model_param_count(&s->m), sizeof *grad);
    assert_non_null(grad);
    assert_ok(model_forward(&s->m, s->a, &none, 1, &coef, NULL));
    assert_ok(model_backward(&s->m, s->a, &none, 1, &coef, grad));
    assert_true(model_forward_flops(&s->m.config, &none) == 0);
    free(grad);
}

// One path's cost by the formula; and what a shared prefix saves.
static void flops_follow_the_formula(void **state)
{
    struct packed *s = *state;
    const struct model_config *c = &s->m.config;
    struct test_pack *paths = pack_paths(&s->t);
    double row =
        2.0 * c->dim * ((c->heads * 2 + c->kv_heads * 2) * c->head_dim + 3 * c->ffn);
    double want = 0;
    for (int32_t i = 0; i < paths->pack.n_tokens; i++)
        want += row + 4.0 * c->heads * c->head_dim * (paths->positions[i] + 1);
    want = c->layers * want + 2.0 * c->dim * c->vocab * paths->pack.n_outputs;
    assert_true(model_forward_flops(c, &paths->pack) == want);
    assert_true(model_forward_flops(c, &s->p->pack) < 0.95 * want);
    free(paths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wrong_packs_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_pack_gives_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(flops_follow_the_formula, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Early cutoff while sampling: what is flagged, what goes on, and that nothing else of
// a tree changes.
#include "fixture.h"

static void bigram(struct model *m, int32_t from, int32_t to, float logit)
{
    m->params[m->layout.head + (size_t)(to * m->config.dim + from)] = logit;
}

static int32_t token_of(const struct world *w, char c)
{
    const char text[] = {c, 0};
    struct tokens t = {0};
    assert_ok(tokenizer_encode(w->tokenizer, text, 1, &t));
    int32_t id = t.ids[0];
    tokens_free(&t);
    return id;
}

// Lines "1+2=3" and, as often, "1+2=4"; in which a token alone says what follows.
static int make_writer(void **state)
{
    static const char order[] = "\n1+2=3\n";
    (void)make_world(state);
    struct world *w = *state;
    struct model *m = &w->model;
    memset(m->params, 0, m->layout.total * sizeof *m->params);
    for (int32_t i = 0; i < m->config.vocab; i++) {
        m->params[m->layout.embedding + (size_t)(i * m->config.dim + i)] = 1.0F;
        bigram(m, i, token_of(w, '\n'), 8.0F);
    }
    for (int32_t i = 0; i < m->config.dim; i++)
        m->params[m->layout.final_norm + (size_t)i] = 1.0F;
    for (size_t i = 0; i + 1 < sizeof order - 1; i++)
        bigram(m, token_of(w, order[i]), token_of(w, order[i + 1]), 30.0F);
    bigram(m, token_of(w, '='), token_of(w, '4'), 30.0F);
    bigram(m, token_of(w, '4'), token_of(w, '\n'), 30.0F);
    bigram(m, token_of(w, '\n'), token_of(w, '\n'), 0.0F);
    model_repack(m);
    return 0;
}

static struct msg_task writing_task(const struct world *w, uint64_t i, float cut,
                                    float control)
{
    static const int32_t branch[] = {6, 2, 2};
    struct msg_task t = task_make(i, branch, 3);
    t.max_new_tokens = 40;
    t.temperature = 1.0F;
    t.cutoff = (struct cutoff_rule){cut, control};
    t.prompt[t.n_prompt - 1] = token_of(w, '\n');
    return t;
}

static int wrong_step(const struct world *w, const struct tree *t, size_t node)
{
    const struct tree_node *n = &t->nodes[node];
    for (int32_t i = 0; i < n->token_count; i++)
        if (t->tokens[n->token_begin + i] == token_of(w, '4'))
            return 1;
    return 0;
}

// 1 where a step on the path to the node, it included, is wrong.
static int wrong_path(const struct world *w, const struct tree *t, int32_t node)
{
    for (; node > 0; node = t->nodes[node].parent)
        if (wrong_step(w, t, (size_t)node))
            return 1;
    return 0;
}

static void test_all_cut(void **state)
{
    const struct world *w = *state;
    struct msg_task task = writing_task(w, 0, 1.0F, 0.0F);
    struct tree t = {0};
    int cut = 0, went_on = 0;
    expand_all(w, 8, ROOMY_PAGES, &task, NULL, 1, &t);
    assert_ok(tree_check(&t, w->model.config.vocab));
    for (size_t i = 1; i < t.n_nodes; i++) {
        const struct tree_node *n = &t.nodes[i];
        if (n->depth > 2)
            continue;
        assert_int_equal(n->end, wrong_step(w, &t, i) ? NODE_CUT : NODE_BRANCHED);
        assert_true(n->keep == (n->end == NODE_CUT ? 0.0F : 1.0F));
        cut += n->end == NODE_CUT;
        went_on += n->end == NODE_BRANCHED;
    }
    assert_true(cut > 1 && went_on > 1);
    tree_free(&t);
}

// A flagged path that goes on is flagged at each later step; what both trees have, they
// have alike.
static void test_some_go_on(void **state)
{
    const struct world *w = *state;
    struct msg_task task = writing_task(w, 1, 0.5F, 0.25F);
    struct msg_task whole = writing_task(w, 1, 0.0F, 0.0F);
    struct tree t = {0}, all = {0};
    int kept = 0, cut = 0;
    expand_all(w, 8, ROOMY_PAGES, &task, NULL, 1, &t);
    expand_all(w, 8, ROOMY_PAGES, &whole, NULL, 1, &all);
    assert_ok(tree_check(&t, w->model.config.vocab));
    assert_true(t.control == 0.25F && all.control == 0.0F);
    assert_true(t.n_tokens < all.n_tokens);
    for (size_t i = 1; i < t.n_nodes; i++) {
        const struct tree_node *n = &t.nodes[i];
        if (n->depth > 2)
            continue;
        assert_true(n->keep == (wrong_path(w, &t, (int32_t)i) ? 0.5F : 1.0F));
        kept += n->keep == 0.5F && n->end == NODE_BRANCHED;
        cut += n->end == NODE_CUT;
        assert_true(n->end != NODE_CUT || n->reward == 0.25F);
    }
    assert_true(kept > 0 && cut > 0);
    int32_t n = t.nodes[1].token_count;
    assert_int_equal(n, all.nodes[1].token_count);
    assert_memory_equal(t.tokens + t.nodes[1].token_begin,
                        all.tokens + all.nodes[1].token_begin,
                        (size_t)n * sizeof *t.tokens);
    tree_free(&t);
    tree_free(&all);
}

// Neither rows nor pages nor parts change what is cut.
static void test_schedule_changes_nothing(void **state)
{
    const struct world *w = *state;
    enum { N = 4 };
    struct msg_task tasks[N];
    struct tree few[N] = {{0}}, many[N] = {{0}}, parts[2] = {{0}}, joined = {0};
    for (uint64_t i = 0; i < N; i++)
        tasks[i] = writing_task(w, i, 0.5F, 0.0F);
    expand_all(w, 2, 40, tasks, NULL, N, few);
    expand_all(w, 64, ROOMY_PAGES, tasks, NULL, N, many);
    for (size_t i = 0; i < N; i++)
        assert_true(tree_hash(HASH_START, &few[i]) == tree_hash(HASH_START, &many[i]));
    struct msg_task halves[2] = {tasks[0], tasks[0]};
    halves[0].child_count = 2;
    halves[1].first_child = 2;
    halves[1].child_count = 4;
    halves[1].lease++;
    expand_all(w, 8, ROOMY_PAGES, halves, NULL, 2, parts);
    assert_ok(tree_join(&joined, parts, 2));
    assert_true(tree_hash(HASH_START, &joined) == tree_hash(HASH_START, &few[0]));
    trees_free(few, N);
    trees_free(many, N);
    trees_free(parts, 2);
    tree_free(&joined);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_cut),
        cmocka_unit_test(test_some_go_on),
        cmocka_unit_test(test_schedule_changes_nothing),
    };
    return cmocka_run_group_tests(tests, make_writer, free_world);
}

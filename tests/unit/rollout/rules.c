// Where steps end, how nodes branch, what is drawn, and which leaf is rewarded.
#include "fixture.h"

#include "tensor/ops.h"

static int is_delimiter(const struct world *w, int32_t token)
{
    for (size_t i = 0; i < w->delimiters.len; i++)
        if (w->delimiters.ids[i] == token)
            return 1;
    return 0;
}

static void check_inner_token(const struct world *w, const struct msg_task *task,
                              const struct tree_node *n, int32_t at, int32_t token)
{
    assert_true(token != w->model.config.eos);
    if (n->depth < task->n_branch) {
        assert_false(is_delimiter(w, token));
        assert_true(task->step_tokens == 0 || at + 1 < task->step_tokens);
    }
}

static void check_node(const struct world *w, const struct msg_task *task,
                       const struct tree *t, size_t i, int64_t limit)
{
    const struct tree_node *n = &t->nodes[i];
    const int32_t *tokens = t->tokens + n->token_begin;
    int64_t path = (int64_t)(tree_path_length(t, (int32_t)i) - task->n_prompt);
    assert_true(n->token_count >= 1);
    for (int32_t k = 0; k + 1 < n->token_count; k++)
        check_inner_token(w, task, n, k, tokens[k]);
    int32_t last = tokens[n->token_count - 1];
    assert_int_equal(n->end == NODE_EOS, last == w->model.config.eos);
    if (n->end == NODE_LENGTH) {
        assert_int_equal(path, limit);
        assert_true(n->reward == 0.0F);
    }
    if (n->end == NODE_BRANCHED) {
        assert_true(path < limit && n->depth < task->n_branch);
        assert_true(is_delimiter(w, last) || n->token_count == task->step_tokens);
        assert_int_equal(n->branching, task->branch[n->depth]);
    }
}

static void check_tree(const struct world *w, const struct msg_task *task,
                       const struct tree *t, int ends[5])
{
    int64_t room = w->model.config.max_positions - (int64_t)task->n_prompt;
    int64_t limit = task->max_new_tokens < room ? task->max_new_tokens : room;
    assert_ok(tree_check(t, w->model.config.vocab));
    assert_int_equal(t->nodes[0].branching, task->branch[0]);
    assert_true(t->step == task->step && t->prompt_id == task->prompt_id &&
                t->policy_version == task->policy_version);
    for (size_t i = 1; i < t->n_nodes; i++) {
        check_node(w, task, t, i, limit);
        ends[t->nodes[i].end]++;
    }
}

static void test_shapes(void **state)
{
    static const int32_t shapes[][4] = {{1}, {4}, {2, 3}, {4, 1, 2}, {1, 1, 3}};
    static const int32_t depths[] = {1, 1, 2, 3, 3};
    int ends[5] = {0};
    for (size_t i = 0; i < 15; i++) {
        struct msg_task task = task_make(i, shapes[i % 5], depths[i % 5]);
        struct tree t = {0};
        task.step_tokens = i % 3 == 0 ? 3 : 0;
        task.max_new_tokens = i % 2 ? 400 : 9;
        expand_all(*state, 32, ROOMY_PAGES, &task, NULL, 1, &t);
        check_tree(*state, &task, &t, ends);
        tree_free(&t);
    }
    assert_true(ends[NODE_BRANCHED] > 0 && ends[NODE_EOS] > 0 && ends[NODE_LENGTH] > 0);
}

static struct rng_key node_key(const struct tree *t, const struct msg_task *task,
                               int32_t node)
{
    if (node == 0)
        return (struct rng_key){task->rng_key};
    return rng_child(node_key(t, task, t->nodes[node].parent),
                     (uint64_t)t->nodes[node].child_index);
}

// Feeds the path to one node token by token on its own, and draws the node's tokens.
static void replay_node(const struct world *w, const struct msg_task *task,
                        const struct tree *t, int32_t node, struct decoder *d)
{
    int32_t vocab = w->model.config.vocab, path[200], branch = -1, token = 0;
    float logits[64], log_prob = 0, entropy = 0, inv = 1.0F / task->temperature;
    struct kv_cache *cache = NULL;
    int32_t begin = t->nodes[node].token_begin, count = t->nodes[node].token_count;
    int32_t length = (int32_t)tree_path_length(t, node);
    tree_path_tokens(t, node, path);
    assert_ok(kv_cache_new(&cache, &w->model.config, 20));
    assert_ok(kv_branch_open(cache, -1, &branch));
    for (int32_t i = 0; i + 1 < length; i++) {
        assert_ok(decode_step(d, &w->model, cache, &branch, &path[i], 1));
        int32_t at = i + 1 - (length - count);
        if (at < 0)
            continue;
        assert_ok(decode_logits(d, &w->model, cache, branch, logits));
        double u = rng_uniform(node_key(t, task, node),
                               (uint64_t)i + 1 - (uint64_t)task->n_prompt);
        token = sample_token(logits, inv, u, vocab);
        softmax_stats(&log_prob, &entropy, logits, vocab, &token, inv, 1, vocab);
        assert_int_equal(token, t->tokens[begin + at]);
        assert_memory_equal(&log_prob, &t->log_probs[begin + at], sizeof log_prob);
        assert_memory_equal(&entropy, &t->entropies[begin + at], sizeof entropy);
    }
    kv_cache_free(cache);
}

// Every token, log-prob and entropy is that of its path alone, bit for bit.
static void test_replay(void **state)
{
    const struct world *w = *state;
    static const int32_t branch[] = {3, 2, 2};
    struct decoder *d = NULL;
    assert_ok(decoder_new(&d, &w->model, 1));
    for (size_t i = 0; i < 3; i++) {
        struct msg_task task = task_make(4 * i, branch, 3);
        struct tree t = {0};
        task.step_tokens = i == 1 ? 17 : 0; // steps longer than a page
        expand_all(w, 6, 60, &task, NULL, 1, &t);
        for (int32_t k = 1; k < (int32_t)t.n_nodes; k++)
            replay_node(w, &task, &t, k, d);
        tree_free(&t);
    }
    decoder_free(d);
}

// The training forward pass over the path to one leaf gives the same bits.
static void score_leaf(const struct world *w, const struct msg_task *task,
                       const struct tree *t, int32_t leaf, struct activations *a)
{
    int32_t path[200], positions[200], rows[200],
        n = (int32_t)tree_path_length(t, leaf);
    int32_t prompt = (int32_t)task->n_prompt;
    float log_probs[200], entropies[200];
    tree_path_tokens(t, leaf, path);
    for (int32_t i = 0; i < n; i++) {
        positions[i] = i;
        rows[i] = prompt - 1 + i;
    }
    struct attention_span span = {.count = n, .parent = -1};
    const struct pack p = {
        .n_tokens = n,
        .tokens = path,
        .positions = positions,
        .spans = &span,
        .n_spans = 1,
        .max_context = n,
        .n_outputs = n - prompt,
        .row = rows,
        .target = path + prompt,
    };
    assert_ok(model_forward(&w->model, a, &p, 1.0F / task->temperature, log_probs,
                            entropies));
    for (int32_t node = leaf, end = n - prompt; node > 0;
         node = t->nodes[node].parent) {
        int32_t count = t->nodes[node].token_count, begin = t->nodes[node].token_begin;
        end -= count;
        assert_memory_equal(log_probs + end, t->log_probs + begin,
                            (size_t)count * sizeof(float));
        assert_memory_equal(entropies + end, t->entropies + begin,
                            (size_t)count * sizeof(float));
    }
}

static void test_scores(void **state)
{
    const struct world *w = *state;
    static const int32_t branch[] = {3, 2, 2};
    struct msg_task task = task_make(7, branch, 3);
    struct activations *a = NULL;
    struct tree t = {0};
    task.step_tokens = 18;
    assert_ok(activations_new(&a, &w->model));
    expand_all(w, 5, 70, &task, NULL, 1, &t);
    for (int32_t i = 1; i < (int32_t)t.n_nodes; i++)
        if (tree_is_leaf(&t.nodes[i]))
            score_leaf(w, &task, &t, i, a);
    tree_free(&t);
    activations_free(a);
}

static void test_greedy(void **state)
{
    static const int32_t branch[] = {3};
    struct msg_task task = task_make(1, branch, 1);
    struct tree t = {0};
    task.temperature = 0;
    expand_all(*state, 8, ROOMY_PAGES, &task, NULL, 1, &t);
    assert_int_equal(t.n_nodes, 4);
    for (size_t i = 2; i < 4; i++) { // all children are the same
        assert_int_equal(t.nodes[i].token_count, t.nodes[1].token_count);
        assert_memory_equal(t.tokens + t.nodes[i].token_begin,
                            t.tokens + t.nodes[1].token_begin,
                            (size_t)t.nodes[1].token_count * sizeof *t.tokens);
    }
    tree_free(&t);
}

// A policy without layers, in which a token alone says what follows: the embedding is
// one-hot, so head[to][from] is the logit of `to` after `from`.
static void bigram_clear(struct model *m)
{
    memset(m->params, 0, m->layout.total * sizeof *m->params);
    for (int32_t i = 0; i < m->config.vocab; i++)
        m->params[m->layout.embedding + (size_t)(i * m->config.dim + i)] = 1.0F;
    for (int32_t i = 0; i < m->config.dim; i++)
        m->params[m->layout.final_norm + (size_t)i] = 1.0F;
}

static void bigram(struct model *m, int32_t from, int32_t to, float logit)
{
    m->params[m->layout.head + (size_t)(to * m->config.dim + from)] = logit;
}

static int32_t token_of(const struct world *w, const char *text)
{
    struct tokens t = {0};
    assert_ok(tokenizer_encode(w->tokenizer, text, 1, &t));
    int32_t id = t.ids[0];
    tokens_free(&t);
    return id;
}

// Expands one task on a private world whose policy `write` sets.
static void expand_policy(void (*write)(struct world *), struct msg_task *task,
                          void (*check)(const struct world *, const struct tree *))
{
    struct world w;
    struct tree t = {0};
    world_make(&w);
    bigram_clear(&w.model);
    write(&w);
    model_repack(&w.model);
    expand_all(&w, 8, ROOMY_PAGES, task, NULL, 1, &t);
    check(&w, &t);
    tree_free(&t);
    world_free(&w);
}

// "###...#7": right where there are four.
static void write_answers(struct world *w)
{
    int32_t hash = token_of(w, "#"), seven = token_of(w, "7");
    for (int32_t from = 0; from < w->model.config.vocab; from++)
        bigram(&w->model, from, hash, 10.0F);
    bigram(&w->model, hash, seven, 9.8F);
    bigram(&w->model, seven, hash, 0.0F);
    bigram(&w->model, seven, w->model.config.eos, 10.0F);
}

static void check_answers(const struct world *w, const struct tree *t)
{
    int right = 0, wrong = 0;
    (void)w;
    for (size_t i = 1; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        float expected = n->token_count - 2 == 4 ? 1.0F : 0.0F;
        assert_int_equal(n->end, NODE_EOS);
        assert_true(n->reward == expected);
        right += expected > 0;
        wrong += expected == 0;
    }
    assert_true(right > 3 && wrong > 3);
}

static void test_rewards(void **state)
{
    (void)state;
    static const int32_t branch[] = {64};
    struct msg_task task = task_make(0, branch, 1);
    expand_policy(write_answers, &task, check_answers);
}

// "####7777..." without an end.
static void write_on(struct world *w)
{
    int32_t hash = token_of(w, "#"), seven = token_of(w, "7");
    for (int32_t from = 0; from < w->model.config.vocab; from++)
        bigram(&w->model, from, seven, 10.0F);
    bigram(&w->model, hash, hash, 10.0F);
}

static void check_cut_off(const struct world *w, const struct tree *t)
{
    int answered = 0;
    for (size_t i = 1; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        assert_int_equal(n->end, NODE_LENGTH);
        assert_int_equal(n->token_count, 6);
        assert_true(n->reward == 0.0F);
        answered += t->tokens[n->token_begin + 4] == token_of(w, "7") &&
                    t->tokens[n->token_begin + 3] == token_of(w, "#");
    }
    assert_true(answered > 0); // "####77", had the text ended there
}

// A text that ran out of tokens has no reward, even with an answer in it.
static void test_unfinished_text_has_no_reward(void **state)
{
    static const int32_t branch[] = {200};
    const struct world *w = *state;
    struct msg_task task = task_make(0, branch, 1);
    task.max_new_tokens = 6;
    task.answer = "77";
    task.prompt[task.n_prompt - 1] = token_of(w, "#");
    expand_policy(write_on, &task, check_cut_off);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_rewards),
        cmocka_unit_test(test_unfinished_text_has_no_reward),
    };
    return cmocka_run_group_tests(tests, make_world, free_world);
}

// The law of the engine: the numbers of a token depend on its own path only, bit for
// bit, whether it was decoded in some batch, packed in a tree, or run on its own.
#include "fixture.h"

#include "base/par.h"
#include "model/decode.h"

enum { SEEDS = 4, MAX_ROWS = 24, MAX_VOCAB = 64 };
static const float inv_temperature = 1.0F / 0.8F;

struct statistics {
    float log_prob[TREE_NODES][TREE_LONGEST], entropy[TREE_NODES][TREE_LONGEST];
};

// ---- decoding ---------------------------------------------------------------------
struct session {
    const struct model *m;
    const struct token_tree *t;
    struct kv_cache *cache;
    struct decoder *decoder;
    struct rng_key key;
    uint64_t draw;
    int32_t branch[TREE_NODES]; // -1: not open
    int fed[TREE_NODES];        // tokens of the node
    int left[TREE_NODES];       // children to open, and 1 until the node is complete
    float logits[TREE_NODES][MAX_VOCAB];
    struct statistics *out;
};

static uint64_t draw(struct session *s, uint64_t n)
{
    return rng_below(s->key, s->draw++, n);
}

static void session_start(struct session *s, const struct model *m,
                          const struct token_tree *t, uint64_t seed,
                          struct statistics *out)
{
    *s = (struct session){.m = m, .t = t, .out = out};
    s->key = rng_child(rng_root(10, RNG_TEST), seed);
    assert_true(m->config.vocab <= MAX_VOCAB);
    assert_ok(kv_cache_new(&s->cache, &m->config, 256));
    assert_ok(decoder_new(&s->decoder, m, MAX_ROWS));
    for (int i = 0; i < t->n_nodes; i++) {
        s->branch[i] = -1;
        for (int k = i + 1; k < t->n_nodes; k++)
            s->left[i] += t->parent[k] == i;
        s->left[i]++;
    }
}

// A node's last use gives its branch back, long before the branches below end.
static void let_go(struct session *s, int node)
{
    if (--s->left[node] == 0)
        kv_branch_release(s->cache, s->branch[node]);
}

static void predict(struct session *s, int node, int index, const float *logits)
{
    softmax_stats(&s->out->log_prob[node][index], &s->out->entropy[node][index], logits,
                  s->m->config.vocab, &s->t->tokens[node][index], inv_temperature, 1,
                  s->m->config.vocab);
}

static int is_complete(const struct session *s, int node)
{
    return s->branch[node] >= 0 && s->fed[node] == s->t->count[node];
}

static void open_ready(struct session *s)
{
    for (int i = 0; i < s->t->n_nodes; i++) {
        int up = s->t->parent[i];
        if (s->branch[i] >= 0 || (up >= 0 && !is_complete(s, up)))
            continue;
        int32_t above = up < 0 ? -1 : s->branch[up], empty = -1;
        // A branch without tokens in between is as good as none.
        if (draw(s, 3) == 0) {
            assert_ok(kv_branch_open(s->cache, above, &empty));
            above = empty;
        }
        assert_ok(kv_branch_open(s->cache, above, &s->branch[i]));
        if (empty >= 0)
            kv_branch_release(s->cache, empty);
        if (up >= 0) {
            predict(s, i, 0, s->logits[up]);
            let_go(s, up);
        }
    }
}

static void after_feed(struct session *s, int node, int n, const float *logits)
{
    s->fed[node] += n;
    memcpy(s->logits[node], logits, sizeof(float) * (size_t)s->m->config.vocab);
    if (s->fed[node] < s->t->count[node])
        predict(s, node, s->fed[node], logits);
    else
        let_go(s, node);
}

// Several tokens of one node at once: only their last one's logits are seen, so the
// others are left for another session to predict.
static void prefill_one(struct session *s, int node)
{
    float logits[MAX_VOCAB];
    int rest = s->t->count[node] - s->fed[node];
    int n = 1 + (int)draw(s, (uint64_t)rest);
    for (int k = 1; k < n; k++)
        s->out->log_prob[node][s->fed[node] + k] = 1;
    assert_ok(decode_prefill(s->decoder, s->m, s->cache, s->branch[node],
                             &s->t->tokens[node][s->fed[node]], n));
    assert_ok(decode_logits(s->decoder, s->m, s->cache, s->branch[node], logits));
    after_feed(s, node, n, logits);
}

// A random choice of the open nodes, in random order.
static void step_some(struct session *s, const int *open, int n_open)
{
    int32_t branches[TREE_NODES], tokens[TREE_NODES];
    int node[TREE_NODES], n = 0;
    static float logits[TREE_NODES * MAX_VOCAB];
    for (int i = 0; i < n_open; i++) {
        int at = (int)draw(s, (uint64_t)n + 1);
        if (n_open > 1 && draw(s, 4) == 0)
            continue;
        memmove(node + at + 1, node + at, sizeof *node * (size_t)(n - at));
        node[at] = open[i];
        n++;
    }
    for (int i = 0; i < n; i++) {
        branches[i] = s->branch[node[i]];
        tokens[i] = s->t->tokens[node[i]][s->fed[node[i]]];
    }
    assert_ok(decode_step(s->decoder, s->m, s->cache, branches, tokens, n));
    for (int i = 0; i < n; i++) {
        assert_ok(decode_logits(s->decoder, s->m, s->cache, branches[i], logits));
        after_feed(s, node[i], 1, logits);
    }
}

// Runs the tree through the decoder in an order drawn from `seed`.  A log-prob of 1
// marks tokens that were prefilled.
static void decode_tree(struct statistics *out, const struct model *m,
                        const struct token_tree *t, uint64_t seed, int prefill)
{
    struct session s;
    session_start(&s, m, t, seed, out);
    for (;;) {
        int open[TREE_NODES], n = 0;
        open_ready(&s);
        for (int i = 0; i < t->n_nodes; i++)
            if (s.branch[i] >= 0 && !is_complete(&s, i))
                open[n++] = i;
        if (n == 0)
            break;
        if (prefill && draw(&s, 2))
            prefill_one(&s, open[draw(&s, (uint64_t)n)]);
        else
            step_some(&s, open, n);
    }
    assert_int_equal(kv_cache_free_pages(s.cache), 256);
    kv_cache_free(s.cache);
    decoder_free(s.decoder);
}

// ---- comparing --------------------------------------------------------------------
static void assert_same_bits(float a, float b, struct predicted at, const char *what)
{
    if (memcmp(&a, &b, sizeof a) != 0)
        fail_msg("%s of node %d token %d (path %d): %.9g, not %.9g", what, at.node,
                 at.index, at.leaf, (double)b, (double)a);
}

static void check_pack(const struct model *m, struct test_pack *p,
                       const struct statistics *want)
{
    struct activations *a = NULL;
    float *log_prob = calloc(PACK_TOKENS, sizeof *log_prob);
    float *entropy = calloc(PACK_TOKENS, sizeof *entropy);
    assert_true(log_prob && entropy && p->pack.n_outputs > 0);
    assert_ok(activations_new(&a, m));
    assert_ok(model_forward(m, a, &p->pack, inv_temperature, log_prob, entropy));
    for (int j = 0; j < p->pack.n_outputs; j++) {
        struct predicted at = p->predicted[j];
        assert_same_bits(want->log_prob[at.node][at.index], log_prob[j], at,
                         "log-prob");
        assert_same_bits(want->entropy[at.node][at.index], entropy[j], at, "entropy");
    }
    activations_free(a);
    free(log_prob);
    free(entropy);
    free(p);
}

static void check_decoded(const struct token_tree *t, const struct statistics *want,
                          const struct statistics *got)
{
    for (int i = 0; i < t->n_nodes; i++)
        for (int k = t->parent[i] < 0; k < t->count[i]; k++) {
            struct predicted at = {i, k, -1};
            if (got->log_prob[i][k] > 0)
                continue;
            assert_same_bits(want->log_prob[i][k], got->log_prob[i][k], at, "decoded");
            assert_same_bits(want->entropy[i][k], got->entropy[i][k], at, "entropy");
        }
}

static void check_law(const struct model_config *c)
{
    struct model m;
    tiny_model(&m, c);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        static struct statistics want, other;
        struct token_tree t;
        random_tree(&t, seed, c->vocab);
        decode_tree(&want, &m, &t, seed, 0);
        decode_tree(&other, &m, &t, seed + 100, 0);
        check_decoded(&t, &want, &other);
        decode_tree(&other, &m, &t, seed + 200, 1);
        check_decoded(&t, &want, &other);
        check_pack(&m, pack_tree(&t), &want);
        check_pack(&m, pack_paths(&t), &want);
    }
    model_free(&m);
}

static void law_holds_for_llama(void **state)
{
    (void)state;
    struct model_config c = tiny_config(0, 0);
    check_law(&c);
}

static void law_holds_for_qwen2(void **state)
{
    (void)state;
    struct model_config c = tiny_config(1, 1);
    c.dim = 48;
    c.heads = 6;
    c.kv_heads = 1;
    check_law(&c);
}

static void law_holds_for_qwen3(void **state)
{
    (void)state;
    struct model_config c = family_config(FAMILY_QWEN3, 1);
    check_law(&c);
    c.heads = 6;
    c.head_dim = 32;
    c.rope = (struct rope_scaling){ROPE_LINEAR, .factor = 4};
    check_law(&c);
}

static void law_holds_with_every_bias(void **state)
{
    (void)state;
    struct model_config c = family_config(FAMILY_BIASED, 0);
    check_law(&c);
}

static void law_holds_on_threads(void **state)
{
    (void)state;
    struct model_config c = tiny_config(0, 1);
    c.kv_heads = c.heads;
    c.head_dim = 16;
    assert_ok(par_start(3, 0));
    check_law(&c);
    c = family_config(FAMILY_QWEN3, 0);
    check_law(&c);
    par_stop();
}

// The whole gives the same on one thread and on three.
static void threads_change_no_bit(void **state)
{
    (void)state;
    for (int family = 0; family < FAMILIES; family++) {
        struct model_config c = family_config((enum family)family, 0);
        struct model m;
        struct token_tree t;
        static struct statistics want;
        tiny_model(&m, &c);
        random_tree(&t, 50, c.vocab);
        decode_tree(&want, &m, &t, 50, 0);
        assert_ok(par_start(3, 0));
        check_pack(&m, pack_tree(&t), &want);
        par_stop();
        model_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(law_holds_for_llama),
        cmocka_unit_test(law_holds_for_qwen2),
        cmocka_unit_test(law_holds_for_qwen3),
        cmocka_unit_test(law_holds_with_every_bias),
        cmocka_unit_test(law_holds_on_threads),
        cmocka_unit_test(threads_change_no_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Decoding with a whole model on a GPU against the CPU's, and against the learner,
// whose log-probs must be the rollout's.
#include "model_pair.h"

#include "model/cuda/decode.h"
#include "model/cuda/decode_few.h"

// A tree grown by draws: a prompt, 3 children, each with 3 more, in two batches of
// rows; nodes' tokens and log-probs by node.
struct grown {
    struct token_tree tree;
    float log_prob[TREE_NODES][TREE_LONGEST];
};

enum { PROMPT = 37, LONGEST = 20, NODES = 10 };
static const int parents[NODES] = {-1, 0, 1, 1, 0, 4, 4, 0, 7, 7};
static const int counts[NODES] = {PROMPT, 17, 20, 3, 1, 16, 5, 9, 2, 18};

static void grow_batch(struct grown *g, struct decoder *d, const struct model *m,
                       struct kv_cache *cache, int32_t *branch, int deep)
{
    struct rng_key key = rng_root(13, RNG_TEST);
    int opened = 0;
    for (int step = 0; step < LONGEST; step++) {
        struct decode_draw draws[NODES];
        int32_t fed[NODES], tokens[NODES], node[NODES], n = 0;
        for (int i = 1; i < NODES; i++) {
            if ((parents[i] > 0) != deep || step >= counts[i])
                continue;
            if (step == 0)
                assert_ok(kv_branch_open(cache, branch[parents[i]], &branch[i]));
            opened += step == 0;
            node[n] = i;
            draws[n++] = (struct decode_draw){
                .branch = branch[i],
                .temperature = i == 3 ? 0.0f : 0.8f,
                .u = rng_uniform(key, (uint64_t)(i * LONGEST + step)),
            };
        }
        assert_ok(decode_draw(d, m, cache, draws, n));
        for (int k = 0; k < n; k++) {
            g->tree.tokens[node[k]][step] = tokens[k] = draws[k].token;
            g->log_prob[node[k]][step] = draws[k].log_prob;
            fed[k] = draws[k].branch;
        }
        assert_ok(decode_step(d, m, cache, fed, tokens, n));
    }
    assert_true(opened > 0);
}

static void grow(struct grown *g, const struct model *m)
{
    struct kv_cache *cache = NULL;
    struct decoder *d = NULL;
    int32_t branch[NODES];
    *g = (struct grown){.tree = {.n_nodes = NODES}};
    for (int i = 0; i < NODES; i++) {
        int up = g->tree.parent[i] = parents[i];
        g->tree.count[i] = counts[i];
        g->tree.start[i] = up < 0 ? 0 : g->tree.start[up] + counts[up];
    }
    for (int k = 0; k < PROMPT; k++)
        g->tree.tokens[0][k] = (k * 7 + 3) % m->config.vocab;
    if (m->accelerator)
        assert_ok(kv_cache_new_elsewhere(&cache, &m->config, PAGES));
    else
        assert_ok(kv_cache_new(&cache, &m->config, PAGES));
    assert_ok(decoder_new(&d, m, ROWS));
    assert_ok(kv_branch_open(cache, -1, &branch[0]));
    assert_ok(decode_prefill(d, m, cache, branch[0], g->tree.tokens[0], PROMPT - 5));
    assert_ok(
        decode_prefill(d, m, cache, branch[0], g->tree.tokens[0] + PROMPT - 5, 5));
    grow_batch(g, d, m, cache, branch, 0);
    grow_batch(g, d, m, cache, branch, 1);
    decoder_free(d);
    kv_cache_free(cache);
}

// The largest difference between the draws' log-probs and the learner's.
static double against_learner(const struct grown *g, struct pair *p)
{
    static float lp[PACK_TOKENS];
    struct training *t = NULL;
    double most = 0;
    struct test_pack *pack = pack_tree(&g->tree);
    assert_ok(training_new(&t, &p->there, 0));
    assert_ok(training_log_probs(t, POLICY_TRAINED, &pack->pack, 1 / 0.8f, lp, NULL));
    for (int j = 0; j < pack->pack.n_outputs; j++) {
        const struct predicted *q = &pack->predicted[j];
        if (q->node > 0 && q->node != 3) // greedy: another distribution
            most = fmax(most,
                        fabs((double)lp[j] - (double)g->log_prob[q->node][q->index]));
    }
    training_free(t);
    free(pack);
    return most;
}

static void decoding_agrees(void **state)
{
    (void)state;
    static struct grown here, there;
    for (int i = 0; i < 4; i++) {
        int deterministic = i % 2;
        enum device_type type = i < 2 ? DEVICE_F32 : DEVICE_BF16;
        struct model_config c = small_config(FAMILY_QWEN2, i == 2 ? 64 : 16);
        struct device_setup s = setup_of(&c, type, deterministic);
        struct pair p;
        pair_open(&p, &s);
        grow(&there, &p.rollout);
        double off = against_learner(&there, &p);
        print_message("rollout and learner %.1e apart\n", off);
        assert_true(deterministic ? off == 0
                                  : off < (type == DEVICE_F32 ? 1e-5 : 0.08));
        if (type == DEVICE_F32) {
            grow(&here, &p.here);
            assert_memory_equal(here.tree.tokens, there.tree.tokens,
                                sizeof here.tree.tokens);
            for (int node = 1; node < NODES; node++)
                for (int k = 0; k < counts[node]; k++)
                    assert_true(fabsf(here.log_prob[node][k] -
                                      there.log_prob[node][k]) < 1e-4f);
        }
        pair_close(&p);
    }
}

// Log-probs of the tokens that another run drew, drawn from again by this one.
static double between(const struct grown *a, const struct grown *b)
{
    double most = 0;
    for (int node = 1; node < NODES; node++)
        for (int k = 0; k < counts[node]; k++) {
            if (a->tree.tokens[node][k] != b->tree.tokens[node][k])
                break; // u fell between the two
            most = fmax(most, fabs((double)a->log_prob[node][k] -
                                   (double)b->log_prob[node][k]));
        }
    return most;
}

// Scratch that nothing but those kernels writes.
static float sums_of(const struct device *d)
{
    float sum = 0;
    gpu_download(d->gpu, GPU_MAIN, &sum, d->decode.sums, sizeof sum);
    assert_ok(gpu_wait(d->gpu, GPU_MAIN, 60000, "test"));
    return sum;
}

// The overlapping kernels of few rows against cuBLASLt's way and against the CPU.
static void few_rows_agree(void **state)
{
    (void)state;
    static struct grown few, many, here;
    const enum family families[] = {FAMILY_QWEN2, FAMILY_QWEN3, FAMILY_BIASED};
    for (int i = 0; i < 3; i++) {
        struct model_config c = small_config(families[i], i == 1 ? 80 : 64);
        struct device_setup s = setup_of(&c, DEVICE_BF16, 0);
        struct pair p;
        pair_open(&p, &s);
        struct device *d = p.a.device;
        assert_true(few_fits(d, ROWS) && few_fits(d, FEW_ROWS) &&
                    !few_fits(d, FEW_ROWS + 1));
        assert_true(sums_of(d) == 0.0f);
        grow(&few, &p.rollout);
        assert_true(sums_of(d) != 0.0f);
        cuda_drop_graphs(d);
        d->few = 0;
        grow(&many, &p.rollout);
        grow(&here, &p.here);
        print_message("few rows, cuBLASLt %.1e and CPU %.1e apart\n",
                      between(&few, &many), between(&few, &here));
        assert_true(between(&few, &many) < 0.05);
        assert_true(between(&few, &here) < 0.08);
        pair_close(&p);
    }
    struct model_config c = small_config(FAMILY_QWEN2, 64);
    struct device_setup exact = setup_of(&c, DEVICE_BF16, 1);
    struct pair p;
    pair_open(&p, &exact);
    assert_false(
        few_fits(p.a.device, 1)); // the rollout is the learner's there, bit for bit
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_agrees),
        cmocka_unit_test(few_rows_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

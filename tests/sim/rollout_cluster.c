// The dispatcher and real workers (a tiny policy, real trees) over a bad network in
// virtual time: every tree arrives and is, bit for bit, the one that a worker alone
// makes of the task.
// cmocka.h needs the standard headers before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
// clang-format on

#include "base/hash.h"
#include "base/mem.h"
#include "comm/loopback.h"
#include "learner/dispatch.h"
#include "rollout/expand.h"
#include "rollout/worker.h"

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

enum { WORKERS = 3, PROMPTS = 8, STEP_MS = 5, LIMIT_MS = 900000, SILENCE_MS = 4000 };

struct rank {
    struct model model;
    struct worker *worker;
    int dead;
};

struct cluster {
    struct tokenizer *tokenizer;
    struct tokens delimiters;
    struct model source; // the learner's
    struct loopback *net;
    struct dispatch *dispatch;
    struct rank ranks[WORKERS];
    int64_t now_ms;
};

static void make_model(const struct tokenizer *t, struct model *m, uint64_t seed)
{
    struct model_config c = {
        .vocab = tokenizer_vocab(t),
        .dim = 16,
        .layers = 1,
        .heads = 2,
        .kv_heads = 1,
        .head_dim = 8,
        .ffn = 16,
        .max_positions = 128,
        .rms_epsilon = 1e-5F,
        .rope_theta = 10000,
        .eos = tokenizer_eos(t),
        .bos = -1,
    };
    assert_ok(model_new(m, &c));
    model_randomize(m, rng_root(seed, RNG_TEST));
    (void)model_repack(m);
    for (size_t i = 0; i < m->layout.total; i++)
        m->params[i] *= 3.0F;
    model_repack(m);
}

static void start_worker(struct cluster *c, int i, uint64_t incarnation)
{
    struct outbox out = {0};
    const struct worker_config config = {
        .incarnation = incarnation,
        .model_hash = 1,
        .max_rows = 2 + 3 * i,
        .kv_pages = 16 + 20 * i,
        .prefetch = 2,
        .heartbeat_ms = 100,
        .silence_ms = SILENCE_MS,
        .delimiters = c->delimiters.ids,
        .n_delimiters = c->delimiters.len,
        .threads = 1,
    };
    make_model(c->tokenizer, &c->ranks[i].model, 1000 + incarnation);
    assert_ok(
        worker_new(&c->ranks[i].worker, &config, &c->ranks[i].model, c->tokenizer));
    assert_ok(worker_start(c->ranks[i].worker, c->now_ms, &out));
    assert_ok(outbox_flush(&out, loopback_endpoint(c->net, i + 1)));
    outbox_free(&out);
}

static void end_worker(struct cluster *c, int i)
{
    worker_free(c->ranks[i].worker);
    model_free(&c->ranks[i].model);
    c->ranks[i].worker = NULL;
}

static void cluster_open(struct cluster *c, const struct loopback_faults *faults)
{
    static const char text[] = "0123456789 #\n";
    struct dispatch_config config = {
        .ranks = WORKERS + 1,
        .incarnation = 9,
        .model_hash = 1,
        .lease_ms = 20000,
        .silence_ms = SILENCE_MS,
        .start_ms = SILENCE_MS,
        .slice_bytes = 1000,
        .slices_ahead = 2,
    };
    *c = (struct cluster){0};
    assert_ok(tokenizer_of_alphabet(&c->tokenizer, text, sizeof text - 1));
    assert_ok(tokenizer_find(c->tokenizer, "\n", &c->delimiters));
    make_model(c->tokenizer, &c->source, 1);
    config.vocab = c->source.config.vocab;
    assert_ok(loopback_new(&c->net, WORKERS + 1, faults));
    assert_ok(dispatch_new(&c->dispatch, &config, 0));
    for (int i = 0; i < WORKERS; i++)
        start_worker(c, i, 100 + (uint64_t)i);
}

static void cluster_close(struct cluster *c)
{
    for (int i = 0; i < WORKERS; i++)
        end_worker(c, i);
    dispatch_free(c->dispatch);
    loopback_free(c->net);
    model_free(&c->source);
    tokens_free(&c->delimiters);
    tokenizer_free(c->tokenizer);
}

static int next_message(struct cluster *c, int rank, struct incoming *in)
{
    struct transport *t = loopback_endpoint(c->net, rank);
    int got = 0;
    assert_ok(t->ops->poll(t, in, &got));
    return got;
}

static void learner_round(struct cluster *c)
{
    struct outbox out = {0};
    struct incoming in = {0};
    while (next_message(c, 0, &in)) {
        assert_ok(
            dispatch_receive(c->dispatch, in.rank, in.data, in.len, c->now_ms, &out));
        incoming_free(&in);
    }
    assert_ok(dispatch_tick(c->dispatch, c->now_ms, &out));
    assert_ok(outbox_flush(&out, loopback_endpoint(c->net, 0)));
    outbox_free(&out);
}

static void worker_round(struct cluster *c, int i)
{
    struct worker *w = c->ranks[i].worker;
    struct outbox out = {0};
    struct incoming in = {0};
    int worked = 0;
    while (next_message(c, i + 1, &in)) {
        assert_ok(worker_receive(w, in.rank, in.data, in.len, c->now_ms, &out));
        incoming_free(&in);
    }
    assert_ok(worker_tick(w, c->now_ms, &out));
    assert_ok(worker_work(w, c->now_ms, &out, &worked));
    assert_ok(outbox_flush(&out, loopback_endpoint(c->net, i + 1)));
    outbox_free(&out);
}

static void run_until(struct cluster *c, size_t complete)
{
    while (dispatch_complete(c->dispatch) < complete && c->now_ms < LIMIT_MS) {
        c->now_ms += STEP_MS;
        loopback_advance(c->net, c->now_ms);
        learner_round(c);
        for (int i = 0; i < WORKERS; i++)
            if (!c->ranks[i].dead)
                worker_round(c, i);
    }
    assert_true(dispatch_complete(c->dispatch) >= complete);
}

static int32_t prompts[PROMPTS][20];

static struct msg_task make_task(uint64_t i, uint64_t version)
{
    struct msg_task t = {
        .step = version,
        .prompt_id = i,
        .policy_version = version,
        .rng_key = rng_child(rng_root(version, RNG_TEST), i).k,
        .branch = {3, 2},
        .n_branch = 2,
        .child_count = 3,
        .max_new_tokens = 40,
        .temperature = 1,
        .prompt = prompts[i],
        .n_prompt = 2 + (size_t)i * 2,
        .answer = "7",
    };
    for (size_t k = 0; k < t.n_prompt; k++)
        t.prompt[k] = (int32_t)((i + k) % 10);
    return t;
}

static uint64_t right_hash(const struct cluster *c, const struct msg_task *task)
{
    struct expander_config ec = {
        64, 500, c->delimiters.ids, c->delimiters.len, NULL, 0, {0}, NULL};
    struct expander *e = NULL;
    struct tree t = {0};
    uint64_t lease = 0;
    int got = 0, worked = 1;
    assert_ok(expander_new(&e, &ec, &c->source, c->tokenizer));
    assert_ok(expander_add(e, task));
    while (worked)
        assert_ok(expander_step(e, &worked));
    assert_ok(expander_take(e, &lease, &t, &got));
    uint64_t hash = tree_hash(HASH_START, &t);
    tree_free(&t);
    expander_free(e);
    return hash;
}

// New weights, then a batch cut into parts.
static void begin(struct cluster *c, uint64_t version, struct msg_task *tasks)
{
    struct outbox out = {0};
    struct blob *weights = NULL;
    c->source.params[version] += 0.5F;
    model_repack(&c->source);
    assert_ok(blob_new(&weights, c->source.layout.total * sizeof(float)));
    memcpy(weights->data, c->source.params, weights->len);
    assert_ok(dispatch_publish(c->dispatch, version, weights, &out));
    blob_drop(weights);
    for (uint64_t i = 0; i < PROMPTS; i++)
        tasks[i] = make_task(i, version);
    assert_ok(
        dispatch_begin(c->dispatch, tasks, PROMPTS, (int32_t)version, c->now_ms, &out));
    assert_ok(outbox_flush(&out, loopback_endpoint(c->net, 0)));
    outbox_free(&out);
}

static void check_trees(struct cluster *c, const struct msg_task *tasks)
{
    assert_true(dispatch_done(c->dispatch));
    for (size_t i = 0; i < PROMPTS; i++)
        assert_true(tree_hash(HASH_START, dispatch_tree(c->dispatch, i)) ==
                    right_hash(c, &tasks[i]));
}

static void three_batches(const struct loopback_faults *faults)
{
    struct cluster c;
    struct msg_task tasks[PROMPTS];
    cluster_open(&c, faults);
    for (uint64_t version = 1; version <= 3; version++) {
        begin(&c, version, tasks);
        run_until(&c, PROMPTS);
        check_trees(&c, tasks);
    }
    cluster_close(&c);
}

static void test_quiet(void **state)
{
    (void)state;
    three_batches(&(struct loopback_faults){.seed = 1});
}

static void test_bad_network(void **state)
{
    (void)state;
    for (uint64_t seed = 2; seed < 6; seed++)
        three_batches(&(struct loopback_faults){.seed = seed,
                                                .max_delay_ms = 60,
                                                .reorder = 0.2,
                                                .duplicate = 0.2,
                                                .drop = 0.15});
}

static void test_kill_and_restart(void **state)
{
    (void)state;
    struct cluster c;
    struct msg_task tasks[PROMPTS];
    cluster_open(&c, &(struct loopback_faults){.seed = 7, .max_delay_ms = 20});
    begin(&c, 1, tasks);
    run_until(&c, 2);
    loopback_kill(c.net, 2);
    c.ranks[1].dead = 1;
    run_until(&c, PROMPTS);
    check_trees(&c, tasks);
    end_worker(&c, 1);
    loopback_revive(c.net, 2);
    c.ranks[1].dead = 0;
    start_worker(&c, 1, 555);
    loopback_kill(c.net, 1);
    loopback_kill(c.net, 3);
    c.ranks[0].dead = c.ranks[2].dead = 1;
    begin(&c, 2, tasks); // only the new one is left
    run_until(&c, PROMPTS);
    check_trees(&c, tasks);
    cluster_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_bad_network),
        cmocka_unit_test(test_kill_and_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

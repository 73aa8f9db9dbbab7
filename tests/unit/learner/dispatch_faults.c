// Learner and workers over a network that delays, reorders, doubles, loses and damages
// messages, in virtual time: every tree arrives, and is the one of a quiet network.
#include "dispatch_fixture.h"

#include "comm/loopback.h"

enum { WORKERS = 3, PROMPTS = 12, STEP_MS = 5, LIMIT_MS = 600000 };

struct cluster {
    struct loopback *net;
    struct dispatch *dispatch;
    struct puppet workers[WORKERS];
    int dead[WORKERS];
    int64_t now_ms;
};

static void cluster_open(struct cluster *c, const struct loopback_faults *faults)
{
    struct dispatch_config config = fixture_config(WORKERS + 1);
    *c = (struct cluster){0};
    assert_ok(loopback_new(&c->net, WORKERS + 1, faults));
    assert_ok(dispatch_new(&c->dispatch, &config, 0));
    for (int i = 0; i < WORKERS; i++)
        c->workers[i] = puppet_make(i + 1, 100 + (uint64_t)i);
}

static void cluster_close(struct cluster *c)
{
    for (int i = 0; i < WORKERS; i++)
        puppet_free(&c->workers[i]);
    dispatch_free(c->dispatch);
    loopback_free(c->net);
}

static int next_message(struct cluster *c, int rank, struct incoming *in)
{
    struct transport *t = loopback_endpoint(c->net, rank);
    int got = 0;
    assert_ok(t->ops->poll(t, in, &got));
    return got;
}

static void flush(struct cluster *c, int rank, struct outbox *out)
{
    assert_ok(outbox_flush(out, loopback_endpoint(c->net, rank)));
    outbox_free(out);
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
    flush(c, 0, &out);
}

static void worker_round(struct cluster *c, int i)
{
    struct outbox out = {0};
    struct incoming in = {0};
    if (c->dead[i])
        return;
    while (next_message(c, i + 1, &in)) {
        puppet_receive(&c->workers[i], in.data, in.len, c->now_ms);
        incoming_free(&in);
    }
    puppet_tick(&c->workers[i], c->now_ms, &out);
    flush(c, i + 1, &out);
}

static void round_of_all(struct cluster *c)
{
    c->now_ms += STEP_MS;
    loopback_advance(c->net, c->now_ms);
    learner_round(c);
    for (int i = 0; i < WORKERS; i++)
        worker_round(c, i);
}

static void begin(struct cluster *c, uint64_t version, struct msg_task *tasks,
                  int parts)
{
    struct outbox out = {0};
    struct blob *weights = fixture_weights(version);
    for (uint64_t i = 0; i < PROMPTS; i++)
        tasks[i] = fixture_task(i + 100 * version, version);
    assert_ok(dispatch_publish(c->dispatch, version, weights, &out));
    blob_drop(weights);
    assert_ok(dispatch_begin(c->dispatch, tasks, PROMPTS, parts, c->now_ms, &out));
    flush(c, 0, &out);
}

static void run_until(struct cluster *c, size_t complete)
{
    while (dispatch_complete(c->dispatch) < complete && c->now_ms < LIMIT_MS)
        round_of_all(c);
    if (dispatch_complete(c->dispatch) < complete)
        fail_msg("%zu of %zu trees after %d ms of virtual time",
                 dispatch_complete(c->dispatch), complete, LIMIT_MS);
}

static void check_trees(struct cluster *c, const struct msg_task *tasks)
{
    assert_true(dispatch_done(c->dispatch));
    for (size_t i = 0; i < PROMPTS; i++) {
        const struct tree *t = dispatch_tree(c->dispatch, i);
        assert_non_null(t);
        assert_ok(tree_check(t, VOCAB));
        assert_true(tree_hash(HASH_START, t) == fixture_tree_hash(&tasks[i]));
    }
}

static void check_weights(const struct cluster *c, uint64_t version)
{
    struct blob *b = fixture_weights(version);
    int there = 0;
    for (int i = 0; i < WORKERS; i++)
        if (c->workers[i].version == version && !c->dead[i]) {
            there++;
            assert_memory_equal(c->workers[i].weights, b->data, WEIGHT_BYTES);
        }
    assert_true(there > 0);
    blob_drop(b);
}

// Three batches, each of new weights, in parts of growing number.
static void three_batches(const struct loopback_faults *faults)
{
    struct cluster c;
    struct msg_task tasks[PROMPTS];
    cluster_open(&c, faults);
    for (uint64_t version = 1; version <= 3; version++) {
        begin(&c, version, tasks, (int)version);
        run_until(&c, PROMPTS);
        check_trees(&c, tasks);
        if (faults->corrupt == 0)
            check_weights(&c, version);
    }
    cluster_close(&c);
}

static void test_quiet(void **state)
{
    (void)state;
    three_batches(&(struct loopback_faults){.seed = 1});
}

static void test_delay(void **state)
{
    (void)state;
    three_batches(
        &(struct loopback_faults){.seed = 2, .min_delay_ms = 5, .max_delay_ms = 90});
}

static void test_reorder(void **state)
{
    (void)state;
    three_batches(
        &(struct loopback_faults){.seed = 3, .max_delay_ms = 60, .reorder = 0.5});
}

static void test_duplicate(void **state)
{
    (void)state;
    three_batches(
        &(struct loopback_faults){.seed = 4, .max_delay_ms = 20, .duplicate = 0.5});
}

static void test_drop(void **state)
{
    (void)state;
    three_batches(
        &(struct loopback_faults){.seed = 5, .max_delay_ms = 20, .drop = 0.25});
}

static void test_corrupt(void **state)
{
    (void)state;
    struct cluster c;
    struct msg_task tasks[PROMPTS];
    // A damaged number may pass for a right one; that it is done is what can be asked.
    cluster_open(&c, &(struct loopback_faults){.seed = 6, .corrupt = 0.02});
    begin(&c, 1, tasks, 2);
    run_until(&c, PROMPTS);
    assert_true(dispatch_done(c.dispatch));
    cluster_close(&c);
}

static void test_everything(void **state)
{
    (void)state;
    for (uint64_t seed = 10; seed < 20; seed++)
        three_batches(&(struct loopback_faults){.seed = seed,
                                                .min_delay_ms = 1,
                                                .max_delay_ms = 70,
                                                .reorder = 0.2,
                                                .duplicate = 0.2,
                                                .drop = 0.15});
}

static void kill(struct cluster *c, int worker)
{
    loopback_kill(c->net, worker + 1);
    c->dead[worker] = 1;
    puppet_free(&c->workers[worker]);
}

static void revive(struct cluster *c, int worker, uint64_t incarnation)
{
    loopback_revive(c->net, worker + 1);
    c->dead[worker] = 0;
    c->workers[worker] = puppet_make(worker + 1, incarnation);
    c->workers[worker].next_beat_ms = c->now_ms;
}

static void test_kill(void **state)
{
    (void)state;
    struct cluster c;
    struct msg_task tasks[PROMPTS];
    struct worker_report report;
    cluster_open(&c, &(struct loopback_faults){.seed = 7, .max_delay_ms = 10});
    begin(&c, 1, tasks, 2);
    run_until(&c, 3);
    while (c.workers[0].n_held == 0)
        round_of_all(&c);
    assert_false(dispatch_done(c.dispatch));
    kill(&c, 0);
    kill(&c, 1);
    run_until(&c, PROMPTS);
    check_trees(&c, tasks);
    for (size_t i = 0; i < dispatch_workers(c.dispatch); i++) {
        dispatch_worker_report(c.dispatch, i, &report);
        assert_int_equal(report.alive, report.rank == 3);
    }
    revive(&c, 1, 777);
    begin(&c, 2, tasks, 1);
    kill(&c, 2); // only the new one is left
    run_until(&c, PROMPTS);
    check_trees(&c, tasks);
    check_weights(&c, 2);
    cluster_close(&c);
}

// A worker so slow that its leases expire: the others do its tasks.
static void test_straggler(void **state)
{
    (void)state;
    struct cluster c;
    struct msg_task tasks[PROMPTS];
    struct worker_report report;
    int64_t expired = 0;
    cluster_open(&c, &(struct loopback_faults){.seed = 8});
    c.workers[1].work_ms = LIMIT_MS;
    begin(&c, 1, tasks, 1);
    run_until(&c, PROMPTS);
    check_trees(&c, tasks);
    assert_true(c.now_ms < 2 * LEASE_MS);
    for (size_t i = 0; i < dispatch_workers(c.dispatch); i++) {
        dispatch_worker_report(c.dispatch, i, &report);
        assert_int_equal(report.expired_leases, report.rank == 2 ? 2 : 0);
        expired += report.expired_leases;
    }
    assert_int_equal(expired, 2);
    cluster_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiet),      cmocka_unit_test(test_delay),
        cmocka_unit_test(test_reorder),    cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_drop),       cmocka_unit_test(test_corrupt),
        cmocka_unit_test(test_everything), cmocka_unit_test(test_kill),
        cmocka_unit_test(test_straggler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// The worker's side of the protocol, with a learner made of single messages.
#include "rollout/worker.h"

#include "fixture.h"

#include "base/mem.h"

enum { LEARNER = 0, HEARTBEAT = 100, SILENCE = 1000 };

struct stage {
    struct world world;
    struct worker *worker;
    struct outbox out;
    uint64_t learner; // incarnation
    int64_t now_ms;
    float *weights; // what the learner publishes
    // Of the messages that the worker has sent since the last `listen`.
    int hellos, leases, results, faults;
    struct msg_lease lease; // the last one; `held` is not kept, but first_held is
    uint64_t first_held;
    uint64_t result_lease, result_hash;
    char fault[512];
};

static void stage_open_with(struct stage *s, int has_weights)
{
    *s = (struct stage){.learner = 77};
    world_make(&s->world);
    s->world.model.version = 4;
    const struct worker_config c = {
        .learner_rank = LEARNER,
        .incarnation = 5,
        .model_hash = 99,
        .has_weights = has_weights,
        .max_rows = 8,
        .kv_pages = 64,
        .prefetch = 3,
        .heartbeat_ms = HEARTBEAT,
        .silence_ms = SILENCE,
        .delimiters = s->world.delimiters.ids,
        .n_delimiters = s->world.delimiters.len,
        .threads = 1,
    };
    assert_ok(worker_new(&s->worker, &c, &s->world.model, s->world.tokenizer));
    assert_ok(mem_dup(&s->weights, s->world.model.params, s->world.model.layout.total,
                      sizeof *s->weights));
    assert_ok(worker_start(s->worker, s->now_ms, &s->out));
}

static void stage_open(struct stage *s)
{
    stage_open_with(s, 0);
}

static void stage_close(struct stage *s)
{
    worker_free(s->worker);
    outbox_free(&s->out);
    mem_free(s->weights);
    world_free(&s->world);
}

static void hear(struct stage *s, const struct message *m)
{
    assert_true(m->incarnation == 5);
    s->hellos += m->type == MSG_HELLO;
    s->leases += m->type == MSG_LEASE;
    s->results += m->type == MSG_RESULT;
    s->faults += m->type == MSG_FAULT;
    if (m->type == MSG_LEASE) {
        s->lease = m->as.lease;
        s->first_held = s->lease.n_held ? s->lease.held[0] : 0;
        s->lease.held = NULL;
    } else if (m->type == MSG_RESULT) {
        s->result_lease = m->as.result.lease;
        s->result_hash = tree_hash(HASH_START, &m->as.result.tree);
    } else if (m->type == MSG_FAULT) {
        memcpy(s->fault, m->as.fault.text, sizeof s->fault);
    }
}

// Takes what the worker has sent.
static void listen(struct stage *s)
{
    s->hellos = s->leases = s->results = s->faults = 0;
    for (size_t i = 0; i < s->out.n; i++) {
        struct message m = {0};
        assert_int_equal(s->out.items[i].rank, LEARNER);
        assert_ok(message_decode(&m, s->out.items[i].head, s->out.items[i].head_len));
        hear(s, &m);
        message_free(&m);
    }
    outbox_free(&s->out);
}

static enum status say(struct stage *s, struct message *m)
{
    struct buf bytes = {0};
    m->incarnation = s->learner;
    assert_ok(message_encode(&bytes, m));
    if (m->type == MSG_WEIGHTS)
        buf_append(&bytes, m->as.weights.data, m->as.weights.len);
    enum status st =
        worker_receive(s->worker, LEARNER, bytes.data, bytes.len, s->now_ms, &s->out);
    buf_free(&bytes);
    return st;
}

static void say_weights(struct stage *s, uint64_t version, size_t offset, size_t len)
{
    struct message m = {.type = MSG_WEIGHTS};
    m.as.weights = (struct msg_weights){
        .version = version,
        .total_bytes = s->world.model.layout.total * sizeof(float),
        .offset = offset,
        .data = (const uint8_t *)s->weights + offset,
        .len = len,
    };
    assert_ok(say(s, &m));
}

static size_t all_bytes(const struct stage *s)
{
    return s->world.model.layout.total * sizeof(float);
}

static void say_all_weights(struct stage *s, uint64_t version)
{
    say_weights(s, version, 0, all_bytes(s));
}

static void say_task(struct stage *s, const struct msg_task *task)
{
    struct message m = {.type = MSG_TASK};
    m.as.task = *task;
    assert_ok(say(s, &m));
}

static void tick(struct stage *s, int64_t ms)
{
    s->now_ms += ms;
    assert_ok(worker_tick(s->worker, s->now_ms, &s->out));
}

static void work_until_idle(struct stage *s)
{
    for (int worked = 1; worked;)
        assert_ok(worker_work(s->worker, s->now_ms, &s->out, &worked));
}

static struct msg_task small_task(uint64_t i, uint64_t version)
{
    static const int32_t branch[] = {2, 2};
    struct msg_task t = task_make(i, branch, 2);
    t.policy_version = version;
    return t;
}

static void test_start(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s);
    listen(&s);
    assert_int_equal(s.hellos, 1);
    assert_int_equal(s.leases, 1);
    assert_true(s.lease.weights_version == (uint64_t)-1);
    assert_true(s.lease.weights_incoming == (uint64_t)-1);
    assert_int_equal(s.lease.want, 3);
    tick(&s, HEARTBEAT - 1);
    listen(&s);
    assert_int_equal(s.leases, 0);
    tick(&s, 1); // unheard: it says HELLO again
    listen(&s);
    assert_int_equal(s.hellos, 1);
    assert_int_equal(s.leases, 1);
    say_weights(&s, 4, all_bytes(&s), 0); // an answer without news
    tick(&s, HEARTBEAT);
    listen(&s);
    assert_int_equal(s.hellos, 0);
    assert_int_equal(s.leases, 1);
    stage_close(&s);
}

static void test_silence(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s);
    tick(&s, 100 * SILENCE); // was not called for long: not the learner's fault alone
    for (int i = 0; i < 5; i++)
        tick(&s, HEARTBEAT);
    s.now_ms += HEARTBEAT;
    assert_int_equal(worker_tick(s.worker, s.now_ms, &s.out), ERR_TIMEOUT);
    assert_non_null(strstr(status_message(), "silent for 1100 ms"));
    stage_close(&s);
}

static void test_weights(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s);
    size_t third = all_bytes(&s) / 3;
    memset(s.world.model.params, 0, all_bytes(&s));
    say_weights(&s, 7, third, third); // early: dropped
    tick(&s, HEARTBEAT);
    listen(&s);
    assert_true(s.lease.weights_incoming == 7 && s.lease.weights_bytes == 0);
    say_weights(&s, 7, 0, third);
    tick(&s, 0); // at once
    listen(&s);
    assert_int_equal(s.leases, 1);
    assert_true(s.lease.weights_bytes == third);
    say_weights(&s, 7, 0, third); // twice
    say_weights(&s, 6, 0, third); // older
    say_weights(&s, 7, third - 4, third);
    tick(&s, HEARTBEAT);
    listen(&s);
    assert_true(s.lease.weights_bytes == 2 * third - 4);
    assert_true(s.lease.weights_version == (uint64_t)-1);
    say_weights(&s, 7, 2 * third - 4, all_bytes(&s) - (2 * third - 4));
    tick(&s, HEARTBEAT);
    listen(&s);
    assert_true(s.lease.weights_version == 7);
    assert_true(s.lease.weights_incoming == (uint64_t)-1);
    assert_true(s.world.model.version == 7);
    assert_memory_equal(s.world.model.params, s.weights, all_bytes(&s));
    say_all_weights(&s, 6);
    assert_true(s.world.model.version == 7);
    stage_close(&s);
}

static uint64_t right_hash(const struct stage *s, const struct msg_task *task)
{
    struct tree t = {0};
    expand_all(&s->world, 64, ROOMY_PAGES, task, NULL, 1, &t);
    uint64_t hash = tree_hash(HASH_START, &t);
    tree_free(&t);
    return hash;
}

// A model that is there already: said at once, and tasks of its version begin.
static void test_has_weights(void **state)
{
    (void)state;
    struct stage s;
    struct msg_task task = small_task(3, 4);
    stage_open_with(&s, 1);
    assert_true(worker_has_weights(s.worker));
    listen(&s);
    assert_true(s.lease.weights_version == 4);
    say_task(&s, &task);
    work_until_idle(&s);
    listen(&s);
    assert_int_equal(s.results, 1);
    assert_true(s.result_hash == right_hash(&s, &task));
    stage_close(&s);
}

static void test_tasks(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s);
    struct msg_task now = small_task(1, 7), later = small_task(2, 8);
    uint64_t hash = right_hash(&s, &now);
    say_task(&s, &now);
    say_task(&s, &now); // a copy on the way
    listen(&s);
    work_until_idle(&s);
    listen(&s);
    assert_int_equal(s.results, 0); // no weights yet
    say_all_weights(&s, 7);
    say_task(&s, &later);
    tick(&s, HEARTBEAT);
    listen(&s);
    assert_int_equal(s.lease.want, 1);
    assert_int_equal(s.lease.n_held, 2);
    assert_true(s.first_held == now.lease);
    work_until_idle(&s);
    listen(&s);
    assert_int_equal(s.results, 1);
    assert_true(s.result_lease == now.lease);
    assert_true(s.result_hash == hash);
    s.weights[0] += 1.0F;
    say_all_weights(&s, 8);
    work_until_idle(&s);
    listen(&s);
    assert_int_equal(s.results, 1);
    assert_true(s.result_lease == later.lease);
    assert_true(s.result_hash == right_hash(&s, &later));
    stage_close(&s);
}

static void test_old_tasks_are_dropped(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s);
    struct msg_task old = small_task(1, 7), now = small_task(2, 8);
    int worked = 0;
    say_all_weights(&s, 7);
    say_task(&s, &old);
    assert_ok(worker_work(s.worker, s.now_ms, &s.out, &worked));
    assert_int_equal(worked, 1);
    say_all_weights(&s, 8); // half-way
    say_task(&s, &old);
    say_task(&s, &now);
    work_until_idle(&s);
    listen(&s);
    assert_int_equal(s.results, 1);
    assert_true(s.result_lease == now.lease);
    stage_close(&s);
}

static void test_impossible_task(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s);
    struct msg_task bad = small_task(1, 7);
    int32_t prompt[200] = {0};
    bad.prompt = prompt;
    bad.n_prompt = 200;
    say_all_weights(&s, 7);
    listen(&s);
    say_task(&s, &bad);
    listen(&s);
    assert_int_equal(s.faults, 1);
    assert_true(strncmp(s.fault, "lease 101: ", 11) == 0);
    assert_non_null(strstr(s.fault, "leaves no room in 160 positions"));
    tick(&s, HEARTBEAT);
    listen(&s);
    assert_int_equal(s.lease.n_held, 0);
    stage_close(&s);
}

static void test_nonsense_and_stop(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s);
    const uint8_t noise[] = "not msgpack at all";
    assert_ok(worker_receive(s.worker, LEARNER, noise, sizeof noise, 0, &s.out));
    assert_ok(worker_receive(s.worker, 3, noise, sizeof noise, 0, &s.out));
    struct message hello = {.type = MSG_HELLO};
    assert_ok(say(&s, &hello));
    struct message stop = {.type = MSG_STOP};
    assert_false(worker_stopped(s.worker));
    assert_ok(say(&s, &stop));
    assert_true(worker_stopped(s.worker));
    tick(&s, 10 * SILENCE);
    struct message fault = {.type = MSG_FAULT};
    strcpy(fault.as.fault.text, "another model");
    assert_int_equal(say(&s, &fault), ERR_INPUT);
    assert_non_null(strstr(status_message(), "another model"));
    stage_close(&s);
}

static void test_new_learner(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s);
    struct msg_task task = small_task(1, 7);
    say_all_weights(&s, 7);
    say_task(&s, &task);
    listen(&s);
    s.learner = 78;
    say_weights(&s, 3, all_bytes(&s), 0);
    listen(&s);
    assert_int_equal(s.hellos, 1);
    assert_int_equal(s.lease.n_held, 0);
    assert_true(s.lease.weights_version == (uint64_t)-1);
    say_all_weights(&s, 3); // older than the last learner's, and right
    assert_true(s.world.model.version == 3);
    work_until_idle(&s);
    listen(&s);
    assert_int_equal(s.results, 0);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_has_weights),
        cmocka_unit_test(test_tasks),
        cmocka_unit_test(test_old_tasks_are_dropped),
        cmocka_unit_test(test_impossible_task),
        cmocka_unit_test(test_nonsense_and_stop),
        cmocka_unit_test(test_new_learner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// The dispatcher, message by message.
#include "dispatch_fixture.h"

struct desk {
    struct dispatch *dispatch;
    struct puppet workers[4]; // by rank; 0 is the learner
    struct outbox out, worker_out;
    int64_t now_ms;
};

static void desk_open(struct desk *k)
{
    struct dispatch_config config = fixture_config(4);
    *k = (struct desk){0};
    assert_ok(dispatch_new(&k->dispatch, &config, 0));
    for (int r = 1; r < 4; r++)
        k->workers[r] = puppet_make(r, 100 + (uint64_t)r);
}

static void desk_close(struct desk *k)
{
    for (int r = 1; r < 4; r++)
        puppet_free(&k->workers[r]);
    outbox_free(&k->out);
    outbox_free(&k->worker_out);
    dispatch_free(k->dispatch);
}

// The learner's messages reach the workers; returns how many there were.
static size_t deliver(struct desk *k)
{
    size_t n = k->out.n;
    for (size_t i = 0; i < n; i++) {
        const struct outgoing *o = &k->out.items[i];
        struct buf bytes = {0};
        buf_append(&bytes, o->head, o->head_len);
        if (o->tail)
            buf_append(&bytes, o->tail->data + o->tail_offset, o->tail_len);
        puppet_receive(&k->workers[o->rank], bytes.data, bytes.len, k->now_ms);
        buf_free(&bytes);
    }
    outbox_free(&k->out);
    return n;
}

// What worker `rank` has queued reaches the learner.
static enum status hand_in(struct desk *k, int rank)
{
    enum status st = OK;
    for (size_t i = 0; i < k->worker_out.n && st == OK; i++)
        st = dispatch_receive(k->dispatch, rank, k->worker_out.items[i].head,
                              k->worker_out.items[i].head_len, k->now_ms, &k->out);
    outbox_free(&k->worker_out);
    return st;
}

static void join(struct desk *k, int rank)
{
    puppet_hello(&k->workers[rank], &k->worker_out);
    puppet_lease(&k->workers[rank], &k->worker_out);
    assert_ok(hand_in(k, rank));
}

static void beat(struct desk *k, int rank)
{
    puppet_lease(&k->workers[rank], &k->worker_out);
    assert_ok(hand_in(k, rank));
}

static void begin(struct desk *k, size_t n, int32_t parts)
{
    struct msg_task tasks[16];
    struct blob *weights = fixture_weights(1);
    for (size_t i = 0; i < n; i++)
        tasks[i] = fixture_task(i, 1);
    assert_ok(dispatch_publish(k->dispatch, 1, weights, &k->out));
    blob_drop(weights);
    assert_ok(dispatch_begin(k->dispatch, tasks, n, parts, k->now_ms, &k->out));
}

static struct msg_task *held_task(struct desk *k, int rank, int32_t i)
{
    assert_true(i < k->workers[rank].n_held);
    return &k->workers[rank].held[i].m.as.task;
}

static void drop_held(struct puppet *p, int32_t i)
{
    message_free(&p->held[i].m);
    p->held[i] = p->held[--p->n_held];
}

// Work goes in prompt order to those who asked, no more than they asked for.
static void test_fair_shares(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    for (int r = 1; r < 4; r++)
        join(&k, r);
    begin(&k, 5, 1);
    deliver(&k);
    for (int r = 1; r < 4; r++) {
        assert_int_equal(k.workers[r].n_held, r < 3 ? 2 : 1);
        assert_int_equal(held_task(&k, r, 0)->prompt_id, 40 + r - 1);
        assert_int_equal(held_task(&k, r, 0)->child_count, 4);
    }
    beat(&k, 3); // would take one more: there is none
    deliver(&k);
    assert_int_equal(k.workers[3].n_held, 1);
    assert_null(dispatch_tree(k.dispatch, 0));
    assert_null(dispatch_tree(k.dispatch, 99));
    assert_int_equal(dispatch_workers(k.dispatch), 3);
    desk_close(&k);
}

// A heartbeat that crossed with a TASK asks for it once more: it is not given twice.
static void test_no_more_than_asked(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    join(&k, 1);
    begin(&k, 6, 1);
    beat(&k, 1);
    deliver(&k);
    assert_int_equal(k.workers[1].tasks_heard, 2);
    desk_close(&k);
}

// An expired lease is not given to the one that still works on it, and what it sends
// late is taken.
static void test_late_result(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    join(&k, 1);
    begin(&k, 1, 1);
    deliver(&k);
    for (k.now_ms = 0; k.now_ms <= 2 * LEASE_MS; k.now_ms += 500) {
        beat(&k, 1);
        assert_ok(dispatch_tick(k.dispatch, k.now_ms, &k.out));
        deliver(&k);
    }
    struct worker_report r;
    dispatch_worker_report(k.dispatch, 0, &r);
    assert_int_equal(r.expired_leases, 1);
    assert_int_equal(k.workers[1].tasks_heard, 1);
    puppet_result(&k.workers[1], held_task(&k, 1, 0), &k.worker_out);
    assert_ok(hand_in(&k, 1));
    assert_true(dispatch_done(k.dispatch));
    desk_close(&k);
}

static void test_parts(void **state)
{
    (void)state;
    static const int32_t firsts[] = {0, 2, 3}, counts[] = {2, 1, 1};
    struct desk k;
    desk_open(&k);
    k.workers[1].capacity = 4;
    join(&k, 1);
    begin(&k, 1, 3);
    deliver(&k);
    assert_int_equal(k.workers[1].n_held, 3);
    for (int32_t i = 0; i < 3; i++) {
        struct msg_task *t = held_task(&k, 1, i);
        assert_int_equal(t->first_child, firsts[i]);
        assert_int_equal(t->child_count, counts[i]);
    }
    for (int32_t i = 3; i-- > 0;) {
        assert_false(dispatch_done(k.dispatch));
        puppet_result(&k.workers[1], held_task(&k, 1, i), &k.worker_out);
        puppet_result(&k.workers[1], held_task(&k, 1, i), &k.worker_out); // twice
        assert_ok(hand_in(&k, 1));
    }
    assert_true(dispatch_done(k.dispatch));
    assert_true(tree_hash(HASH_START, dispatch_tree(k.dispatch, 0)) ==
                fixture_tree_hash(held_task(&k, 1, 0)));
    desk_close(&k);
}

// Slices go out as they are acknowledged, and again where nothing moves.
static void test_weights(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    begin(&k, 0, 1);
    outbox_free(&k.out);
    join(&k, 1);
    assert_int_equal(k.out.n, 2); // slices_ahead
    outbox_free(&k.out);          // both are lost
    k.now_ms += 150;
    beat(&k, 1);
    assert_int_equal(k.out.n, 1); // an answer: too early to give up
    assert_int_equal(deliver(&k), 1);
    assert_int_equal(k.workers[1].bytes, 0);
    k.now_ms += 150;
    for (int i = 0; i < 3; i++) {
        beat(&k, 1);
        deliver(&k);
    }
    assert_true(k.workers[1].version == 1);
    struct blob *right = fixture_weights(1);
    assert_memory_equal(k.workers[1].weights, right->data, WEIGHT_BYTES);
    blob_drop(right);
    beat(&k, 1);
    assert_int_equal(deliver(&k), 1);
    desk_close(&k);
}

static void test_lost_task_is_sent_again(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    join(&k, 1);
    begin(&k, 1, 1);
    outbox_free(&k.out); // lost
    beat(&k, 1);
    deliver(&k);
    assert_int_equal(k.workers[1].n_held, 0); // it may still be on its way
    k.now_ms += 250;
    beat(&k, 1);
    deliver(&k);
    assert_int_equal(k.workers[1].n_held, 1);
    uint64_t lease = held_task(&k, 1, 0)->lease;
    drop_held(&k.workers[1], 0); // its RESULT is lost
    beat(&k, 1);
    k.now_ms += 250;
    beat(&k, 1);
    deliver(&k);
    assert_true(held_task(&k, 1, 0)->lease == lease);
    desk_close(&k);
}

static void test_other_model_is_refused(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    k.workers[2].model_hash = 1;
    begin(&k, 2, 1);
    join(&k, 2);
    deliver(&k);
    assert_true(k.workers[2].refused);
    assert_int_equal(k.workers[2].n_held, 0);
    k.now_ms = START_MS + 1;
    assert_int_equal(dispatch_tick(k.dispatch, k.now_ms, &k.out), ERR_TIMEOUT);
    assert_non_null(strstr(status_message(), "rank 2 was refused"));
    desk_close(&k);
}

static void test_nobody_comes(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    assert_ok(dispatch_tick(k.dispatch, START_MS, &k.out));
    assert_int_equal(dispatch_tick(k.dispatch, START_MS + 1, &k.out), ERR_TIMEOUT);
    assert_non_null(
        strstr(status_message(), "no worker has said HELLO within 3001 ms"));
    desk_close(&k);
}

static void test_the_last_one_falls_silent(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    join(&k, 1);
    join(&k, 3);
    k.now_ms = 1000;
    beat(&k, 3);
    assert_ok(dispatch_tick(k.dispatch, 1000 + SILENCE_MS, &k.out));
    assert_int_equal(dispatch_tick(k.dispatch, 1001 + SILENCE_MS, &k.out), ERR_TIMEOUT);
    assert_non_null(
        strstr(status_message(), "rank 3, its last message LEASE, 1601 ms ago"));
    k.now_ms = 1002 + SILENCE_MS;
    beat(&k, 1); // it was only asleep
    assert_ok(dispatch_tick(k.dispatch, k.now_ms, &k.out));
    desk_close(&k);
}

static void spoil(struct tree *t, int how)
{
    static int32_t other[] = {1, 2, 4};
    switch (how) {
    case 0:
        t->prompt_id++;
        break;
    case 1:
        t->policy_version++;
        break;
    case 2:
        t->step++;
        break;
    case 3:
        memcpy(t->tokens, other, sizeof other);
        break;
    case 4:
        t->tokens[t->n_tokens - 1] = VOCAB;
        break;
    case 5:
        t->log_probs[t->n_tokens - 1] = 0.5F;
        break;
    case 6:
        t->nodes[0].branching++;
        break;
    case 7:
        t->nodes[t->n_nodes - 1].reward = 2;
        break;
    default:
        t->nodes[t->n_nodes - 1].end = NODE_LENGTH;
        t->nodes[t->n_nodes - 1].reward = 1;
    }
}
enum { SPOILS = 10 };

static enum status hand_in_spoilt(struct desk *k, int rank, const struct msg_task *task,
                                  int how)
{
    struct message m = {.type = MSG_RESULT};
    m.as.result.lease = task->lease;
    fixture_tree(&m.as.result.tree, task);
    if (how == SPOILS - 1) // more than the prompt has
        m.as.result.prefilled = (int32_t)task->n_prompt + 1;
    else
        spoil(&m.as.result.tree, how);
    puppet_say(&k->workers[rank], &m, &k->worker_out);
    tree_free(&m.as.result.tree);
    return hand_in(k, rank);
}

static int64_t rejected(const struct desk *k, size_t i)
{
    struct worker_report r;
    dispatch_worker_report(k->dispatch, i, &r);
    return r.rejected_messages;
}

// Of the batch's results: what of the prompts was computed, as the workers say.
static void test_prompt_tokens(void **state)
{
    struct desk k;
    int64_t all = 0;
    (void)state;
    desk_open(&k);
    join(&k, 1);
    for (int round = 0; round < 2; round++) {
        begin(&k, 2, 1);
        deliver(&k);
        struct prompt_tokens p = dispatch_prompt_tokens(k.dispatch);
        assert_true(p.all == 0 && p.computed == 0);
        all = 0;
        for (int i = 0; i < 2; i++) {
            const struct msg_task *task = held_task(&k, 1, i);
            struct message m = {.type = MSG_RESULT};
            m.as.result.lease = task->lease;
            m.as.result.prefilled = 1 + i;
            all += (int64_t)task->n_prompt;
            fixture_tree(&m.as.result.tree, task);
            for (int twice = 0; twice < 2; twice++) { // a copy counts once
                puppet_say(&k.workers[1], &m, &k.worker_out);
                assert_ok(hand_in(&k, 1));
            }
            tree_free(&m.as.result.tree);
        }
        p = dispatch_prompt_tokens(k.dispatch);
        assert_int_equal(p.all, all);
        assert_int_equal(p.computed, 3);
        drop_held(&k.workers[1], 1);
        drop_held(&k.workers[1], 0);
        beat(&k, 1);
    }
    assert_true(all > 0);
    desk_close(&k);
}

// No spoilt tree is taken; what the worker held goes to another.
static void test_spoilt_results(void **state)
{
    (void)state;
    for (int how = 0; how < SPOILS; how++) {
        struct desk k;
        desk_open(&k);
        join(&k, 1);
        begin(&k, 2, 1);
        deliver(&k);
        join(&k, 2);
        deliver(&k);
        assert_int_equal(k.workers[2].n_held, 0);
        assert_ok(hand_in_spoilt(&k, 1, held_task(&k, 1, 0), how));
        if (rejected(&k, 0) != 1)
            fail_msg("spoilt result %d was taken", how);
        assert_int_equal(dispatch_complete(k.dispatch), 0);
        assert_ok(dispatch_tick(k.dispatch, k.now_ms, &k.out));
        deliver(&k);
        assert_int_equal(k.workers[2].n_held, 2);
        desk_close(&k);
    }
}

static void send_noise(struct desk *k, int rank)
{
    static const uint8_t noise[] = {0xc1, 1, 2, 3};
    assert_ok(
        dispatch_receive(k->dispatch, rank, noise, sizeof noise, k->now_ms, &k->out));
}

// Three senseless messages in a row and a worker is out, until it starts anew; the
// fourth start is not believed any more.
static void test_shut_out(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    join(&k, 1);
    join(&k, 2);
    send_noise(&k, 3); // never said HELLO
    for (uint64_t start = 0; start < 5; start++) {
        k.workers[1].incarnation = 500 + start;
        join(&k, 1);
        begin(&k, 1, 1);
        deliver(&k);
        int works = k.workers[1].n_held > 0 || k.workers[2].n_held == 0;
        struct worker_report r;
        dispatch_worker_report(k.dispatch, 0, &r);
        assert_int_equal(r.alive, start < 4);
        assert_true(works || start > 0);
        for (int i = 0; i < 3; i++)
            send_noise(&k, 1);
        dispatch_worker_report(k.dispatch, 0, &r);
        assert_int_equal(r.alive, 0);
        beat(&k, 1);
        assert_true(deliver(&k) > 0); // still answered, so that it does not time out
        puppet_free(&k.workers[1]);
        puppet_free(&k.workers[2]);
    }
    desk_close(&k);
}

// A right result in between makes up for it.
static void test_strikes_are_in_a_row(void **state)
{
    (void)state;
    struct desk k;
    struct worker_report r;
    desk_open(&k);
    join(&k, 1);
    begin(&k, 1, 1);
    deliver(&k);
    for (int i = 0; i < 2; i++)
        send_noise(&k, 1);
    puppet_result(&k.workers[1], held_task(&k, 1, 0), &k.worker_out);
    assert_ok(hand_in(&k, 1));
    for (int i = 0; i < 2; i++)
        send_noise(&k, 1);
    dispatch_worker_report(k.dispatch, 0, &r);
    assert_int_equal(r.rejected_messages, 4);
    assert_true(r.alive);
    desk_close(&k);
}

static void say_fault(struct desk *k, int rank, const char *text)
{
    struct message m = {.type = MSG_FAULT};
    (void)snprintf(m.as.fault.text, sizeof m.as.fault.text, "%s", text);
    puppet_say(&k->workers[rank], &m, &k->worker_out);
}

static void fault_held(struct desk *k, int rank)
{
    char text[64];
    (void)snprintf(text, sizeof text, "lease %llu: too long",
                   (unsigned long long)held_task(k, rank, 0)->lease);
    say_fault(k, rank, text);
}

// A task that two workers cannot do is the job's fault.
static void test_poison(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    join(&k, 1);
    begin(&k, 1, 1);
    join(&k, 2);
    deliver(&k);
    fault_held(&k, 1);
    fault_held(&k, 1); // a copy
    drop_held(&k.workers[1], 0);
    assert_ok(hand_in(&k, 1));
    assert_ok(dispatch_tick(k.dispatch, k.now_ms, &k.out));
    beat(&k, 1);
    deliver(&k);
    assert_int_equal(k.workers[1].n_held, 0);
    fault_held(&k, 2);
    assert_int_equal(hand_in(&k, 2), ERR_INPUT);
    assert_non_null(strstr(status_message(), "rank 2 cannot expand its task"));
    assert_non_null(strstr(status_message(), "too long"));
    desk_close(&k);
}

static void test_poison_alone(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    join(&k, 1);
    begin(&k, 1, 1);
    deliver(&k);
    fault_held(&k, 1);
    assert_int_equal(hand_in(&k, 1), ERR_INPUT);
    desk_close(&k);
}

// A worker that cannot go on: its tasks go to the others at once.
static void test_failed_worker(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    join(&k, 1);
    begin(&k, 2, 1);
    join(&k, 2);
    deliver(&k);
    assert_int_equal(k.workers[2].n_held, 0);
    say_fault(&k, 1, "out of memory");
    assert_ok(hand_in(&k, 1));
    assert_ok(dispatch_tick(k.dispatch, k.now_ms, &k.out));
    deliver(&k);
    assert_int_equal(k.workers[2].n_held, 2);
    desk_close(&k);
}

// Messages of a worker's former life, or before its HELLO, count for nothing.
static void test_former_life(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    begin(&k, 1, 1);
    beat(&k, 1);
    assert_int_equal(dispatch_workers(k.dispatch), 0);
    assert_int_equal(deliver(&k), 0);
    join(&k, 1);
    deliver(&k);
    assert_int_equal(k.workers[1].n_held, 1);
    struct msg_task task = *held_task(&k, 1, 0);
    puppet_result(&k.workers[1], &task, &k.worker_out);
    struct outbox late = k.worker_out;
    k.worker_out = (struct outbox){0};
    k.workers[1].incarnation = 900;
    k.workers[1].version = NONE;
    puppet_free(&k.workers[1]);
    join(&k, 1);
    deliver(&k);
    assert_int_equal(k.workers[1].n_held, 1); // at once
    k.worker_out = late;
    assert_ok(hand_in(&k, 1));
    assert_int_equal(dispatch_complete(k.dispatch), 0);
    desk_close(&k);
}

static void test_stop(void **state)
{
    (void)state;
    struct desk k;
    desk_open(&k);
    join(&k, 1);
    join(&k, 3);
    outbox_free(&k.out);
    assert_ok(dispatch_stop(k.dispatch, &k.out));
    assert_int_equal(k.out.n, 2);
    outbox_free(&k.out); // lost
    beat(&k, 3);
    deliver(&k);
    assert_true(k.workers[3].stopped);
    assert_ok(dispatch_tick(k.dispatch, 100 * SILENCE_MS, &k.out));
    desk_close(&k);
}

// A short life, with messages that were made beforehand.
static enum status short_life(struct outbox *in, struct blob *weights)
{
    const struct dispatch_config config = fixture_config(4);
    const struct msg_task task = fixture_task(0, 1);
    struct dispatch *d = NULL;
    struct outbox out = {0};
    enum status st;
    TRY_OUT(dispatch_new(&d, &config, 0));
    TRY_OUT(dispatch_publish(d, 1, weights, &out));
    TRY_OUT(dispatch_begin(d, &task, 1, 2, 0, &out));
    for (size_t i = 0; i < in->n; i++)
        TRY_OUT(
            dispatch_receive(d, 1, in->items[i].head, in->items[i].head_len, 0, &out));
    TRY_OUT(dispatch_tick(d, 1, &out));
    assert_true(dispatch_done(d));
    TRY_OUT(dispatch_stop(d, &out));
out:
    outbox_free(&out);
    dispatch_free(d);
    return st;
}

static void test_no_memory(void **state)
{
    (void)state;
    struct puppet p = puppet_make(1, 1);
    struct outbox in = {0};
    struct blob *weights = fixture_weights(1);
    struct msg_task part = fixture_task(0, 1);
    int failures = 0;
    puppet_hello(&p, &in);
    puppet_lease(&p, &in);
    part.child_count = 2;
    for (part.lease = (uint64_t)9 << 32; part.first_child < 4; part.lease++) {
        puppet_result(&p, &part, &in);
        part.first_child += 2;
    }
    for (long n = 1;; n++) {
        mem_fail_nth(n);
        enum status st = short_life(&in, weights);
        mem_fail_nth(0);
        if (st == OK)
            break;
        assert_int_equal(st, ERR_NOMEM);
        failures++;
    }
    assert_true(failures > 20);
    assert_int_equal(weights->references, 1);
    blob_drop(weights);
    outbox_free(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fair_shares),
        cmocka_unit_test(test_no_more_than_asked),
        cmocka_unit_test(test_late_result),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_lost_task_is_sent_again),
        cmocka_unit_test(test_other_model_is_refused),
        cmocka_unit_test(test_nobody_comes),
        cmocka_unit_test(test_the_last_one_falls_silent),
        cmocka_unit_test(test_prompt_tokens),
        cmocka_unit_test(test_spoilt_results),
        cmocka_unit_test(test_shut_out),
        cmocka_unit_test(test_strikes_are_in_a_row),
        cmocka_unit_test(test_poison),
        cmocka_unit_test(test_poison_alone),
        cmocka_unit_test(test_failed_worker),
        cmocka_unit_test(test_former_life),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

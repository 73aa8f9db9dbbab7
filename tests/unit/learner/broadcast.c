// The learner's side of the broadcast group, where the whole cluster is too coarse:
// layers that leave during the update, the copy on the host that is made on demand,
// orders that are lost, reports that do not come.  Worker 1 is its NCCL group and hand-
// made messages.
#include "learner/broadcast.h"

#include "dispatch_fixture.h"

#include "learner/publish.h"

#include "../comm/nccl_fake.h"

enum { CHUNK = 256, DEADLINE = 1000, MAX_ORDERS = 64 };

struct stage {
    struct fake_net *net;
    struct nccl_group *root, *mine;
    struct dispatch *dispatch;
    struct model model;
    struct broadcast *broadcast;
    struct outbox out;
    int64_t now_ms;
    uint8_t *buffer; // worker 1's
    size_t bytes;
    // What worker 1 says every 50 ms.
    uint64_t version;
    uint32_t generation;
    enum group_state state;
    int mute;
    // What was sent to worker 1.
    struct msg_group orders[MAX_ORDERS];
    int n_orders;
    size_t slice_bytes[3]; // to each rank
};

static struct nccl_group *group(struct stage *s, int rank, int size)
{
    struct nccl_calls calls = fake_calls(s->net, rank);
    const struct nccl_group_options opt = {.rank = rank,
                                           .size = size,
                                           .chunk_bytes = CHUNK,
                                           .join_ms = DEADLINE,
                                           .broadcast_ms = DEADLINE};
    struct nccl_group *g = NULL;
    assert_ok(nccl_group_new(&g, &calls, &opt));
    return g;
}

static void stage_open(struct stage *s, int ranks)
{
    const struct dispatch_config c = fixture_config(ranks);
    const struct model_config shape = {.vocab = VOCAB,
                                       .dim = 8,
                                       .layers = 1,
                                       .heads = 2,
                                       .kv_heads = 1,
                                       .head_dim = 4,
                                       .ffn = 8,
                                       .max_positions = 16,
                                       .rms_epsilon = 1e-5F,
                                       .rope_theta = 10000.0,
                                       .eos = 0,
                                       .bos = -1};
    *s = (struct stage){.net = fake_net(1, 1, 1), .now_ms = 1000, .version = NONE};
    assert_ok(model_new(&s->model, &shape));
    model_randomize(&s->model, rng_root(3, RNG_INIT));
    s->bytes = s->model.layout.total * sizeof(float);
    assert_ok(mem_new(&s->buffer, s->bytes, 1));
    s->root = group(s, 0, ranks);
    s->mine = group(s, 1, ranks);
    assert_ok(dispatch_new(&s->dispatch, &c, s->now_ms));
    assert_ok(
        broadcast_new(&s->broadcast, s->root, &c, s->dispatch, &s->model, s->now_ms));
    assert_ok(broadcast_start(s->broadcast, &s->out));
}

static void stage_close(struct stage *s)
{
    broadcast_free(s->broadcast);
    dispatch_free(s->dispatch);
    outbox_free(&s->out);
    nccl_group_free(s->mine);
    nccl_group_free(s->root);
    fake_net_free(s->net);
    mem_free(s->buffer);
    model_free(&s->model);
}

static void hear(struct stage *s, int rank, struct message *m)
{
    struct buf bytes = {0};
    m->incarnation = 100 + (uint64_t)rank;
    assert_ok(message_encode(&bytes, m));
    assert_ok(
        dispatch_receive(s->dispatch, rank, bytes.data, bytes.len, s->now_ms, &s->out));
    buf_free(&bytes);
}

static void hello(struct stage *s, int rank)
{
    struct message m = {.type = MSG_HELLO};
    m.as.hello = (struct msg_hello){.model_hash = MODEL_HASH, .threads = 1};
    hear(s, rank, &m);
}

static void lease(struct stage *s, int rank, uint64_t version, uint32_t generation,
                  enum group_state state)
{
    struct message m = {.type = MSG_LEASE};
    m.as.lease = (struct msg_lease){.weights_version = version,
                                    .weights_incoming = NONE,
                                    .generation = generation,
                                    .group = state};
    hear(s, rank, &m);
}

// Sorts what was sent.
static void deliver(struct stage *s)
{
    for (size_t i = 0; i < s->out.n; i++) {
        const struct outgoing *o = &s->out.items[i];
        struct message m = {0};
        s->slice_bytes[o->rank] += o->tail_len;
        if (o->tail_len > 0)
            continue;
        assert_ok(message_decode(&m, o->head, o->head_len));
        if (m.type == MSG_GROUP && o->rank == 1) {
            assert_true(s->n_orders < MAX_ORDERS);
            assert_int_equal(m.as.group.worker, 101);
            s->orders[s->n_orders] = m.as.group;
            s->orders[s->n_orders++].excluded = NULL;
        }
        message_free(&m);
    }
    outbox_free(&s->out);
}

static void tick(struct stage *s, int64_t ms)
{
    struct nccl_event e;
    for (int64_t until = s->now_ms + ms; s->now_ms < until; s->now_ms += 5) {
        assert_ok(dispatch_tick(s->dispatch, s->now_ms, &s->out));
        assert_ok(broadcast_tick(s->broadcast, s->now_ms, &s->out));
        deliver(s);
        nccl_group_poll(s->mine, s->now_ms, &e);
        if (s->now_ms % 50 == 0 && !s->mute)
            lease(s, 1, s->version, s->generation, s->state);
    }
}

// Worker 1 says from now on, and at once.
static void says(struct stage *s, uint64_t version, uint32_t generation,
                 enum group_state state)
{
    s->version = version;
    s->generation = generation;
    s->state = state;
    lease(s, 1, version, generation, state);
    tick(s, 5);
}

static const struct msg_group *last(const struct stage *s)
{
    assert_true(s->n_orders > 0);
    return &s->orders[s->n_orders - 1];
}

static void obey(struct stage *s)
{
    const struct msg_group *o = last(s);
    if (o->order == GROUP_JOIN)
        assert_ok(nccl_group_join(s->mine, o->id, s->now_ms));
    else if (o->order == GROUP_BROADCAST)
        assert_ok(
            nccl_group_begin(s->mine, s->buffer, o->bytes, o->version, s->now_ms));
}

// Two ranks that have joined and sent the first version.
static void take_off(struct stage *s)
{
    hello(s, 1);
    tick(s, 10);
    assert_int_equal(last(s)->order, GROUP_JOIN);
    obey(s);
    tick(s, 40);
    assert_int_equal(last(s)->order, GROUP_BROADCAST);
    assert_int_equal(last(s)->version, 0);
    assert_int_equal(last(s)->bytes, s->bytes);
    obey(s);
    s->generation = 1;
    tick(s, 200);
    assert_false(broadcast_may_begin(s->broadcast, s->now_ms)); // it has not said so
    says(s, 0, 1, GROUP_READY);
    assert_true(broadcast_may_begin(s->broadcast, s->now_ms));
    assert_memory_equal(s->buffer, s->model.params, s->bytes);
}

// Chunks leave while the update is under way, and none before it is final.
static void test_layers_leave_early(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 2);
    take_off(&s);
    long before = s.net->broadcasts;
    assert_ok(broadcast_begin(s.broadcast, 1, s.now_ms, &s.out));
    assert_false(broadcast_may_begin(s.broadcast, s.now_ms));
    deliver(&s);
    assert_int_equal(last(&s)->version, 1);
    obey(&s);
    tick(&s, 50);
    assert_int_equal(s.net->broadcasts, before);
    struct training_watch w = broadcast_watch(s.broadcast, s.now_ms);
    for (size_t ready = 0; ready <= s.bytes / 2; ready += 100) {
        memset((uint8_t *)s.model.params + ready, 0x11, 100);
        for (int i = 0; i < 4; i++) // the fake is busy for a while
            assert_ok(w.ready(w.context, ready + 100));
        assert_int_equal(s.net->broadcasts - before, (ready + 100) / CHUNK);
    }
    memset(s.model.params, 0x11, s.bytes);
    assert_ok(w.ready(w.context, s.bytes));
    s.model.version = 1;
    assert_ok(broadcast_publish(s.broadcast, &s.out));
    tick(&s, 200);
    says(&s, 1, 1, GROUP_READY);
    assert_true(broadcast_may_begin(s.broadcast, s.now_ms));
    assert_memory_equal(s.buffer, s.model.params, s.bytes);
    struct broadcast_stats stats = broadcast_stats(s.broadcast);
    assert_int_equal(stats.ranks, 1);
    assert_true(stats.bytes == (double)s.bytes && stats.seconds > 0);
    assert_int_equal(s.slice_bytes[1], 0);
    stage_close(&s);
}

// Nothing is copied on the host unless a rank needs it, and only that one gets slices.
static void test_copy_on_demand(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 3);
    hello(&s, 1);
    tick(&s, START_MS + 10); // rank 2 does not come
    assert_int_equal(last(&s)->order, GROUP_JOIN);
    assert_true(s.slice_bytes[1] > 0); // the first version did not wait so long
    assert_ok(nccl_group_shrink(s.mine, (int[]){2}, 1, s.now_ms));
    obey(&s);
    tick(&s, 30);
    says(&s, 0, 2, GROUP_READY);
    s.slice_bytes[1] = 0;
    for (uint64_t version = 1; version <= 2; version++) {
        assert_true(broadcast_may_begin(s.broadcast, s.now_ms));
        assert_ok(broadcast_begin(s.broadcast, version, s.now_ms, &s.out));
        deliver(&s);
        obey(&s);
        struct training_watch w = broadcast_watch(s.broadcast, s.now_ms);
        assert_ok(w.ready(w.context, s.bytes));
        s.model.version = version;
        if (version == 2) { // late, and the published version is no more
            hello(&s, 2);
            lease(&s, 2, NONE, 0, GROUP_NONE);
            tick(&s, 5);
            assert_true(dispatch_wants_weights(s.dispatch));
            assert_int_equal(s.slice_bytes[2], 0);
        }
        assert_ok(broadcast_publish(s.broadcast, &s.out));
        tick(&s, 100);
        says(&s, version, 2, GROUP_READY);
    }
    assert_true(s.slice_bytes[2] > 0);
    assert_int_equal(s.slice_bytes[1], 0);
    stage_close(&s);
}

static void test_orders_are_repeated(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 2);
    hello(&s, 1);
    s.mute = 1;
    tick(&s, 300);
    assert_int_equal(s.n_orders, 1); // to a rank that says nothing, nothing is repeated
    lease(&s, 1, NONE, 0, GROUP_NONE);
    tick(&s, 100);
    assert_int_equal(s.n_orders, 2);
    assert_memory_equal(s.orders[0].id, s.orders[1].id, NCCL_ID_BYTES);
    obey(&s);
    tick(&s, 40);
    assert_int_equal(last(&s)->order, GROUP_BROADCAST);
    int n = s.n_orders;
    for (int i = 0; i < 6; i++) {
        lease(&s, 1, NONE, 1, GROUP_READY);
        tick(&s, 100);
    }
    assert_in_range(s.n_orders, n + 1, n + 3);
    assert_int_equal(last(&s)->order, GROUP_BROADCAST);
    stage_close(&s);
}

// All bytes have left, and the worker says everything but that it has them.
static void test_no_report(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 2);
    hello(&s, 1);
    tick(&s, 10);
    obey(&s);
    tick(&s, 40);
    obey(&s);
    says(&s, NONE, 1, GROUP_BROADCASTING);
    tick(&s, 600);
    assert_int_equal(broadcast_stats(s.broadcast).breaks, 1);
    assert_int_equal(broadcast_stats(s.broadcast).ranks, 0);
    assert_true(s.slice_bytes[1] > 0);
    assert_true(broadcast_may_begin(s.broadcast, s.now_ms)); // all has left
    tick(&s, 200);
    assert_int_equal(last(&s)->order, GROUP_JOIN); // nobody is at fault
    assert_int_equal(last(&s)->generation, 2);
    stage_close(&s);
}

// No id can be had: given up, and from then on published at once.
static void test_given_up(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 2);
    hello(&s, 1);
    for (int i = 0; i < BROADCAST_FAILURES; i++) {
        s.net->ranks[0] = (struct fake_rank){
            .net = s.net, .at = FAKE_UNIQUE_ID, .nth = 1, .fault = FAKE_ERROR};
        for (int k = 0; broadcast_stats(s.broadcast).breaks == i; k++) {
            assert_true(k < 100);
            tick(&s, 5);
        }
        tick(&s, 5);
        assert_true(s.slice_bytes[1] > 0); // the start goes on
    }
    tick(&s, 5);
    assert_int_equal(broadcast_stats(s.broadcast).breaks, BROADCAST_FAILURES);
    assert_int_equal(nccl_group_state(s.root), NCCL_GROUP_BROKEN);
    assert_true(broadcast_may_begin(s.broadcast, s.now_ms));
    assert_ok(broadcast_begin(s.broadcast, 1, s.now_ms, &s.out));
    s.model.version = 1;
    s.slice_bytes[1] = 0;
    assert_ok(broadcast_publish(s.broadcast, &s.out));
    deliver(&s);
    assert_true(s.slice_bytes[1] > 0);
    assert_int_equal(broadcast_stats(s.broadcast).ranks, 0);
    stage_close(&s);
}

// The image is not touched while a broken broadcast may still read it.
static void test_broken_image_is_kept(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 2);
    hello(&s, 1);
    tick(&s, 10);
    obey(&s);
    tick(&s, 40);
    assert_int_equal(last(&s)->order, GROUP_BROADCAST); // worker 1 does not begin
    says(&s, NONE, 1, GROUP_READY);
    for (int i = 0; broadcast_stats(s.broadcast).breaks == 0; i++) {
        assert_true(i < 100);
        tick(&s, 20);
    }
    assert_int_equal(nccl_group_state(s.root), NCCL_GROUP_BROKEN);
    assert_false(broadcast_may_begin(s.broadcast, s.now_ms));
    tick(&s, 5); // the wish for it has brought the judgement about
    assert_int_equal(last(&s)->order, GROUP_JOIN);
    assert_int_equal(nccl_group_state(s.root), NCCL_GROUP_JOINING);
    assert_true(broadcast_may_begin(s.broadcast, s.now_ms));
    stage_close(&s);
}

static void test_misuse_and_memory(void **state)
{
    (void)state;
    struct stage s;
    struct broadcast *b = NULL;
    struct dispatch_config c = fixture_config(2);
    stage_open(&s, 2);
    for (long n = 1; n <= 4; n++) {
        mem_fail_nth(n);
        assert_int_equal(broadcast_new(&b, s.root, &c, s.dispatch, &s.model, 0),
                         ERR_NOMEM);
    }
    mem_fail_nth(0);
    assert_int_equal(broadcast_new(&b, s.mine, &c, s.dispatch, &s.model, 0),
                     ERR_INTERNAL);
    c.ranks = 3;
    assert_int_equal(broadcast_new(&b, s.root, &c, s.dispatch, &s.model, 0),
                     ERR_INTERNAL);
    assert_null(b);
    broadcast_free(NULL);
    struct blob *wrong = NULL; // not as many bytes as were announced
    assert_ok(blob_new(&wrong, s.bytes - 1));
    assert_int_equal(dispatch_supply(s.dispatch, wrong, &s.out), ERR_INTERNAL);
    blob_drop(wrong);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers_leave_early),
        cmocka_unit_test(test_copy_on_demand),
        cmocka_unit_test(test_orders_are_repeated),
        cmocka_unit_test(test_no_report),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_broken_image_is_kept),
        cmocka_unit_test(test_misuse_and_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

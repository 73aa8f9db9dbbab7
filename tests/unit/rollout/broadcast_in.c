// The worker's side of the broadcast group: orders in any order, twice, for another,
// and versions that come both ways at once.  The learner is the root's group and
// messages.
#include "fixture.h"

#include "base/mem.h"
#include "rollout/worker.h"

#include "../comm/nccl_fake.h"

enum { CHUNK = 4096, DEADLINE = 500, SELF = 5 };
#define NO_VERSION ((uint64_t)-1)

struct stage {
    struct world world;
    struct fake_net *net;
    struct nccl_group *root, *mine;
    struct worker *worker;
    struct outbox out;
    uint64_t learner; // incarnation
    int64_t now_ms;
    uint8_t id[NCCL_ID_BYTES];
    float *weights;
    size_t bytes;
    struct msg_lease lease; // the last; `held` is not kept
};

static struct nccl_group *group(struct stage *s, int rank)
{
    const struct nccl_group_options opt = {.rank = rank,
                                           .size = 3,
                                           .chunk_bytes = CHUNK,
                                           .join_ms = DEADLINE,
                                           .broadcast_ms = DEADLINE};
    return fake_group_new(s->net, &opt);
}

// Rank 2 never comes: it is excluded by the first order.
static void stage_open(struct stage *s, int with_group)
{
    *s = (struct stage){.learner = 77, .net = fake_net(1, 2, 3)};
    world_make(&s->world);
    s->root = group(s, 0);
    s->mine = with_group ? group(s, 1) : NULL;
    const struct worker_config c = {
        .incarnation = SELF,
        .model_hash = 99,
        .max_rows = 8,
        .kv_pages = 64,
        .prefetch = 3,
        .heartbeat_ms = 50,
        .silence_ms = 1000000,
        .delimiters = s->world.delimiters.ids,
        .n_delimiters = s->world.delimiters.len,
        .threads = 1,
        .group = s->mine,
    };
    s->bytes = s->world.model.layout.total * sizeof(float);
    assert_ok(mem_new(&s->weights, s->world.model.layout.total, sizeof *s->weights));
    assert_ok(worker_new(&s->worker, &c, &s->world.model, s->world.tokenizer));
    assert_ok(worker_start(s->worker, s->now_ms, &s->out));
    assert_ok(nccl_group_shrink(s->root, (int[]){2}, 1, 0));
    assert_ok(nccl_group_new_id(s->root, s->id));
}

static void stage_close(struct stage *s)
{
    worker_free(s->worker);
    outbox_free(&s->out);
    nccl_group_free(s->mine);
    nccl_group_free(s->root);
    fake_net_free(s->net);
    mem_free(s->weights);
    world_free(&s->world);
}

static void say(struct stage *s, struct message *m)
{
    struct buf bytes = {0};
    m->incarnation = s->learner;
    assert_ok(message_encode(&bytes, m));
    if (m->type == MSG_WEIGHTS)
        buf_append(&bytes, m->as.weights.data, m->as.weights.len);
    assert_ok(worker_receive(s->worker, 0, bytes.data, bytes.len, s->now_ms, &s->out));
    buf_free(&bytes);
}

static void order(struct stage *s, enum group_order what, uint32_t generation,
                  int32_t excluded)
{
    struct message m = {.type = MSG_GROUP};
    m.as.group = (struct msg_group){.order = what,
                                    .worker = SELF,
                                    .generation = generation,
                                    .excluded = &excluded,
                                    .n_excluded = 1};
    memcpy(m.as.group.id, s->id, sizeof s->id);
    say(s, &m);
}

static void announce(struct stage *s, uint32_t generation, uint64_t version,
                     size_t bytes, uint64_t worker)
{
    struct message m = {.type = MSG_GROUP};
    m.as.group = (struct msg_group){.order = GROUP_BROADCAST,
                                    .worker = worker,
                                    .generation = generation,
                                    .version = version,
                                    .bytes = bytes};
    say(s, &m);
}

static void fill(struct stage *s, uint64_t version)
{
    for (size_t i = 0; i < s->bytes / sizeof *s->weights; i++)
        s->weights[i] = (float)(version * 1000 + i % 997);
}

static void slice(struct stage *s, uint64_t version, size_t offset, size_t len)
{
    struct message m = {.type = MSG_WEIGHTS};
    fill(s, version);
    m.as.weights = (struct msg_weights){.version = version,
                                        .total_bytes = s->bytes,
                                        .offset = offset,
                                        .data = (uint8_t *)s->weights + offset,
                                        .len = len};
    say(s, &m);
}

static void listen(struct stage *s)
{
    for (size_t i = 0; i < s->out.n; i++) {
        struct message m = {0};
        assert_ok(message_decode(&m, s->out.items[i].head, s->out.items[i].head_len));
        if (m.type == MSG_LEASE)
            s->lease = m.as.lease;
        message_free(&m);
    }
    s->lease.held = NULL;
    outbox_free(&s->out);
}

static void rounds(struct stage *s, int n)
{
    for (int i = 0; i < n; i++) {
        struct nccl_event e;
        int worked;
        s->now_ms += 10;
        nccl_group_poll(s->root, s->now_ms, &e);
        assert_ok(worker_tick(s->worker, s->now_ms, &s->out));
        assert_ok(worker_work(s->worker, s->now_ms, &s->out, &worked));
        listen(s);
    }
}

static void join(struct stage *s)
{
    order(s, GROUP_JOIN, 2, 2);
    assert_ok(nccl_group_join(s->root, s->id, s->now_ms));
    rounds(s, 20);
    assert_int_equal(nccl_group_state(s->root), NCCL_GROUP_READY);
}

// The root's side of a broadcast of what `fill` makes of the version.
static void root_begins(struct stage *s, uint64_t version, size_t ready)
{
    fill(s, version);
    assert_ok(nccl_group_begin(s->root, s->weights, s->bytes, version, s->now_ms));
    assert_ok(nccl_group_ready_to(s->root, ready));
}

static void assert_has(struct stage *s, uint64_t version)
{
    fill(s, version);
    assert_int_equal(s->world.model.version, version);
    assert_memory_equal(s->world.model.params, s->weights, s->bytes);
    assert_int_equal(s->lease.weights_version, version);
}

// A broadcast that is ordered before the join it needs, and everything twice.
static void test_any_order(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1);
    announce(&s, 2, 7, s.bytes, SELF);
    announce(&s, 2, 7, s.bytes, SELF);
    rounds(&s, 3);
    assert_int_equal(s.lease.generation, 0);
    assert_int_equal(s.lease.group, GROUP_NONE);
    order(&s, GROUP_JOIN, 2, 2);
    order(&s, GROUP_JOIN, 2, 2); // the fake does not let a rank in twice
    assert_ok(nccl_group_join(s.root, s.id, 0));
    rounds(&s, 20);
    assert_int_equal(s.lease.generation, 2);
    assert_int_equal(s.lease.group, GROUP_BROADCASTING);
    root_begins(&s, 7, s.bytes);
    rounds(&s, 30);
    assert_has(&s, 7);
    assert_int_equal(s.lease.group, GROUP_READY);
    announce(&s, 2, 7, s.bytes, SELF); // a late copy
    announce(&s, 2, 6, s.bytes, SELF);
    rounds(&s, 5);
    assert_int_equal(s.lease.group, GROUP_READY);
    announce(&s, 2, 8, s.bytes, SELF);
    root_begins(&s, 8, s.bytes);
    rounds(&s, 30);
    assert_has(&s, 8);
    stage_close(&s);
}

static void test_not_for_this_one(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1);
    join(&s);
    announce(&s, 2, 7, s.bytes, SELF - 1); // of the process before
    announce(&s, 1, 7, s.bytes, SELF);     // of a group that is no more
    announce(&s, 2, NO_VERSION, s.bytes, SELF);
    rounds(&s, 5);
    assert_int_equal(s.lease.group, GROUP_READY);
    announce(&s, 2, 7, s.bytes - 4, SELF); // of another model
    rounds(&s, 5);
    assert_int_equal(s.lease.group, GROUP_READY);
    order(&s, GROUP_SHRINK, 4, 2); // one shrink was missed
    rounds(&s, 5);
    assert_int_equal(s.lease.generation, 2);
    stage_close(&s);
    stage_open(&s, 0); // without a group
    order(&s, GROUP_JOIN, 2, 2);
    announce(&s, 2, 7, s.bytes, SELF);
    rounds(&s, 5);
    assert_int_equal(s.lease.generation, 0);
    slice(&s, 3, 0, s.bytes);
    rounds(&s, 5);
    assert_has(&s, 3);
    stage_close(&s);
}

// Slices of a newer version are complete while the group still brings the older.
static void test_slices_overtake(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1);
    join(&s);
    announce(&s, 2, 7, s.bytes, SELF);
    root_begins(&s, 7, s.bytes / 2);
    rounds(&s, 10);
    assert_int_equal(s.lease.group, GROUP_BROADCASTING);
    slice(&s, 8, 0, s.bytes);
    rounds(&s, 5);
    assert_has(&s, 8);
    fill(&s, 7);
    assert_ok(nccl_group_ready_to(s.root, s.bytes));
    rounds(&s, 30);
    assert_int_equal(s.lease.group, GROUP_READY);
    assert_has(&s, 8);
    announce(&s, 2, 9, s.bytes, SELF);
    root_begins(&s, 9, s.bytes);
    rounds(&s, 30);
    assert_has(&s, 9);
    stage_close(&s);
}

// The group brings a newer version while slices of the older come in.
static void test_group_overtakes(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1);
    join(&s);
    slice(&s, 7, 0, s.bytes / 2);
    rounds(&s, 6);
    assert_int_equal(s.lease.weights_incoming, 7);
    announce(&s, 2, 8, s.bytes, SELF);
    root_begins(&s, 8, s.bytes);
    rounds(&s, 30);
    assert_has(&s, 8);
    assert_true(s.lease.weights_incoming == NO_VERSION);
    slice(&s, 7, s.bytes / 2, s.bytes - s.bytes / 2);
    rounds(&s, 6);
    assert_has(&s, 8);
    slice(&s, 9, 0, s.bytes);
    rounds(&s, 6);
    assert_has(&s, 9);
    stage_close(&s);
}

static void test_failure_and_exclusion(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1);
    join(&s);
    announce(&s, 2, 7, s.bytes, SELF); // which the root never begins
    rounds(&s, 100);
    assert_int_equal(s.lease.group, GROUP_BROKEN);
    slice(&s, 7, 0, s.bytes);
    rounds(&s, 6);
    assert_has(&s, 7);
    order(&s, GROUP_SHRINK, 3, 1); // itself
    announce(&s, 3, 8, s.bytes, SELF);
    rounds(&s, 6);
    assert_int_equal(s.lease.generation, 3);
    assert_int_equal(s.lease.group, GROUP_BROKEN);
    order(&s, GROUP_JOIN, 4, 1); // said to all that ever were of it
    rounds(&s, 6);
    assert_int_equal(s.lease.generation, 4);
    assert_int_equal(s.lease.group, GROUP_BROKEN);
    assert_has(&s, 7);
    stage_close(&s);
}

static void test_new_learner(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1);
    join(&s);
    announce(&s, 2, 7, s.bytes, SELF);
    rounds(&s, 5);
    s.learner++; // its group is another, and counts anew
    nccl_group_free(s.root);
    s.root = group(&s, 0);
    assert_ok(nccl_group_shrink(s.root, (int[]){2}, 1, 0));
    assert_ok(nccl_group_new_id(s.root, s.id));
    slice(&s, 1, 0, 0); // its first word
    rounds(&s, 6);
    assert_int_equal(s.lease.generation, 0);
    assert_int_equal(s.lease.group, GROUP_NONE);
    join(&s);
    announce(&s, 2, 1, s.bytes, SELF);
    root_begins(&s, 1, s.bytes);
    rounds(&s, 30);
    assert_has(&s, 1);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_not_for_this_one),
        cmocka_unit_test(test_slices_overtake),
        cmocka_unit_test(test_group_overtakes),
        cmocka_unit_test(test_failure_and_exclusion),
        cmocka_unit_test(test_new_learner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

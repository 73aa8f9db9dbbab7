// The learner's side of the broadcast group, where the whole cluster is too coarse:
// layers that leave during the update, the copy on the host that is made on demand,
// orders that are lost, reports that do not come.  Worker 1 is its NCCL group and hand-
// made messages.
#include "learner/broadcast.h"

#include "broadcast_fixture.h"

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

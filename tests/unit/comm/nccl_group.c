// Broadcasts over the fake NCCL: every rank ends with the right bytes or a named error.
#include "nccl_cluster.h"

static void test_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 63, 64, 65, 128, 1000, 640, 7};
    struct cluster c;
    cluster_open(&c, 4, 1, 3, 5);
    join(&c);
    assert_true(all(&c, NCCL_JOINED));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        send(&c, sizes[i], 10 + i);
    assert_int_equal(c.net->broadcasts, 1 + 1 + 1 + 2 + 2 + 16 + 10 + 1);
    assert_true(c.net->overtaken > 0);
    cluster_close(&c);
    cluster_open(&c, 1, 1, 0, 0); // the root alone
    join(&c);
    send(&c, 100, 3);
    cluster_close(&c);
}

// No byte goes before it is final: the root's buffer is filled just ahead of ready_to.
static void test_layers(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 4, 2, 2, 4);
    join(&c);
    c.bytes = 1000;
    for (int r = 0; r < c.n; r++)
        assert_ok(nccl_group_begin(c.g[r], c.buffer[r], c.bytes, 5, c.now));
    for (size_t ready = 0; ready < c.bytes; ready += 37) {
        fill(&c, 5, 0, ready);
        assert_ok(nccl_group_ready_to(c.g[0], ready));
        run(&c, 12);
        assert_true(all(&c, NCCL_NOTHING));
        assert_int_equal(c.net->broadcasts, ready / CHUNK);
    }
    assert_int_equal(nccl_group_ready_to(c.g[0], 36), ERR_INTERNAL);
    assert_int_equal(nccl_group_ready_to(c.g[0], c.bytes + 1), ERR_INTERNAL);
    assert_int_equal(nccl_group_ready_to(c.g[1], c.bytes), ERR_INTERNAL);
    fill(&c, 5, 0, c.bytes);
    assert_ok(nccl_group_ready_to(c.g[0], c.bytes));
    run(&c, LONG);
    assert_true(all(&c, NCCL_COMPLETE));
    assert_int_equal(nccl_group_ready_to(c.g[0], c.bytes), ERR_INTERNAL);
    cluster_close(&c);
}

// Joins, sends, excludes rank 3, sends: with one fault at rank 1 on the way.
static void one_fault(enum fake_call at, long nth, enum fake_fault fault,
                      const char *word)
{
    struct cluster c;
    cluster_open(&c, 4, 3, 2, 3);
    fake_fault(c.net, 1, at, nth, fault);
    join(&c);
    if (all(&c, NCCL_JOINED)) {
        begin(&c, 300, 7);
        run(&c, LONG);
        if (all(&c, NCCL_COMPLETE))
            leave(&c, 3);
    }
    const char *phase = at == FAKE_INIT     ? "join of 4 ranks"
                        : at == FAKE_SHRINK ? "shrink of 3 ranks"
                                            : "broadcast of version 7";
    assert_int_equal(c.last[1].kind, NCCL_BROKEN);
    assert_int_equal(c.last[1].error, fault == FAKE_ERROR ? ERR_IO : ERR_TIMEOUT);
    assert_non_null(strstr(c.text[1], word));
    if (at != FAKE_STATE)
        assert_non_null(strstr(c.text[1], phase));
    for (int r = 0; r < c.n; r++)
        if (r != 1 && c.last[r].kind == NCCL_BROKEN)
            assert_int_equal(c.last[r].error, ERR_TIMEOUT);
    fake_fault(c.net, 1, at, 0, FAKE_FINE);
    join(&c); // from whatever is left
    assert_true(all(&c, NCCL_JOINED));
    send(&c, 500, 8);
    figures.rejoins++;
    figures.faults++;
    cluster_close(&c);
}

static void test_each_call_fails(void **state)
{
    (void)state;
    one_fault(FAKE_INIT, 1, FAKE_ERROR, "init: the fake says no");
    for (long nth = 1; nth <= 12; nth++)
        one_fault(FAKE_STATE, nth, FAKE_ERROR, "the fake says no");
    for (long nth = 1; nth <= 4; nth++) {
        one_fault(FAKE_BROADCAST, nth, FAKE_ERROR, "broadcast: the fake says no");
        one_fault(FAKE_MARK, nth, FAKE_ERROR, "mark: the fake says no");
        one_fault(FAKE_DONE, nth, FAKE_ERROR, "event: the fake says no");
    }
    one_fault(FAKE_SHRINK, 1, FAKE_ERROR, "shrink: the fake says no");
    struct cluster c;
    uint8_t id[NCCL_ID_BYTES];
    cluster_open(&c, 2, 3, 0, 0);
    fake_fault(c.net, 0, FAKE_UNIQUE_ID, 1, FAKE_ERROR);
    assert_int_equal(nccl_group_new_id(c.g[0], id), ERR_IO);
    cluster_close(&c);
}

static void test_each_call_stalls(void **state)
{
    (void)state;
    one_fault(FAKE_INIT, 1, FAKE_STALL, "the deadline of 400 ms passed");
    for (long nth = 1; nth <= 3; nth++) {
        one_fault(FAKE_BROADCAST, nth, FAKE_STALL, "the deadline of 900 ms passed");
        one_fault(FAKE_MARK, nth, FAKE_STALL, "the deadline of 900 ms passed");
        one_fault(FAKE_DONE, nth, FAKE_STALL, "the deadline of 900 ms passed");
    }
    one_fault(FAKE_SHRINK, 1, FAKE_STALL, "the deadline of 400 ms passed");
}

// A worker dies in a broadcast: deadline, shrink, and the next version arrives.
static void test_death_and_shrink(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 4, 4, 2, 3);
    join(&c);
    send(&c, 1000, 1);
    begin(&c, 1000, 2);
    c.gone[2] = true;
    run(&c, LONG);
    assert_true(all(&c, NCCL_BROKEN));
    assert_int_equal(c.last[3].error, ERR_TIMEOUT);
    assert_int_equal(c.last[3].version, 2);
    assert_string_equal(c.text[3],
                        "NCCL broadcast of version 2 at rank 3: 0 of 1000 bytes "
                        "after 0.901 s: the deadline of 900 ms passed");
    assert_ok(nccl_group_ready_to(c.g[0], 1000)); // no effect, no harm
    leave(&c, 2);
    assert_true(all(&c, NCCL_JOINED));
    assert_int_equal(nccl_group_place(c.g[3], 3), 2);
    assert_int_equal(nccl_group_place(c.g[3], 2), -1);
    assert_int_equal(nccl_group_members(c.g[0]), 3);
    assert_int_equal(nccl_group_generation(c.g[0]), 2);
    send(&c, 1000, 3);
    begin(&c, 1000, 4); // and now in the middle of one, without waiting
    run(&c, 6);
    leave(&c, 1);
    assert_true(all(&c, NCCL_JOINED));
    assert_int_equal(nccl_group_place(c.g[3], 3), 1);
    send(&c, 999, 5);
    leave(&c, 3);
    send(&c, 64, 6);
    cluster_close(&c);
}

// A communicator that never comes out of BUSY cannot shrink; a new one can be joined.
static void test_shrink_while_busy(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 4, 7, 0, 0);
    join(&c);
    fake_fault(c.net, 1, FAKE_BROADCAST, 1, FAKE_STALL);
    begin(&c, 1000, 1);
    run(&c, 5);
    leave(&c, 2);
    assert_true(all(&c, NCCL_BROKEN));
    assert_string_equal(c.text[1], "NCCL shrink of 3 ranks (generation 2) at rank 1: "
                                   "after 0.401 s: the deadline of 400 ms passed");
    join(&c);
    send(&c, 1000, 2);
    // A second death in a shrink: nobody waits for the dead.
    begin(&c, 1000, 3);
    c.gone[3] = true;
    assert_ok(nccl_group_shrink(c.g[0], (int[]){3}, 1, c.now));
    poll_rank(&c, 0);
    assert_int_equal(nccl_group_state(c.g[0]), NCCL_GROUP_SHRINKING);
    leave(&c, 1);
    assert_int_equal(nccl_group_state(c.g[0]), NCCL_GROUP_NONE);
    join(&c);
    send(&c, 1000, 4);
    cluster_close(&c);
}

static void test_excluded(void **state)
{
    (void)state;
    struct cluster c;
    uint8_t id[NCCL_ID_BYTES] = {9};
    int one = 1, root = 0, twice[] = {2, 2}, range[] = {3, 4};
    cluster_open(&c, 4, 5, 0, 0);
    join(&c);
    assert_int_equal(nccl_group_shrink(c.g[1], twice, 2, 0), ERR_INTERNAL);
    assert_int_equal(nccl_group_shrink(c.g[1], range, 2, 0), ERR_INTERNAL);
    assert_int_equal(nccl_group_shrink(c.g[1], twice, 0, 0), ERR_INTERNAL);
    assert_int_equal(nccl_group_members(c.g[1]), 4);
    assert_int_equal(nccl_group_place(c.g[1], 3), 3); // none was struck
    assert_ok(nccl_group_shrink(c.g[1], &one, 1, c.now));
    assert_int_equal(nccl_group_state(c.g[1]), NCCL_GROUP_BROKEN);
    poll_rank(&c, 1);
    assert_non_null(strstr(c.text[1], "this rank is excluded"));
    assert_int_equal(nccl_group_join(c.g[1], id, 0), ERR_INTERNAL);
    assert_int_equal(nccl_group_shrink(c.g[1], &one, 1, 0), ERR_INTERNAL);
    assert_ok(nccl_group_shrink(c.g[2], &root, 1, c.now));
    poll_rank(&c, 2);
    assert_non_null(strstr(c.text[2], "the root is excluded"));
    // Without a whole communicator, a shrink asks for a new join.
    c.gone[1] = c.gone[2] = true;
    for (int r = 0; r < c.n; r += 3) {
        assert_ok(nccl_group_join(c.g[r], id, c.now));
        poll_rank(&c, r);
        assert_ok(nccl_group_shrink(c.g[r], (int[]){2, 1}, 2, c.now));
        assert_int_equal(nccl_group_state(c.g[r]), NCCL_GROUP_NONE);
    }
    join(&c);
    send(&c, 200, 1);
    cluster_close(&c);
}

static void test_misuse_and_memory(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 2, 6, 0, 0);
    assert_int_equal(nccl_group_begin(c.g[0], c.buffer[0], 9, 1, 0), ERR_INTERNAL);
    join(&c);
    assert_int_equal(nccl_group_begin(c.g[0], c.buffer[0], 0, 1, 0), ERR_INTERNAL);
    assert_int_equal(nccl_group_begin(c.g[0], NULL, 9, 1, 0), ERR_INTERNAL);
    mem_fail_nth(1);
    assert_int_equal(nccl_group_begin(c.g[0], c.buffer[0], 9, 1, 0), ERR_NOMEM);
    mem_fail_nth(0);
    send(&c, 9, 1);
    struct nccl_calls calls = fake_calls(c.net, 0);
    struct nccl_group_options opt = {.rank = 1, .size = 2};
    struct nccl_group *g = NULL;
    for (long n = 1; n <= 4; n++) {
        mem_fail_nth(n);
        assert_int_equal(nccl_group_new(&g, &calls, &opt), ERR_NOMEM);
    }
    mem_fail_nth(0);
    opt.rank = 2;
    assert_int_equal(nccl_group_new(&g, &calls, &opt), ERR_INTERNAL);
    assert_null(g);
    nccl_group_free(NULL);
    cluster_close(&c);
}

// Rank `victim` faults at random, then is excluded; the others end up with the weights.
static void random_run(uint64_t seed)
{
    struct cluster c;
    int busy = (int)(seed % 4), delay = (int)(seed / 4 % 7);
    cluster_open(&c, 2 + (int)(seed % 6), seed, busy, delay);
    int victim = 1 + fake_draw(c.net, c.n - 2);
    fake_fault(c.net, victim, (enum fake_call)(1 + fake_draw(c.net, FAKE_CALLS - 2)),
               1 + fake_draw(c.net, 9), (enum fake_fault)fake_draw(c.net, FAKE_STALL));
    join(&c);
    for (uint64_t v = 1; v <= 3 && all(&c, v == 1 ? NCCL_JOINED : NCCL_COMPLETE); v++) {
        begin(&c, 1 + (size_t)fake_draw(c.net, MOST_BYTES - 1), v);
        if (fake_draw(c.net, 5) == 0) {
            run(&c, fake_draw(c.net, 20)); // dies in it, or not
            c.gone[victim] = true;
            break;
        }
        run(&c, LONG);
    }
    fake_fault(c.net, victim, FAKE_INIT, 0, FAKE_FINE);
    leave(&c, victim);
    if (!all(&c, NCCL_JOINED)) {
        figures.rejoins++;
        join(&c);
    }
    assert_true(all(&c, NCCL_JOINED));
    figures.faults++;
    send(&c, 1 + (size_t)fake_draw(c.net, MOST_BYTES - 1), 100);
    cluster_close(&c);
}

static void test_random(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++)
        random_run(seed);
    printf("group: %ld faults, %ld polls, %ld NCCL calls; %ld arrivals with the right "
           "bytes, %ld named errors (%ld deadlines), %ld shrinks, %ld joined anew\n",
           figures.faults, figures.polls, figures.calls, figures.complete,
           figures.broken, figures.timeouts, figures.shrinks, figures.rejoins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_each_call_fails),
        cmocka_unit_test(test_each_call_stalls),
        cmocka_unit_test(test_death_and_shrink),
        cmocka_unit_test(test_shrink_while_busy),
        cmocka_unit_test(test_excluded),
        cmocka_unit_test(test_misuse_and_memory),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

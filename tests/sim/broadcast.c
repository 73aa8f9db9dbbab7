// The whole cluster with its broadcast group over a fake NCCL.  Whatever fails, every
// step's trees and weights are those of a quiet run by slices, no worker computes with
// weights that are not the learner's of that version, and each failure is one line.
#include "broadcast_run.h"

// ---- nothing fails

static void test_same_bits(void **state)
{
    (void)state;
    long overtaken = 0;
    for (int workers = 1; workers <= MAX_WORKERS; workers++) {
        for (uint64_t seed = 0; seed < 4; seed++) {
            struct run r;
            open_run(&r, workers, 1 + (int)(seed % 2), seed + 4 * (uint64_t)workers,
                     &quiet);
            finish(&r);
            assert_int_equal(r.slice_bytes, 0); // nor any copy on the host
            for (int s = 0; s < STEPS; s++) {   // the first version, too
                assert_int_equal(stats_of[s].ranks, workers);
                assert_true(stats_of[s].bytes == (double)(world.n * sizeof(float)));
                assert_int_equal(stats_of[s].breaks, 0);
            }
            overtaken += net->overtaken;
            close_run(&r);
        }
    }
    assert_true(overtaken > 0); // chunks arrive in any order
}

static void test_any_delivery(void **state)
{
    (void)state;
    int carried = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        const struct loopback_faults faults = {.seed = seed,
                                               .max_delay_ms =
                                                   (int64_t)(seed * 13 % 120),
                                               .reorder = 0.3,
                                               .duplicate = 0.2,
                                               .drop = 0.03 * (double)(seed % 4)};
        struct run r;
        open_run(&r, 1 + (int)(seed % MAX_WORKERS), 1, seed, &faults);
        finish(&r);
        for (int s = 0; s < STEPS; s++)
            carried += stats_of[s].ranks > 0;
        close_run(&r);
    }
    assert_true(carried > 30 * STEPS * 8 / 10);
}

// ---- the group fails

// One fault at one rank: a line of the learner's for each failure, and later versions
// go by the group again.
static void one_fault(int workers, int rank, enum fake_call at, long nth,
                      enum fake_fault how)
{
    struct run r;
    capture();
    open_run(&r, workers, 1, (uint64_t)nth, &quiet);
    fault(rank, at, nth, how);
    finish(&r);
    release();
    int64_t breaks = stats_of[STEPS - 1].breaks;
    assert_in_range(breaks, 1, 2);
    assert_int_equal(failures_logged(), breaks);
    if (rank > 0) // else all may have it
        assert_true(logged("goes by slices to rank") >= 1);
    assert_true(logged("the fake says no") + logged("deadline of") >= 1);
    char name[64];
    (void)snprintf(name, sizeof name, "at rank %d: ", rank);
    assert_true(logged(name) >= 1); // the one that failed says so
    assert_true(stats_of[STEPS - 1].ranks >= workers - 1);
    assert_true(stats_of[STEPS - 1].bytes > 0);
    close_run(&r);
}

static void test_stalls_and_errors(void **state)
{
    (void)state;
    for (int rank = 0; rank <= 2; rank++) {
        for (long nth = 1; nth <= 25; nth += 8) { // in the first to the third version
            for (int how = FAKE_ERROR; how <= FAKE_STALL; how++) {
                one_fault(3, rank, FAKE_BROADCAST, nth, (enum fake_fault)how);
                one_fault(3, rank, FAKE_MARK, nth, (enum fake_fault)how);
                one_fault(2, rank, FAKE_DONE, nth, (enum fake_fault)how);
            }
        }
    }
}

// One of three fails alone: it is excluded, and the others go on by the group.
static void test_the_one_that_fails_is_excluded(void **state)
{
    (void)state;
    struct run r;
    capture();
    open_run(&r, 3, 1, 5, &quiet);
    fault(2, FAKE_BROADCAST, 14, FAKE_ERROR); // the second chunk of version 1
    finish(&r);
    release();
    assert_int_equal(logged("NCCL broadcast of version 1 at rank 2: "), 1);
    assert_int_equal(logged("broadcast: the fake says no"), 1);
    assert_int_equal(logged("rank 2: it reports that its group is broken"), 1);
    assert_int_equal(logged("rank 2 is excluded"), 1);
    assert_int_equal(nccl_group_members(r.group), 3);
    assert_int_equal(nccl_group_place(r.group, 2), -1);
    assert_int_equal(stats_of[STEPS - 1].ranks, 2);
    close_run(&r);
}

static void test_killed_in_a_broadcast(void **state)
{
    (void)state;
    for (int victim = 0; victim < 3; victim++) {
        struct run r;
        capture();
        open_run(&r, 3, 1, 3, &quiet);
        run_until(&r, 1);
        run_until_state(&r, NCCL_GROUP_READY);
        run_until_state(&r, NCCL_GROUP_BROADCASTING);
        one_round(&r);
        assert_int_equal(nccl_group_state(r.group), NCCL_GROUP_BROADCASTING);
        kill_worker(&r, victim);
        figures.kills++;
        finish(&r);
        release();
        assert_int_equal(stats_of[STEPS - 1].breaks, 1);
        assert_int_equal(logged("NCCL broadcast of version 2 at rank 0: "), 1);
        assert_int_equal(logged("the deadline of 900 ms passed"), 3);
        assert_int_equal(logged("is excluded from the broadcast group"), 1);
        assert_int_equal(nccl_group_place(r.group, victim + 1), -1);
        assert_int_equal(nccl_group_generation(r.group), 2); // by a shrink
        assert_int_equal(stats_of[STEPS - 1].ranks, 2);
        assert_true(stats_of[STEPS - 1].bytes > 0);
        close_run(&r);
    }
}

// Each step a worker dies and another process takes its place, which slices serve.
static void test_die_and_return(void **state)
{
    (void)state;
    int excluded = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct run r;
        open_run(&r, 4, 1, seed, &quiet);
        for (uint64_t step = 0; step < 3; step++) {
            int victim = (int)rng_below(rng_root(seed, RNG_TEST), step, 3);
            kill_worker(&r, victim);
            figures.kills++;
            run_until(&r, step + 1);
            revive_worker(&r, victim);
        }
        finish(&r);
        excluded += 5 - nccl_group_members(r.group);
        close_run(&r);
    }
    assert_true(excluded >= 8);
}

// ---- the group does not come about

static void test_init_never_completes(void **state)
{
    (void)state;
    struct run r;
    capture();
    open_run(&r, 2, 1, 3, &quiet);
    for (int i = 0; i < FAKE_RANKS; i++)
        net->ranks[i].mute = true;
    for (int i = 0; i < r.n_workers; i++)
        r.workers[i].every = 20; // so slow that all tries come in this run
    finish(&r);
    release();
    for (int s = 0; s < STEPS; s++)
        assert_int_equal(stats_of[s].ranks, 0);
    for (int join = 1; join <= BROADCAST_FAILURES; join++) {
        char line[64];
        (void)snprintf(line, sizeof line,
                       "NCCL join of 3 ranks (generation %d) at rank 0: ", join);
        assert_int_equal(logged(line), 1);
    }
    assert_int_equal(logged("is given up (3 failures in a row)"), 1);
    assert_int_equal(nccl_group_state(r.group), NCCL_GROUP_BROKEN);
    close_run(&r);
}

// A rank that has not come in time is not waited for, and is served when it comes.
static void test_late_worker(void **state)
{
    (void)state;
    struct run r;
    start_ms = 300;
    capture();
    net = NULL;
    open_run(&r, 3, 1, 2, &quiet);
    start_ms = 60000;
    kill_worker(&r, 1); // before its HELLO was heard: it has never been there
    run_until(&r, 2);
    revive_worker(&r, 1);
    finish(&r);
    release();
    assert_int_equal(stats_of[STEPS - 1].breaks, 0);
    assert_int_equal(nccl_group_place(r.group, 2), -1);
    assert_int_equal(stats_of[STEPS - 1].ranks, 2);
    assert_true(adopted[1] >= 2 && adopted[1] < VERSIONS); // it came after two steps
    close_run(&r);
}

// ---- anything at all

static void random_run(uint64_t seed)
{
    const struct rng_key key = rng_child(rng_root(11, RNG_TEST), seed);
    const struct loopback_faults faults = {.seed = seed,
                                           .max_delay_ms =
                                               (int64_t)rng_below(key, 0, 60),
                                           .reorder = 0.2,
                                           .duplicate = 0.1,
                                           .drop = 0.02 * (double)rng_below(key, 1, 3)};
    struct run r;
    capture();
    int workers = 2 + (int)rng_below(key, 2, MAX_WORKERS - 1);
    open_run(&r, workers, 1, seed, &faults);
    for (int rank = 0; rank <= workers; rank++)
        if (rng_below(key, 10 + (uint64_t)rank, 2) == 0)
            fault(rank, (enum fake_call)rng_below(key, 20 + (uint64_t)rank, FAKE_CALLS),
                  1 + (long)rng_below(key, 30 + (uint64_t)rank, 60),
                  (enum fake_fault)(1 + rng_below(key, 40 + (uint64_t)rank, 2)));
    for (uint64_t step = 0; step < STEPS; step++) {
        int victim = (int)rng_below(key, 50 + step, 3 * (uint64_t)workers);
        for (uint64_t i = rng_below(key, 60 + step, 40); i > 0; i--)
            if (r.steps_done < STEPS - 1)
                one_round(&r);
        if (victim < workers) {
            kill_worker(&r, victim);
            figures.kills++;
            for (uint64_t i = rng_below(key, 70 + step, 400); i > 0; i--)
                if (r.steps_done < STEPS - 1)
                    one_round(&r);
            revive_worker(&r, victim);
        }
    }
    finish(&r);
    release();
    int64_t breaks = stats_of[STEPS - 1].breaks; // as of the last update
    assert_in_range(failures_logged(), breaks, breaks + 1);
    close_run(&r);
}

static void test_random(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 600; seed++)
        random_run(seed);
    printf("cluster: %ld runs, %ld faults of NCCL, %ld workers killed: the bits of a "
           "quiet run by slices; %ld failures named, %ld versions came by the group, "
           "%ld by slices\n",
           figures.runs, figures.faults, figures.kills, figures.breaks, figures.carried,
           figures.sliced);
}

static void use_the_group(int on)
{
    group_of = on ? fake_group : NULL;
    after_learner = on ? note_step : NULL;
    after_worker = on ? note_worker : NULL;
}

static int open_world(void **state)
{
    int failed = run_quietly(state); // by slices
    use_the_group(1);
    return failed;
}

static int open_world_with_reuse(void **state)
{
    use_the_group(0);
    int failed = run_quietly_with_reuse(state);
    use_the_group(1);
    return failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_any_delivery),
        cmocka_unit_test(test_stalls_and_errors),
        cmocka_unit_test(test_the_one_that_fails_is_excluded),
        cmocka_unit_test(test_killed_in_a_broadcast),
        cmocka_unit_test(test_die_and_return),
        cmocka_unit_test(test_init_never_completes),
        cmocka_unit_test(test_late_worker),
        cmocka_unit_test(test_random),
    };
    const struct CMUnitTest with_store[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_die_and_return),
    };
    int failed =
        cmocka_run_group_tests_name("broadcast", tests, open_world, free_world) +
        cmocka_run_group_tests_name("broadcast with reuse", with_store,
                                    open_world_with_reuse, free_world);
    buf_free(&captured.text);
    return failed;
}

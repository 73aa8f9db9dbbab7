// A whole training run in one process and virtual time: learner, workers, real tree
// rollouts of a tiny policy that has been taught half of its task, over a network that
// delays, reorders, duplicates, loses and damages.  Whatever happens, every step's
// trees and weights are those of a quiet run with one worker.
#include "cluster_run.h"

// ---- the tests

static void test_worker_count_and_parts(void **state)
{
    (void)state;
    for (int workers = 1; workers <= MAX_WORKERS; workers *= 2) {
        for (int parts = 1; parts <= 2; parts++) {
            struct run r = {0};
            run_open(&r, workers, parts, &quiet, 0, world.taught, NULL);
            run_until(&r, STEPS);
            assert_as_expected(&r);
            run_close(&r);
        }
    }
}

static void test_any_delivery(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const struct loopback_faults faults = {.seed = seed,
                                               .min_delay_ms = 0,
                                               .max_delay_ms =
                                                   (int64_t)(seed * 13 % 120),
                                               .reorder = 0.3,
                                               .duplicate = 0.1,
                                               .drop = 0.02 * (double)(seed % 4)};
        struct run r = {0};
        run_open(&r, 1 + (int)(seed % MAX_WORKERS), 1 + (int)(seed % 2), &faults, 0,
                 world.taught, NULL);
        run_until(&r, STEPS);
        assert_as_expected(&r);
        run_close(&r);
    }
}

static void test_slow_worker(void **state)
{
    struct run r = {0};
    (void)state;
    run_open(&r, 2, 1, &quiet, 0, world.taught, NULL);
    r.workers[0].every = 150; // its leases run out and go to the other
    run_until(&r, STEPS);
    assert_as_expected(&r);
    run_close(&r);
}

static void test_workers_die_and_return(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct run r = {0};
        run_open(&r, 3, 1, &quiet, 0, world.taught, NULL);
        for (uint64_t step = 0; step < STEPS; step++) {
            int victim = (int)rng_below(rng_root(seed, RNG_TEST), step, 3);
            kill_worker(&r, victim);
            run_until(&r, step + 1);
            revive_worker(&r, victim);
        }
        assert_as_expected(&r);
        run_close(&r);
    }
}

// The learner dies after a step; a new one goes on from parameters and moments.
static void test_learner_resumes(void **state)
{
    (void)state;
    for (uint64_t at = 1; at < STEPS; at++) {
        struct run before = {0}, after = {0};
        struct trainer_state saved = {0};
        float *params = NULL;
        run_open(&before, 2, 1, &quiet, 0, world.taught, NULL);
        run_until(&before, at);
        const struct trainer_state *s = trainer_state(learner_trainer(before.learner));
        assert_ok(mem_dup(&params, before.model.params, world.n, sizeof *params));
        assert_ok(mem_dup(&saved.m, s->m, world.n, sizeof *s->m));
        assert_ok(mem_dup(&saved.v, s->v, world.n, sizeof *s->v));
        saved.updates = s->updates;
        const struct learner_memory memory = *learner_memory(before.learner);
        struct replay store = *learner_replay(before.learner); // taken over
        *learner_replay(before.learner) = (struct replay){0};
        after.steps_done = at;
        memcpy(after.batch, before.batch, sizeof after.batch);
        memcpy(after.weights, before.weights, sizeof after.weights);
        run_close(&before);
        run_open(&after, 2, 1, &quiet, at, params, &saved);
        *learner_memory(after.learner) = memory;
        *learner_replay(after.learner) = store;
        run_until(&after, STEPS);
        assert_as_expected(&after);
        run_close(&after);
        mem_free(params);
        mem_free(saved.m);
        mem_free(saved.v);
    }
}

static void test_everyone_leaves(void **state)
{
    struct run r = {0};
    (void)state;
    run_open(&r, 3, 1, &quiet, 0, world.taught, NULL);
    run_until(&r, STEPS);
    for (int64_t round = 0; round < 2000 && !learner_done(r.learner); round++) {
        r.now_ms += TICK_MS;
        loopback_advance(r.network, r.now_ms);
        learner_round(&r);
        for (int i = 0; i < r.n_workers; i++)
            worker_round(&r, i, round);
    }
    assert_true(learner_done(r.learner));
    for (int i = 0; i < r.n_workers; i++) {
        loopback_advance(r.network, r.now_ms + TICK_MS);
        worker_round(&r, i, 0);
        assert_true(worker_stopped(r.workers[i].worker));
    }
    run_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_count_and_parts),
        cmocka_unit_test(test_any_delivery),
        cmocka_unit_test(test_slow_worker),
        cmocka_unit_test(test_workers_die_and_return),
        cmocka_unit_test(test_learner_resumes),
        cmocka_unit_test(test_everyone_leaves),
    };
    return cmocka_run_group_tests_name("cluster", tests, run_quietly, free_world) +
           cmocka_run_group_tests_name("cluster with reuse", tests,
                                       run_quietly_with_reuse, free_world);
}

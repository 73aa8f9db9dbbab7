// The whole cluster with its broadcast group over a fake NCCL.  Whatever fails, every
// step's trees and weights are those of a quiet run by slices, no worker computes with
// weights that are not the learner's of that version, and each failure is one line.
#include "cluster_run.h"

#include "base/file.h"
#include "base/hash.h"

#include <unistd.h>

#include "../unit/comm/nccl_fake.h"

enum { CHUNK = 1024, JOIN_MS = 400, BROADCAST_MS = 900, VERSIONS = STEPS + 1 };

static struct {
    long runs, faults, breaks, carried, sliced, kills;
} figures;

// ---- a run over the fake

static struct fake_net *net;
static uint64_t version_hash[VERSIONS], adopted[MAX_WORKERS];
static struct broadcast_stats stats_of[STEPS];

static struct nccl_group *fake_group(struct run *r, int rank)
{
    struct nccl_calls calls = fake_calls(net, rank);
    const struct nccl_group_options opt = {.rank = rank,
                                           .size = r->n_workers + 1,
                                           .chunk_bytes = CHUNK,
                                           .join_ms = JOIN_MS,
                                           .broadcast_ms = BROADCAST_MS};
    struct nccl_group *g = NULL;
    assert_ok(nccl_group_new(&g, &calls, &opt));
    if (rank > 0)
        adopted[rank - 1] = UINT64_MAX;
    return g;
}

// A version has one hash, at whichever rank.
static void note_hash(uint64_t version, uint64_t hash)
{
    assert_true(version < VERSIONS);
    if (version_hash[version] == 0)
        version_hash[version] = hash;
    assert_true(version_hash[version] == hash);
}

static void note_step(struct run *r, const struct step_record *record)
{
    const struct broadcast_stats *s = &record->broadcast;
    note_hash(record->step + 1, record->weights_hash);
    stats_of[record->step] = *s;
    assert_true((s->bytes > 0) >= (s->ranks > 0 && s->seconds > 0));
    figures.carried += s->ranks;
    figures.sliced += r->n_workers - s->ranks;
}

// Its parameters are zero until it has the first version.
static void note_worker(struct run *r, int i)
{
    const struct model *m = &r->workers[i].model;
    uint64_t hash = 0;
    if (m->version == adopted[i] || m->params[m->layout.final_norm] == 0.0F)
        return;
    assert_ok(model_weights_hash(m, &hash));
    note_hash(m->version, hash);
    adopted[i] = m->version;
}

static void open_run(struct run *r, int workers, int parts, uint64_t seed,
                     const struct loopback_faults *faults)
{
    net = fake_net(seed, (int)(seed % 4), (int)(seed % 7));
    memset(version_hash, 0, sizeof version_hash);
    memset(stats_of, 0, sizeof stats_of);
    version_hash[0] =
        hash_bytes(HASH_START, world.taught, world.n * sizeof *world.taught);
    *r = (struct run){0};
    run_open(r, workers, parts, faults, 0, world.taught, NULL);
    figures.runs++;
}

static void fault(int rank, enum fake_call at, long nth, enum fake_fault how)
{
    struct fake_rank *f = &net->ranks[rank];
    f->at = at;
    f->nth = nth;
    f->fault = how;
    f->seen = 0;
    figures.faults++;
}

static void finish(struct run *r)
{
    run_until(r, STEPS);
    assert_as_expected(r);
    figures.breaks += stats_of[STEPS - 1].breaks;
}

static void close_run(struct run *r)
{
    run_close(r);
    fake_net_free(net);
}

static void one_round(struct run *r)
{
    r->now_ms += TICK_MS;
    loopback_advance(r->network, r->now_ms);
    learner_round(r);
    for (int i = 0; i < r->n_workers; i++)
        worker_round(r, i, 1);
}

static void run_until_state(struct run *r, enum nccl_group_state state)
{
    for (int i = 0; nccl_group_state(r->group) != state; i++) {
        assert_true(i < 4000);
        one_round(r);
    }
}

// ---- what is logged

static struct {
    char path[64];
    int standard_error;
    struct buf text;
} captured;

static void capture(void)
{
    (void)snprintf(captured.path, sizeof captured.path, "/tmp/etreerpo-sim-XXXXXX");
    int fd = mkstemp(captured.path);
    assert_true(fd >= 0);
    captured.standard_error = dup(STDERR_FILENO);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    (void)close(fd);
}

static void release(void)
{
    buf_free(&captured.text);
    assert_true(dup2(captured.standard_error, STDERR_FILENO) >= 0);
    (void)close(captured.standard_error);
    assert_ok(file_read(&captured.text, captured.path, 1 << 24));
    if (getenv("SIM_LOG"))
        (void)fputs(buf_cstr(&captured.text), stderr);
    assert_int_equal(unlink(captured.path), 0);
}

static int logged(const char *words)
{
    int n = 0;
    for (const char *at = buf_cstr(&captured.text); (at = strstr(at, words)); at++)
        n++;
    return n;
}

// The learner's lines: one for each failure.
static int failures_logged(void)
{
    return logged(" at rank 0: ") + logged(" s: rank ") + logged("): rank ");
}

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

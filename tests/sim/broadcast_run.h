// A run of the simulated cluster over a fake NCCL, and what it logs.
#ifndef TESTS_SIM_BROADCAST_RUN_H
#define TESTS_SIM_BROADCAST_RUN_H

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
    const struct nccl_group_options opt = {.rank = rank,
                                           .size = r->n_workers + 1,
                                           .chunk_bytes = CHUNK,
                                           .join_ms = JOIN_MS,
                                           .broadcast_ms = BROADCAST_MS};
    if (rank > 0)
        adopted[rank - 1] = UINT64_MAX;
    return fake_group_new(net, &opt);
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

#endif

// Several ranks' groups over one fake NCCL, in one process and in virtual time.
#ifndef NCCL_CLUSTER_H
#define NCCL_CLUSTER_H

#include "nccl_fake.h"

#include "base/mem.h"
#include "comm/nccl_group.h"

enum { CHUNK = 64, MOST_BYTES = 1024, JOIN_MS = 400, BROADCAST_MS = 900, LONG = 2000 };

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

static struct {
    long polls, complete, broken, timeouts, shrinks, rejoins, calls, faults;
} figures;

struct cluster {
    struct fake_net *net;
    int n;
    struct nccl_group *g[FAKE_RANKS];
    uint8_t *buffer[FAKE_RANKS];
    bool gone[FAKE_RANKS]; // does nothing any more
    struct nccl_event last[FAKE_RANKS];
    char text[FAKE_RANKS][512];
    size_t bytes;
    int64_t now;
};

static void fake_fault(struct fake_net *n, int rank, enum fake_call at, long nth,
                       enum fake_fault fault)
{
    struct fake_rank *r = &n->ranks[rank];
    r->at = at;
    r->nth = nth;
    r->fault = fault;
    r->seen = 0;
}

static uint8_t truth(uint64_t version, size_t i)
{
    return (uint8_t)(version * 131 + i * 7 + i / 251);
}

static void fill(struct cluster *c, uint64_t version, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        c->buffer[0][i] = truth(version, i);
}

static void cluster_open(struct cluster *c, int n, uint64_t seed, int busy, int delay)
{
    *c = (struct cluster){.net = fake_net(seed, busy, delay), .n = n, .now = 1000};
    for (int r = 0; r < n; r++) {
        struct nccl_group_options opt = {.rank = r,
                                         .size = n,
                                         .chunk_bytes = CHUNK,
                                         .join_ms = JOIN_MS,
                                         .broadcast_ms = BROADCAST_MS};
        c->g[r] = fake_group_new(c->net, &opt);
        assert_ok(mem_new(&c->buffer[r], MOST_BYTES, 1));
    }
}

static void cluster_close(struct cluster *c)
{
    for (int r = 0; r < c->n; r++) {
        nccl_group_free(c->g[r]);
        mem_free(c->buffer[r]);
    }
    figures.calls += c->net->calls;
    fake_net_free(c->net);
}

static void check_event(struct cluster *c, int r, const struct nccl_event *e)
{
    char name[16];
    (void)snprintf(name, sizeof name, "rank %d", r);
    assert_int_equal(e->generation, nccl_group_generation(c->g[r]));
    if (e->kind == NCCL_COMPLETE) {
        figures.complete++;
        for (size_t i = 0; i < c->bytes; i++)
            assert_int_equal(c->buffer[r][i], truth(e->version, i));
    } else if (e->kind == NCCL_BROKEN) {
        figures.broken++;
        figures.timeouts += e->error == ERR_TIMEOUT;
        assert_int_not_equal(e->error, OK);
        assert_non_null(strstr(e->text, name));
    }
    c->last[r] = *e;
    (void)snprintf(c->text[r], sizeof c->text[r], "%s", e->text);
}

static void poll_rank(struct cluster *c, int r)
{
    struct nccl_event e;
    figures.polls++;
    nccl_group_poll(c->g[r], c->now, &e);
    if (e.kind != NCCL_NOTHING)
        check_event(c, r, &e);
}

// Polls all that are not gone, in any order, until each has had an event.
static void run(struct cluster *c, int steps)
{
    for (int r = 0; r < c->n; r++)
        c->last[r] = (struct nccl_event){0};
    for (bool waiting = true; waiting && steps > 0; steps--) {
        c->now++;
        for (int i = 0; i < c->n; i++) {
            int r = fake_draw(c->net, c->n - 1);
            if (!c->gone[r] && c->last[r].kind == NCCL_NOTHING)
                poll_rank(c, r);
        }
        waiting = false;
        for (int r = 0; r < c->n; r++)
            waiting = waiting || (!c->gone[r] && c->last[r].kind == NCCL_NOTHING);
    }
}

static bool all(const struct cluster *c, enum nccl_event_kind kind)
{
    bool same = true;
    for (int r = 0; r < c->n; r++)
        same = same && (c->gone[r] || c->last[r].kind == kind);
    return same;
}

static void join(struct cluster *c)
{
    uint8_t id[NCCL_ID_BYTES];
    assert_ok(nccl_group_new_id(c->g[0], id));
    for (int r = 0; r < c->n; r++)
        if (!c->gone[r])
            assert_ok(nccl_group_join(c->g[r], id, c->now));
    run(c, LONG);
}

static void begin(struct cluster *c, size_t bytes, uint64_t version)
{
    c->bytes = bytes;
    fill(c, version, 0, bytes);
    for (int r = 0; r < c->n; r++)
        if (!c->gone[r])
            assert_ok(nccl_group_begin(c->g[r], c->buffer[r], bytes, version, c->now));
    assert_ok(nccl_group_ready_to(c->g[0], bytes));
}

static void send(struct cluster *c, size_t bytes, uint64_t version)
{
    begin(c, bytes, version);
    run(c, LONG);
    assert_true(all(c, NCCL_COMPLETE));
}

static void leave(struct cluster *c, int rank)
{
    c->gone[rank] = true;
    for (int r = 0; r < c->n; r++)
        if (!c->gone[r])
            assert_ok(nccl_group_shrink(c->g[r], &rank, 1, c->now));
    figures.shrinks++;
    run(c, LONG);
}

#endif

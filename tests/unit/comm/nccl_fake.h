// NCCL as a test sees it: several ranks in one process, host memory for device memory.
// A broadcast completes when all members of a communicator have enqueued it, and its
// bytes reach a rank when that rank is told so.  Calls come back BUSY for a while, fail
// or stall where asked; tickets complete out of order.  It asserts what nccl_calls.h
// asks of the caller.
#ifndef NCCL_FAKE_H
#define NCCL_FAKE_H

#include "base/rng.h"
#include "comm/nccl_group.h"

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAKE_RANKS = 8, FAKE_OPS = 256, FAKE_TICKETS = 1 << 16, FAKE_SCRIBBLE = 0xEE };

enum fake_call {
    FAKE_UNIQUE_ID,
    FAKE_INIT,
    FAKE_STATE,
    FAKE_BROADCAST,
    FAKE_MARK,
    FAKE_DONE,
    FAKE_SHRINK,
    FAKE_CALLS
};
enum fake_fault { FAKE_FINE, FAKE_ERROR, FAKE_STALL };

struct fake_op {
    size_t bytes;
    int present;       // members that have enqueued it
    uint8_t *snapshot; // the root's bytes, from when it enqueued
};

struct fake_session { // a communicator, as all its members share it
    uint8_t name;
    int size, arrived;
    bool there[FAKE_RANKS];
    struct fake_session *from, *next; // from: what it was shrunk from
    bool excluded[FAKE_RANKS];        // places in `from`
    struct fake_op ops[FAKE_OPS];
};

struct fake_comm { // a communicator at one of its members
    struct fake_session *session;
    struct fake_comm *from, *to; // the two ends of a shrink under way
    bool settled;                // its last call's end has been seen
    bool error, stalled, shrunk;
    int place, ops, busy; // busy: times that `state` says so still
};

struct fake_ticket {
    struct fake_comm *comm; // NULL: aborted
    bool live;
    int owner, op, delay;
    uint8_t *device;
};

struct fake_rank {
    struct fake_net *net;
    int rank;
    enum fake_call at; // the fault: in the nth call of this kind
    enum fake_fault fault;
    long nth, seen;
    bool mute;              // its inits never complete
    struct fake_comm *last; // of the last broadcast
    uint8_t *last_device;
};

struct fake_net {
    struct fake_rank ranks[FAKE_RANKS];
    struct fake_session *sessions;
    struct fake_ticket *tickets; // [FAKE_TICKETS]
    uint64_t n_tickets;
    struct rng_key key;
    uint64_t drawn;
    int max_busy, max_delay; // polls
    uint8_t names;
    int live_comms, live_tickets;
    long calls, overtaken, broadcasts; // overtaken: completed before an earlier one
};

static int fake_draw(struct fake_net *n, int most)
{
    return most ? (int)rng_below(n->key, n->drawn++, (uint64_t)most + 1) : 0;
}

static enum fake_fault fake_enter(struct fake_rank *r, enum fake_call call)
{
    r->net->calls++;
    if (r->fault == FAKE_FINE || r->at != call || ++r->seen != r->nth)
        return FAKE_FINE;
    return r->fault;
}

// A call is made: how it comes back.
static enum nccl_state fake_leave(struct fake_rank *r, struct fake_comm *c,
                                  enum fake_fault fault)
{
    c->error = c->error || fault == FAKE_ERROR;
    c->stalled = c->stalled || fault == FAKE_STALL;
    c->busy = fake_draw(r->net, r->net->max_busy);
    c->settled = !c->error && !c->stalled && c->busy == 0 &&
                 c->session->arrived == c->session->size;
    return c->error ? NCCL_STATE_ERROR : c->settled ? NCCL_STATE_OK : NCCL_STATE_BUSY;
}

static enum nccl_state fake_unique_id(void *context, uint8_t id[NCCL_ID_BYTES])
{
    struct fake_rank *r = context;
    if (fake_enter(r, FAKE_UNIQUE_ID) == FAKE_ERROR)
        return NCCL_STATE_ERROR;
    memset(id, ++r->net->names, NCCL_ID_BYTES);
    return NCCL_STATE_OK;
}

static struct fake_session *fake_session(struct fake_net *n, struct fake_session like)
{
    struct fake_session *s = calloc(1, sizeof *s);
    assert_non_null(s);
    *s = like;
    s->next = n->sessions;
    n->sessions = s;
    return s;
}

static struct fake_comm *fake_arrive(struct fake_net *n, struct fake_session *s,
                                     int place)
{
    assert_true(place >= 0 && place < s->size && !s->there[place]);
    struct fake_comm *c = calloc(1, sizeof *c);
    assert_non_null(c);
    s->there[place] = true;
    s->arrived++;
    *c = (struct fake_comm){.session = s, .place = place};
    n->live_comms++;
    return c;
}

static void fake_free_comm(void *context, void *comm)
{
    struct fake_rank *r = context;
    assert_true(((struct fake_comm *)comm)->settled);
    r->net->live_comms--;
    r->last = r->last == comm ? NULL : r->last;
    free(comm);
}

static enum nccl_state fake_init(void *context, int size, int rank,
                                 const uint8_t id[NCCL_ID_BYTES], void **comm)
{
    struct fake_rank *r = context;
    enum fake_fault fault = r->mute ? FAKE_STALL : fake_enter(r, FAKE_INIT);
    *comm = NULL;
    if (fault == FAKE_ERROR)
        return NCCL_STATE_ERROR;
    struct fake_session *s = r->net->sessions;
    while (s && s->name != id[0])
        s = s->next;
    if (!s)
        s = fake_session(r->net, (struct fake_session){.name = id[0], .size = size});
    assert_int_equal(s->size, size);
    struct fake_comm *c = fake_arrive(r->net, s, rank);
    *comm = c;
    return fake_leave(r, c, fault);
}

static void fake_part(struct fake_comm *c)
{
    if (c->from)
        c->from->to = NULL;
    if (c->to)
        c->to->from = NULL;
    c->from = c->to = NULL;
}

static enum nccl_state fake_state(void *context, void *comm)
{
    struct fake_rank *r = context;
    struct fake_comm *c = comm;
    enum fake_fault fault = fake_enter(r, FAKE_STATE);
    c->error = c->error || fault == FAKE_ERROR;
    c->stalled = c->stalled || fault == FAKE_STALL;
    if (c->error)
        return NCCL_STATE_ERROR;
    if (c->stalled || c->session->arrived < c->session->size || c->busy > 0) {
        c->settled = false;
        c->busy -= c->busy > 0;
        return NCCL_STATE_BUSY;
    }
    c->settled = true;
    fake_part(c);
    return NCCL_STATE_OK;
}

static enum nccl_state fake_broadcast(void *context, void *comm, void *device,
                                      size_t bytes, int root)
{
    struct fake_rank *r = context;
    struct fake_comm *c = comm;
    enum fake_fault fault = fake_enter(r, FAKE_BROADCAST);
    assert_true(c->settled && !c->error && !c->shrunk && root == 0);
    assert_true(c->ops < FAKE_OPS && bytes > 0);
    if (fault == FAKE_ERROR)
        return fake_leave(r, c, fault);
    struct fake_op *op = &c->session->ops[c->ops++];
    if (op->present++ == 0)
        op->bytes = bytes;
    assert_int_equal(op->bytes, bytes);
    if (c->place == root) {
        op->snapshot = malloc(bytes);
        assert_non_null(op->snapshot);
        memcpy(op->snapshot, device, bytes);
        r->net->broadcasts++;
    }
    assert_null(r->last); // marked
    r->last = c;
    r->last_device = device;
    return fake_leave(r, c, fault);
}

static enum nccl_state fake_mark(void *context, uint64_t *ticket)
{
    struct fake_rank *r = context;
    struct fake_net *n = r->net;
    enum fake_fault fault = fake_enter(r, FAKE_MARK);
    assert_true(r->last && r->last->settled);
    if (fault == FAKE_ERROR) {
        r->last = NULL;
        return NCCL_STATE_ERROR;
    }
    assert_true(n->n_tickets < FAKE_TICKETS);
    n->tickets[n->n_tickets] = (struct fake_ticket){
        .comm = r->last,
        .live = true,
        .owner = r->rank,
        .op = r->last->ops - 1,
        .delay = fault == FAKE_STALL ? 1 << 30 : fake_draw(n, n->max_delay),
        .device = r->last_device,
    };
    n->live_tickets++;
    r->last = NULL;
    *ticket = n->n_tickets++;
    return NCCL_STATE_OK;
}

static struct fake_ticket *fake_ticket(struct fake_rank *r, uint64_t ticket)
{
    assert_true(ticket < r->net->n_tickets);
    struct fake_ticket *t = &r->net->tickets[ticket];
    assert_true(t->live && t->owner == r->rank);
    return t;
}

static void fake_drop(void *context, uint64_t ticket)
{
    struct fake_rank *r = context;
    fake_ticket(r, ticket)->live = false;
    r->net->live_tickets--;
}

static int fake_done(void *context, uint64_t ticket)
{
    struct fake_rank *r = context;
    struct fake_ticket *t = fake_ticket(r, ticket);
    enum fake_fault fault = fake_enter(r, FAKE_DONE);
    assert_non_null(t->comm);
    t->comm->stalled = t->comm->stalled || fault == FAKE_STALL;
    struct fake_op *op = &t->comm->session->ops[t->op];
    if (fault != FAKE_ERROR) {
        if (t->comm->stalled || op->present < t->comm->session->size || t->delay-- > 0)
            return 0;
        if (t->comm->place != 0)
            memcpy(t->device, op->snapshot, op->bytes);
        t->comm = NULL;
        uint64_t i = 0;
        while (!r->net->tickets[i].live || r->net->tickets[i].owner != r->rank)
            i++;
        r->net->overtaken += i < ticket;
    }
    fake_drop(r, ticket);
    return fault == FAKE_ERROR ? -1 : 1;
}

// What was in flight at this rank is half written.
static void fake_cancel(struct fake_rank *r, struct fake_comm *c)
{
    for (uint64_t i = 0; i < r->net->n_tickets; i++) {
        struct fake_ticket *t = &r->net->tickets[i];
        if (t->comm != c)
            continue;
        if (c->place != 0)
            memset(t->device, FAKE_SCRIBBLE, c->session->ops[t->op].bytes);
        t->comm = NULL;
    }
    r->last = r->last == c ? NULL : r->last;
}

static enum nccl_state fake_shrink(void *context, void *comm, const int *excluded,
                                   int n, void **fresh)
{
    struct fake_rank *r = context;
    struct fake_comm *c = comm;
    enum fake_fault fault = fake_enter(r, FAKE_SHRINK);
    assert_true((c->settled || c->error) && !c->shrunk && n > 0);
    *fresh = NULL;
    fake_cancel(r, c);
    c->shrunk = true;
    if (fault == FAKE_ERROR)
        return NCCL_STATE_ERROR;
    struct fake_session like = {.size = c->session->size - n, .from = c->session};
    int place = c->place;
    for (int i = 0; i < n; i++) {
        assert_true(excluded[i] >= 0 && excluded[i] < c->session->size);
        assert_true(excluded[i] != c->place && !like.excluded[excluded[i]]);
        like.excluded[excluded[i]] = true;
        place -= excluded[i] < c->place;
    }
    struct fake_session *s = r->net->sessions;
    while (s && (s->from != like.from ||
                 memcmp(s->excluded, like.excluded, sizeof like.excluded) != 0))
        s = s->next;
    if (!s)
        s = fake_session(r->net, like);
    c->to = fake_arrive(r->net, s, place);
    *fresh = c->to;
    c->to->from = c;
    return fake_leave(r, c->to, fault);
}

static void fake_abort(void *context, void *comm)
{
    struct fake_rank *r = context;
    struct fake_comm *c = comm;
    assert_true(!c->from || c->settled); // the older one goes first
    fake_part(c);
    fake_cancel(r, c);
    c->settled = true;
    fake_free_comm(r, c);
}

static const char *fake_text(void *context, void *comm)
{
    (void)context, (void)comm;
    return "the fake says no";
}

static struct nccl_calls fake_calls(struct fake_net *n, int rank)
{
    return (struct nccl_calls){
        .context = &n->ranks[rank],
        .unique_id = fake_unique_id,
        .init = fake_init,
        .state = fake_state,
        .broadcast = fake_broadcast,
        .mark = fake_mark,
        .done = fake_done,
        .drop = fake_drop,
        .shrink = fake_shrink,
        .abort = fake_abort,
        .free_comm = fake_free_comm,
        .text = fake_text,
    };
}

static struct fake_net *fake_net(uint64_t seed, int max_busy, int max_delay)
{
    struct fake_net *n = calloc(1, sizeof *n);
    assert_non_null(n);
    n->tickets = calloc(FAKE_TICKETS, sizeof *n->tickets);
    assert_non_null(n->tickets);
    n->key = rng_root(seed, RNG_TEST);
    n->max_busy = max_busy;
    n->max_delay = max_delay;
    for (int i = 0; i < FAKE_RANKS; i++)
        n->ranks[i] = (struct fake_rank){.net = n, .rank = i};
    return n;
}

// Everything must have been given back.
static void fake_net_free(struct fake_net *n)
{
    assert_int_equal(n->live_comms, 0);
    assert_int_equal(n->live_tickets, 0);
    for (struct fake_session *s = n->sessions, *next; s; s = next) {
        next = s->next;
        for (int i = 0; i < FAKE_OPS; i++)
            free(s->ops[i].snapshot);
        free(s);
    }
    free(n->tickets);
    free(n);
}

// The group of one rank over the net.
static inline struct nccl_group *fake_group_new(struct fake_net *net,
                                                const struct nccl_group_options *opt)
{
    struct nccl_calls calls = fake_calls(net, opt->rank);
    struct nccl_group *g = NULL;
    if (nccl_group_new(&g, &calls, opt) != OK)
        fail_msg("nccl_group_new: %s", status_message());
    return g;
}

#endif

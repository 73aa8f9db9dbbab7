// The steps of a group: every NCCL call but abort.
#include "nccl_group_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void report(struct nccl_group *g, enum nccl_event_kind kind, enum status error,
                   struct nccl_event *event)
{
    bool broadcast = kind == NCCL_COMPLETE || (kind == NCCL_BROKEN && g->in_broadcast);
    *event = (struct nccl_event){.kind = kind,
                                 .error = error,
                                 .version = broadcast ? g->version : 0,
                                 .generation = g->generation,
                                 .text = kind == NCCL_BROKEN ? g->text : ""};
}

// A broadcast leaves its communicator for a shrink; the other phases leave none.
static void break_off(struct nccl_group *g, enum status error, const char *why,
                      int64_t now_ms, struct nccl_event *event)
{
    bool broadcast = g->state == NCCL_GROUP_BROADCASTING;
    nccl_describe(g, now_ms, why);
    if (broadcast)
        nccl_drop_flights(g);
    else
        nccl_abort_all(g);
    nccl_enter(g, NCCL_GROUP_BROKEN, now_ms);
    g->in_broadcast = broadcast;
    report(g, NCCL_BROKEN, error, event);
}

static void fail(struct nccl_group *g, const char *call, void *comm, int64_t now_ms,
                 struct nccl_event *event)
{
    char why[NCCL_TEXT_BYTES / 2];
    (void)snprintf(why, sizeof why, "%s: %s", call,
                   g->calls.text(g->calls.context, comm));
    break_off(g, ERR_IO, why, now_ms, event);
}

static void check_deadline(struct nccl_group *g, int64_t limit_ms, int64_t now_ms,
                           struct nccl_event *event)
{
    if (now_ms - g->since <= limit_ms)
        return;
    char why[64];
    (void)snprintf(why, sizeof why, "the deadline of %" PRId64 " ms passed", limit_ms);
    break_off(g, ERR_TIMEOUT, why, now_ms, event);
}

static void become_ready(struct nccl_group *g, int64_t now_ms, struct nccl_event *event)
{
    memcpy(g->inside, g->member, (size_t)g->opt.size * sizeof *g->inside);
    nccl_enter(g, NCCL_GROUP_READY, now_ms);
    report(g, NCCL_JOINED, OK, event);
}

static void poll_join(struct nccl_group *g, int64_t now_ms, struct nccl_event *event)
{
    enum nccl_state s;
    if (g->called) {
        s = g->calls.state(g->calls.context, g->comm);
    } else {
        g->called = true;
        s = g->calls.init(g->calls.context, g->members,
                          nccl_group_place(g, g->opt.rank), g->id, &g->comm);
    }
    if (s == NCCL_STATE_OK)
        become_ready(g, now_ms, event);
    else if (s == NCCL_STATE_ERROR)
        fail(g, "init", g->comm, now_ms, event);
    else
        check_deadline(g, g->opt.join_ms, now_ms, event);
}

static enum nccl_state call_shrink(struct nccl_group *g)
{
    int n = 0, place = 0;
    for (int r = 0; r < g->opt.size; r++) {
        if (g->inside[r] && !g->member[r])
            g->list[n++] = place;
        place += g->inside[r];
    }
    g->called = true;
    return g->calls.shrink(g->calls.context, g->comm, g->list, n, &g->fresh);
}

static void poll_shrink(struct nccl_group *g, int64_t now_ms, struct nccl_event *event)
{
    enum nccl_state s = NCCL_STATE_BUSY;
    if (!g->called && g->busy) // an error does not matter: what it was about ends now
        g->busy = g->calls.state(g->calls.context, g->comm) == NCCL_STATE_BUSY;
    if (g->called)
        s = g->calls.state(g->calls.context, g->fresh);
    else if (!g->busy)
        s = call_shrink(g);
    if (s == NCCL_STATE_OK) {
        g->calls.abort(g->calls.context, g->comm);
        g->comm = g->fresh;
        g->fresh = NULL;
        become_ready(g, now_ms, event);
    } else if (s == NCCL_STATE_ERROR) {
        fail(g, "shrink", g->comm, now_ms, event);
    } else {
        check_deadline(g, g->opt.join_ms, now_ms, event);
    }
}

// Takes up what is complete, in any order; false where the GPU failed.
static bool collect(struct nccl_group *g)
{
    for (size_t i = 0; i < g->n_flights;) {
        int done = g->calls.done(g->calls.context, g->flights[i].ticket);
        size_t bytes = g->flights[i].bytes;
        if (done != 0)
            g->flights[i] = g->flights[--g->n_flights];
        else
            i++;
        if (done < 0)
            return false;
        if (done > 0)
            g->done += bytes;
    }
    return true;
}

// One call, or none where nothing may go yet (*moved = false).
static enum nccl_state enqueue(struct nccl_group *g, const char **call, bool *moved)
{
    *moved = true;
    if (g->marked < g->enqueued) {
        struct nccl_flight f = {.bytes = g->enqueued - g->marked};
        *call = "mark";
        enum nccl_state s = g->calls.mark(g->calls.context, &f.ticket);
        if (s == NCCL_STATE_OK) {
            g->flights[g->n_flights++] = f;
            g->marked = g->enqueued;
        }
        return s;
    }
    size_t left = g->bytes - g->enqueued;
    size_t bytes = left < g->opt.chunk_bytes ? left : g->opt.chunk_bytes;
    *moved = bytes > 0 && bytes <= g->ready - g->enqueued;
    if (!*moved)
        return NCCL_STATE_OK;
    *call = "broadcast";
    uint8_t *device = g->device + g->enqueued;
    g->enqueued += bytes;
    return g->calls.broadcast(g->calls.context, g->comm, device, bytes, 0);
}

static void poll_broadcast(struct nccl_group *g, int64_t now_ms,
                           struct nccl_event *event)
{
    if (!collect(g)) {
        fail(g, "event", g->comm, now_ms, event);
        return;
    }
    if (g->done == g->bytes) {
        nccl_enter(g, NCCL_GROUP_READY, now_ms);
        report(g, NCCL_COMPLETE, OK, event);
        return;
    }
    const char *call = "broadcast";
    bool moved = true;
    enum nccl_state s = g->calls.state(g->calls.context, g->comm);
    while (s == NCCL_STATE_OK && moved)
        s = enqueue(g, &call, &moved);
    g->busy = s == NCCL_STATE_BUSY;
    if (s == NCCL_STATE_ERROR)
        fail(g, call, g->comm, now_ms, event);
    else
        check_deadline(g, g->opt.broadcast_ms, now_ms, event);
}

void nccl_group_poll(struct nccl_group *g, int64_t now_ms, struct nccl_event *event)
{
    report(g, NCCL_NOTHING, OK, event);
    switch (g->state) {
    case NCCL_GROUP_JOINING:
        poll_join(g, now_ms, event);
        break;
    case NCCL_GROUP_BROADCASTING:
        poll_broadcast(g, now_ms, event);
        break;
    case NCCL_GROUP_SHRINKING:
        poll_shrink(g, now_ms, event);
        break;
    case NCCL_GROUP_NONE:
    case NCCL_GROUP_READY:
    case NCCL_GROUP_BROKEN:
        if (g->tell)
            report(g, NCCL_BROKEN, ERR_IO, event);
        g->tell = false;
    }
}

#include "broadcast_state.h"
#include "publish.h"

#include "base/log.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { QUIET_SHARE = 8 }; // of silence_ms

_Static_assert((int)PROTO_GROUP_ID_BYTES == (int)NCCL_ID_BYTES,
               "an id fits its message");

enum status broadcast_new(struct broadcast **out, struct nccl_group *group,
                          const struct dispatch_config *c, struct dispatch *d,
                          struct model *m, int64_t now_ms)
{
    struct broadcast *b = NULL;
    size_t ranks = (size_t)c->ranks;
    enum status st;
    if (group && (nccl_group_members(group) != c->ranks || c->own_rank != 0 ||
                  nccl_group_rank(group) != 0))
        return status_fail(ERR_INTERNAL, "rank %d of a broadcast group of %d for %d",
                           nccl_group_rank(group), nccl_group_members(group), c->ranks);
    TRY(mem_new(&b, 1, sizeof *b));
    *b = (struct broadcast){.group = group,
                            .dispatch = d,
                            .model = m,
                            .ranks = c->ranks,
                            .start_ms = c->start_ms,
                            .quiet_ms = c->silence_ms / QUIET_SHARE,
                            .born_ms = now_ms,
                            .first_hello_ms = -1};
    TRY_OUT(mem_new(&b->members, ranks, sizeof *b->members));
    TRY_OUT(mem_new(&b->list, ranks, sizeof *b->list));
    TRY_OUT(mem_new(&b->excluded, ranks, sizeof *b->excluded));
    for (int r = 0; r < c->ranks; r++)
        b->members[r].in = 1;
    if (group && c->ranks > 1)
        broadcast_enter(b, BROADCAST_GATHER, now_ms);
    *out = b;
    return OK;
out:
    broadcast_free(b);
    return st;
}

void broadcast_free(struct broadcast *b)
{
    if (!b)
        return;
    mem_free(b->members);
    mem_free(b->list);
    mem_free(b->excluded);
    mem_free(b);
}

int broadcast_report(const struct broadcast *b, int rank, struct worker_report *out)
{
    for (size_t i = 0; i < dispatch_workers(b->dispatch); i++) {
        dispatch_worker_report(b->dispatch, i, out);
        if (out->rank == rank)
            return 1;
    }
    return 0;
}

void broadcast_enter(struct broadcast *b, enum broadcast_phase phase, int64_t now_ms)
{
    b->phase = phase;
    b->since_ms = now_ms;
}

// ---- what the workers are told

enum status broadcast_tell(struct broadcast *b, int rank, enum group_order order,
                           int64_t now_ms, struct outbox *out)
{
    struct worker_report w;
    struct message m = {.type = MSG_GROUP};
    struct msg_group *g = &m.as.group;
    if (!broadcast_report(b, rank, &w) || !w.alive ||
        w.incarnation != b->members[rank].incarnation)
        return OK;
    *g = (struct msg_group){.order = order,
                            .worker = w.incarnation,
                            .generation = b->generation,
                            .excluded = b->excluded};
    if (order == GROUP_BROADCAST) {
        g->version = b->version;
        g->bytes = b->bytes;
    } else {
        for (int r = 0; r < b->ranks; r++)
            if (!b->members[r].in)
                b->excluded[g->n_excluded++] = r;
    }
    if (order == GROUP_JOIN)
        memcpy(g->id, b->id, sizeof g->id);
    b->members[rank].told_ms = now_ms;
    return dispatch_tell(b->dispatch, rank, &m, out);
}

// ---- a version's flight

// Begins the broadcast of what is, or will be, the model's image.
static enum status fly(struct broadcast *b, uint64_t version, int64_t now_ms,
                       struct outbox *out)
{
    struct model_image image = model_outgoing(b->model);
    TRY(nccl_group_begin(b->group, image.at, image.bytes, version, now_ms));
    b->version = version;
    b->bytes = image.bytes;
    b->begun_ms = now_ms;
    b->reading = 1;
    broadcast_enter(b, BROADCAST_FLY, now_ms);
    for (int r = 1; r < b->ranks; r++) {
        struct member *m = &b->members[r];
        m->carried = m->in;
        b->stats.ranks += m->in;
        dispatch_carry(b->dispatch, r, m->in);
        if (m->in)
            TRY(broadcast_tell(b, r, GROUP_BROADCAST, now_ms, out));
    }
    return OK;
}

// The first version is there already, and goes unless slices of it went before.
static enum status fly_first(struct broadcast *b, int64_t now_ms, struct outbox *out)
{
    b->first = 0;
    TRY(fly(b, b->model->version, now_ms, out));
    return nccl_group_ready_to(b->group, b->bytes);
}

// Those that lack the version in flight get it by slices.
static void ground(struct broadcast *b)
{
    char text[256] = "";
    size_t len = 0;
    for (int r = 1; r < b->ranks; r++) {
        struct worker_report w;
        struct member *m = &b->members[r];
        int has = broadcast_report(b, r, &w) && w.incarnation == m->incarnation &&
                  w.weights_version == b->version;
        if (!m->carried || has)
            continue;
        m->carried = 0;
        b->stats.ranks--;
        dispatch_carry(b->dispatch, r, 0);
        if (len < sizeof text - 16)
            len += (size_t)snprintf(text + len, sizeof text - len, " %d", r);
    }
    if (len > 0)
        log_warn("version %" PRIu64 " of the weights goes by slices to rank%s",
                 b->version, text);
}

void broadcast_break(struct broadcast *b, int blame, int64_t now_ms, const char *text)
{
    log_warn("%s", text);
    b->failures++;
    b->stats.breaks++;
    b->blame = blame;
    if (b->phase == BROADCAST_FLY || b->phase == BROADCAST_LAND)
        ground(b);
    broadcast_enter(b, BROADCAST_BROKEN, now_ms);
}

static void poll(struct broadcast *b, int64_t now_ms)
{
    struct nccl_event e = {0};
    nccl_group_poll(b->group, now_ms, &e);
    broadcast_event(b, &e, now_ms);
}

static enum status watch_ready(void *context, size_t bytes)
{
    struct broadcast *b = context;
    if (b->phase != BROADCAST_FLY)
        return OK;
    TRY(nccl_group_ready_to(b->group, bytes));
    poll(b, b->now_ms);
    return OK;
}

struct training_watch broadcast_watch(struct broadcast *b, int64_t now_ms)
{
    b->now_ms = now_ms;
    return (struct training_watch){b, watch_ready};
}

int broadcast_may_begin(struct broadcast *b, int64_t now_ms)
{
    if (b->phase == BROADCAST_BROKEN && b->reading)
        b->since_ms = now_ms - b->quiet_ms; // the image is needed: judge at once
    return !b->reading && b->phase != BROADCAST_FLY && b->phase != BROADCAST_LAND;
}

enum status broadcast_begin(struct broadcast *b, uint64_t version, int64_t now_ms,
                            struct outbox *out)
{
    b->stats = (struct broadcast_stats){.breaks = b->stats.breaks};
    b->first = 0;
    if (b->phase == BROADCAST_READY)
        return fly(b, version, now_ms, out);
    for (int r = 1; r < b->ranks; r++) {
        b->members[r].carried = 0;
        dispatch_carry(b->dispatch, r, 0);
    }
    return OK;
}

enum status broadcast_publish(struct broadcast *b, struct outbox *out)
{
    if (b->phase == BROADCAST_OFF) {
        TRY(model_fetch(b->model));
        return publish(b->dispatch, b->model, out);
    }
    publish_announce(b->dispatch, b->model);
    return publish_supply(b->dispatch, b->model, out);
}

enum status broadcast_start(struct broadcast *b, struct outbox *out)
{
    if (b->phase == BROADCAST_OFF)
        return publish(b->dispatch, b->model, out);
    publish_announce(b->dispatch, b->model);
    b->first = 1;
    return OK;
}

// Whether slices of the first version still wait for the group.
static int holds(const struct broadcast *b, int64_t now_ms)
{
    int64_t age = now_ms - b->first_hello_ms;
    if (!b->first || b->first_hello_ms < 0)
        return b->first;
    return (b->phase == BROADCAST_GATHER && age < BROADCAST_GATHER_MS) ||
           (b->phase == BROADCAST_JOIN && age < BROADCAST_FIRST_MS);
}

enum status broadcast_tick(struct broadcast *b, int64_t now_ms, struct outbox *out)
{
    if (b->phase != BROADCAST_OFF) {
        poll(b, now_ms);
        TRY(broadcast_tend(b, now_ms, out));
    }
    if (b->order)
        TRY(broadcast_remind(b, now_ms, out));
    if (b->phase == BROADCAST_READY && b->first)
        TRY(fly_first(b, now_ms, out));
    if (holds(b, now_ms) || !dispatch_wants_weights(b->dispatch))
        return OK;
    b->first = 0;
    return publish_supply(b->dispatch, b->model, out);
}

struct broadcast_stats broadcast_stats(const struct broadcast *b)
{
    return b->stats;
}

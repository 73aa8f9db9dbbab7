// Who is of the broadcast group, and how it is built again.
#include "broadcast_state.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

enum { LAND_QUIETS = 2 }; // from the learner's last byte to every worker's report

void broadcast_event(struct broadcast *b, const struct nccl_event *e, int64_t now_ms)
{
    if (b->phase == BROADCAST_BROKEN) { // it is told: this is what became of it
        int ended = e->kind == NCCL_COMPLETE || e->kind == NCCL_JOINED;
        b->reading = b->reading && !ended;
        return;
    }
    switch (e->kind) {
    case NCCL_NOTHING:
        return;
    case NCCL_JOINED:
        log_info("broadcast group of %d ranks, generation %" PRIu32 ", after %.3f s",
                 nccl_group_members(b->group), b->generation,
                 1e-3 * (double)(now_ms - b->ordered_ms));
        b->reading = 0;
        broadcast_enter(b, BROADCAST_READY, now_ms);
        return;
    case NCCL_COMPLETE:
        b->reading = 0;
        b->stats.bytes = (double)b->bytes;
        b->stats.seconds = 1e-3 * (double)(now_ms - b->begun_ms);
        broadcast_enter(b, BROADCAST_LAND, now_ms);
        return;
    case NCCL_BROKEN:
        if (b->phase != BROADCAST_FLY) // of a join or a shrink nothing is left
            b->reading = 0;
        broadcast_break(b, e->error != ERR_TIMEOUT, now_ms, e->text);
        return;
    }
}

// ---- orders

static enum status order_all(struct broadcast *b, enum group_order order,
                             int64_t now_ms, struct outbox *out)
{
    b->order = order;
    b->generation = nccl_group_generation(b->group);
    b->ordered_ms = now_ms;
    for (int r = 1; r < b->ranks; r++)
        if (b->members[r].known)
            TRY(broadcast_tell(b, r, order, now_ms, out));
    return OK;
}

static int workers_in(const struct broadcast *b)
{
    int n = 0;
    for (int r = 1; r < b->ranks; r++)
        n += b->members[r].in;
    return n;
}

static enum status give_up(struct broadcast *b, const char *why, int64_t now_ms,
                           struct outbox *out)
{
    int root = 0;
    log_warn("the broadcast group is given up (%s): all weights go by slices from now "
             "on",
             why);
    TRY(nccl_group_shrink(b->group, &root, 1, now_ms));
    b->members[0].in = 0;
    b->reading = 0;
    for (int r = 1; r < b->ranks; r++) {
        b->members[r].carried = 0;
        dispatch_carry(b->dispatch, r, 0);
    }
    broadcast_enter(b, BROADCAST_OFF, now_ms);
    return order_all(b, GROUP_SHRINK, now_ms, out);
}

static enum status join(struct broadcast *b, int64_t now_ms, struct outbox *out)
{
    enum status st = nccl_group_new_id(b->group, b->id);
    if (st == ERR_IO) {
        broadcast_break(b, 0, now_ms, status_message());
        return OK;
    }
    TRY(st);
    TRY(nccl_group_join(b->group, b->id, now_ms)); // aborts what there was
    b->reading = 0;
    broadcast_enter(b, BROADCAST_JOIN, now_ms);
    return order_all(b, GROUP_JOIN, now_ms, out);
}

// Goes on without the first n of the list: by a shrink where there is a communicator.
static enum status go_without(struct broadcast *b, int n, int64_t now_ms,
                              struct outbox *out)
{
    TRY(nccl_group_shrink(b->group, b->list, n, now_ms));
    for (int i = 0; i < n; i++) {
        b->members[b->list[i]].in = 0;
        dispatch_carry(b->dispatch, b->list[i], 0);
    }
    if (workers_in(b) == 0)
        return give_up(b, "no worker is left in it", now_ms, out);
    if (nccl_group_state(b->group) != NCCL_GROUP_SHRINKING)
        return join(b, now_ms, out);
    broadcast_enter(b, BROADCAST_SHRINK, now_ms);
    return order_all(b, GROUP_SHRINK, now_ms, out);
}

// ---- the start

// Joins once every rank has come, or with those that have come by start_ms.
static enum status gather(struct broadcast *b, int64_t now_ms, struct outbox *out)
{
    int missing = 0;
    for (int r = 1; r < b->ranks; r++) {
        struct worker_report w;
        struct member *m = &b->members[r];
        m->known = broadcast_report(b, r, &w) && w.alive;
        m->incarnation = m->known ? w.incarnation : 0;
        if (!m->known)
            b->list[missing++] = r;
    }
    int came = b->ranks - 1 - missing;
    if (came > 0 && b->first_hello_ms < 0)
        b->first_hello_ms = now_ms;
    if (came == 0 || (missing > 0 && now_ms - b->born_ms < b->start_ms))
        return OK;
    if (missing == 0)
        return join(b, now_ms, out);
    for (int i = 0; i < missing; i++)
        log_warn("rank %d is not of the broadcast group: no HELLO within %" PRId64
                 " ms; its weights go by slices",
                 b->list[i], b->start_ms);
    return go_without(b, missing, now_ms, out);
}

// ---- judging

static int lacks(const struct broadcast *b, const struct worker_report *w)
{
    return w->weights_version == (uint64_t)-1 || w->weights_version < b->version;
}

// Why the rank cannot be counted on any more; NULL where it can.
static const char *fault(const struct broadcast *b, int rank, int64_t now_ms,
                         struct worker_report *w)
{
    if (!broadcast_report(b, rank, w) || !w->alive)
        return "it is gone";
    if (w->incarnation != b->members[rank].incarnation)
        return "it has started again";
    int lands = b->phase == BROADCAST_LAND && b->members[rank].carried;
    if (b->phase != BROADCAST_BROKEN && !lands)
        return NULL;
    if (now_ms - w->last_heard_ms >= b->quiet_ms && (!lands || lacks(b, w)))
        return "it is silent";
    if (w->generation != b->generation && now_ms - b->ordered_ms >= b->quiet_ms)
        return "it has not followed";
    return NULL;
}

static int reports_failure(const struct broadcast *b, const struct worker_report *w)
{
    return w->generation == b->generation && w->group == GROUP_BROKEN;
}

static void log_excluded(const struct broadcast *b, int rank, const char *why)
{
    log_warn("rank %d is excluded from the broadcast group (generation %" PRIu32
             "): %s; its weights go by slices",
             rank, b->generation, why);
}

// Who is at fault, in the list.
static int judge(struct broadcast *b, int64_t now_ms)
{
    int n = 0, broken = 0, last = 0;
    for (int r = 1; r < b->ranks; r++) {
        struct worker_report w;
        if (!b->members[r].in)
            continue;
        const char *why = fault(b, r, now_ms, &w);
        if (why) {
            log_excluded(b, r, why);
            b->list[n++] = r;
        } else if (reports_failure(b, &w)) {
            broken++;
            last = r;
        }
    }
    if (n > 0 || !b->blame || broken != 1 || workers_in(b) < 2)
        return n;
    log_excluded(b, last, "it alone has failed");
    b->list[0] = last;
    return 1;
}

// Every member has said how it is since the failure, with time for the failure to reach
// it; or has had time enough.
static int all_heard(const struct broadcast *b, int64_t now_ms)
{
    if (now_ms - b->since_ms >= b->quiet_ms)
        return 1;
    for (int r = 1; r < b->ranks; r++) {
        struct worker_report w;
        if (b->members[r].in && (!broadcast_report(b, r, &w) ||
                                 w.last_heard_ms < b->since_ms + BROADCAST_RESEND_MS))
            return 0;
    }
    return 1;
}

static enum status build_anew(struct broadcast *b, int64_t now_ms, struct outbox *out)
{
    if (!all_heard(b, now_ms) && b->failures < BROADCAST_FAILURES)
        return OK;
    if (b->failures >= BROADCAST_FAILURES) {
        char why[64];
        (void)snprintf(why, sizeof why, "%d failures in a row", b->failures);
        return give_up(b, why, now_ms, out);
    }
    int n = judge(b, now_ms);
    return n > 0 ? go_without(b, n, now_ms, out) : join(b, now_ms, out);
}

// ---- while it works

static void break_for(struct broadcast *b, int rank, const char *why, int64_t now_ms)
{
    char text[256];
    int flying = b->phase == BROADCAST_FLY || b->phase == BROADCAST_LAND;
    if (flying)
        (void)snprintf(text, sizeof text,
                       "NCCL broadcast of version %" PRIu64
                       " after %.3f s: rank %d: %s",
                       b->version, 1e-3 * (double)(now_ms - b->begun_ms), rank, why);
    else
        (void)snprintf(text, sizeof text,
                       "broadcast group (generation %" PRIu32 "): rank %d: %s",
                       b->generation, rank, why);
    broadcast_break(b, 1, now_ms, text);
}

// Every member's report: a failure, or one more that has the version.
static enum status check_members(struct broadcast *b, int64_t now_ms,
                                 struct outbox *out)
{
    int gone = 0, late = -1;
    for (int r = 1; r < b->ranks; r++) {
        struct worker_report w;
        if (!b->members[r].in)
            continue;
        const char *why = fault(b, r, now_ms, &w);
        if (why && b->phase == BROADCAST_READY) {
            log_excluded(b, r, why);
            b->list[gone++] = r;
            continue;
        }
        if (!why && reports_failure(b, &w))
            why = "it reports that its group is broken";
        if (why) {
            break_for(b, r, why, now_ms);
            return OK;
        }
        if (b->members[r].carried && lacks(b, &w))
            late = r;
    }
    if (gone > 0)
        return go_without(b, gone, now_ms, out);
    if (b->phase != BROADCAST_LAND)
        return OK;
    if (late < 0) {
        b->failures = 0;
        broadcast_enter(b, BROADCAST_READY, now_ms);
    } else if (now_ms - b->since_ms > LAND_QUIETS * b->quiet_ms) {
        break_for(b, late, "it has not reported the version", now_ms);
    }
    return OK;
}

enum status broadcast_tend(struct broadcast *b, int64_t now_ms, struct outbox *out)
{
    if (b->phase == BROADCAST_GATHER)
        return gather(b, now_ms, out);
    if (b->phase == BROADCAST_BROKEN)
        return build_anew(b, now_ms, out);
    return check_members(b, now_ms, out);
}

enum status broadcast_remind(struct broadcast *b, int64_t now_ms, struct outbox *out)
{
    int flying = b->phase == BROADCAST_FLY || b->phase == BROADCAST_LAND;
    for (int r = 1; r < b->ranks; r++) {
        struct worker_report w;
        const struct member *m = &b->members[r];
        if (!m->known || now_ms - m->told_ms < BROADCAST_RESEND_MS ||
            !broadcast_report(b, r, &w) || w.last_heard_ms <= m->told_ms)
            continue;
        if (w.generation != b->generation)
            TRY(broadcast_tell(b, r, b->order, now_ms, out));
        else if (flying && m->carried && lacks(b, &w) && w.group == GROUP_READY)
            TRY(broadcast_tell(b, r, GROUP_BROADCAST, now_ms, out));
    }
    return OK;
}

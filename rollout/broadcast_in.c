#include "broadcast_in.h"

#include "weights_in.h"

#include "base/log.h"
#include "base/mem.h"

#include <inttypes.h>

_Static_assert((int)PROTO_GROUP_ID_BYTES == (int)NCCL_ID_BYTES,
               "an id fits its message");

void broadcast_in_init(struct broadcast_in *b, struct nccl_group *group,
                       uint64_t incarnation)
{
    *b = (struct broadcast_in){
        .group = group, .incarnation = incarnation, .begun = WEIGHTS_NONE};
}

void broadcast_in_forget(struct broadcast_in *b)
{
    broadcast_in_init(b, b->group, b->incarnation);
}

enum group_state broadcast_in_state(const struct broadcast_in *b)
{
    static const enum group_state states[] = {
        [NCCL_GROUP_NONE] = GROUP_NONE,
        [NCCL_GROUP_JOINING] = GROUP_JOINING,
        [NCCL_GROUP_READY] = GROUP_READY,
        [NCCL_GROUP_BROADCASTING] = GROUP_BROADCASTING,
        [NCCL_GROUP_SHRINKING] = GROUP_SHRINKING,
        [NCCL_GROUP_BROKEN] = GROUP_BROKEN,
    };
    return b->group && b->generation ? states[nccl_group_state(b->group)] : GROUP_NONE;
}

// Leaves without those of the message's excluded ranks that are still of the group.
static enum status exclude(struct broadcast_in *b, const struct msg_group *m,
                           int64_t now_ms)
{
    int *fresh = NULL, n = 0;
    enum status st = OK;
    TRY(mem_new(&fresh, m->n_excluded + 1, sizeof *fresh));
    for (size_t i = 0; i < m->n_excluded; i++) {
        int seen = nccl_group_place(b->group, m->excluded[i]) < 0;
        for (int k = 0; k < n; k++)
            seen = seen || fresh[k] == m->excluded[i];
        if (!seen)
            fresh[n++] = m->excluded[i];
    }
    if (n > 0)
        st = nccl_group_shrink(b->group, fresh, n, now_ms);
    mem_free(fresh);
    return st;
}

// Whether the message excludes this rank, or the learner: then there is no more to do.
static int ends_here(const struct broadcast_in *b, const struct msg_group *m)
{
    for (size_t i = 0; i < m->n_excluded; i++)
        if (m->excluded[i] == 0 || m->excluded[i] == nccl_group_rank(b->group))
            return 1;
    return 0;
}

static enum status join_or_shrink(struct broadcast_in *b, const struct msg_group *m,
                                  int64_t now_ms, int *news)
{
    if (m->generation <= b->generation)
        return OK; // a copy, or older than what was done since
    int end = ends_here(b, m);
    // What this rank is to shrink must be what the others shrink.
    if (m->order == GROUP_SHRINK && !end && m->generation != b->generation + 1)
        return status_fail(ERR_PROTOCOL,
                           "a shrink to generation %" PRIu32 " of the broadcast group: "
                           "this worker is at %" PRIu32,
                           m->generation, b->generation);
    TRY(exclude(b, m, now_ms));
    if (m->order == GROUP_JOIN && !end)
        TRY(nccl_group_join(b->group, m->id, now_ms));
    b->generation = m->generation;
    b->waiting = b->waiting && b->next.generation >= b->generation;
    *news = 1;
    return OK;
}

// It may come before the join or the shrink that it builds on.
static void await(struct broadcast_in *b, const struct msg_group *m)
{
    if (m->generation < b->generation || !weights_newer(m->version, b->begun) ||
        (b->waiting && m->version <= b->next.version))
        return;
    b->next = *m;
    b->next.excluded = NULL;
    b->waiting = 1;
}

enum status broadcast_in_obey(struct broadcast_in *b, const struct msg_group *m,
                              int64_t now_ms, int *news)
{
    if (m->worker != b->incarnation)
        return OK; // of a process that was this rank before
    if (!b->group)
        return status_fail(ERR_PROTOCOL, "GROUP: this worker has no broadcast group");
    if (m->order != GROUP_BROADCAST)
        return join_or_shrink(b, m, now_ms, news);
    if (m->version == WEIGHTS_NONE)
        return status_fail(ERR_PROTOCOL, "GROUP: a broadcast without a version");
    await(b, m);
    return OK;
}

static enum status begin(struct broadcast_in *b, struct model *m, int64_t now_ms)
{
    struct model_image image = {0};
    if (!b->waiting || b->next.generation != b->generation ||
        nccl_group_state(b->group) != NCCL_GROUP_READY)
        return OK;
    TRY(model_incoming(m, &image));
    b->waiting = 0;
    b->begun = b->next.version;
    if (b->next.bytes != image.bytes) {
        log_warn("a broadcast of %" PRIu64 " bytes of version %" PRIu64
                 " is not taken: the model's image has %zu",
                 b->next.bytes, b->next.version, image.bytes);
        return OK;
    }
    return nccl_group_begin(b->group, image.at, image.bytes, b->begun, now_ms);
}

enum status broadcast_in_poll(struct broadcast_in *b, struct model *m, int64_t now_ms,
                              uint64_t *version, int *news)
{
    struct nccl_event event = {0};
    *version = WEIGHTS_NONE;
    if (!b->group || !b->generation)
        return OK;
    TRY(begin(b, m, now_ms));
    nccl_group_poll(b->group, now_ms, &event);
    *news = *news || event.kind != NCCL_NOTHING;
    if (event.kind == NCCL_COMPLETE)
        *version = event.version;
    else if (event.kind == NCCL_BROKEN)
        log_warn("%s", event.text);
    return OK;
}

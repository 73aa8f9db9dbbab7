// The phases' beginnings and the membership; nccl_poll.c is what happens in between.
#include "comm/nccl_group.h"

#include "nccl_group_state.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum status nccl_group_new(struct nccl_group **out, const struct nccl_calls *calls,
                           const struct nccl_group_options *options)
{
    if (options->size < 1 || options->rank < 0 || options->rank >= options->size)
        return status_fail(ERR_INTERNAL, "NCCL group: rank %d of %d", options->rank,
                           options->size);
    struct nccl_group *g = NULL;
    size_t size = (size_t)options->size;
    TRY(mem_new(&g, 1, sizeof *g));
    g->calls = *calls;
    g->opt = *options;
    g->members = options->size;
    if (g->opt.chunk_bytes == 0)
        g->opt.chunk_bytes = NCCL_CHUNK_BYTES;
    enum status st = OK;
    TRY_OUT(mem_new(&g->member, size, sizeof *g->member));
    TRY_OUT(mem_new(&g->inside, size, sizeof *g->inside));
    TRY_OUT(mem_new(&g->list, size, sizeof *g->list));
    memset(g->member, 1, size * sizeof *g->member);
    *out = g;
    return OK;
out:
    nccl_group_free(g);
    return st;
}

void nccl_drop_flights(struct nccl_group *g)
{
    for (size_t i = 0; i < g->n_flights; i++)
        g->calls.drop(g->calls.context, g->flights[i].ticket);
    g->n_flights = 0;
}

void nccl_abort_all(struct nccl_group *g)
{
    nccl_drop_flights(g);
    if (g->comm)
        g->calls.abort(g->calls.context, g->comm);
    if (g->fresh)
        g->calls.abort(g->calls.context, g->fresh);
    g->comm = g->fresh = NULL;
    g->busy = g->in_broadcast = false;
}

void nccl_group_free(struct nccl_group *g)
{
    if (!g)
        return;
    if (g->state == NCCL_GROUP_READY) {
        g->calls.free_comm(g->calls.context, g->comm);
        g->comm = NULL;
    }
    nccl_abort_all(g);
    mem_free(g->member);
    mem_free(g->inside);
    mem_free(g->list);
    mem_free(g->flights);
    mem_free(g);
}

enum status nccl_group_new_id(struct nccl_group *g, uint8_t id[NCCL_ID_BYTES])
{
    uint8_t fresh[NCCL_ID_BYTES] = {0};
    if (g->calls.unique_id(g->calls.context, fresh) != NCCL_STATE_OK)
        return status_fail(ERR_IO, "NCCL: no unique id at rank %d: %s", g->opt.rank,
                           g->calls.text(g->calls.context, NULL));
    memcpy(id, fresh, sizeof fresh);
    return OK;
}

void nccl_enter(struct nccl_group *g, enum nccl_group_state state, int64_t now_ms)
{
    g->state = state;
    g->since = now_ms;
    g->called = false;
    g->tell = false;
}

enum status nccl_group_join(struct nccl_group *g, const uint8_t id[NCCL_ID_BYTES],
                            int64_t now_ms)
{
    if (!g->member[g->opt.rank] || !g->member[0])
        return status_fail(ERR_INTERNAL, "NCCL join: rank %d is excluded",
                           g->member[0] ? g->opt.rank : 0);
    nccl_abort_all(g);
    memcpy(g->id, id, NCCL_ID_BYTES);
    g->generation++;
    nccl_enter(g, NCCL_GROUP_JOINING, now_ms);
    return OK;
}

enum status nccl_group_begin(struct nccl_group *g, void *device, size_t bytes,
                             uint64_t version, int64_t now_ms)
{
    if (g->state != NCCL_GROUP_READY || !device || !bytes)
        return status_fail(ERR_INTERNAL,
                           "NCCL broadcast of version %" PRIu64 " at rank %d: %zu "
                           "bytes in state %d",
                           version, g->opt.rank, bytes, (int)g->state);
    size_t chunks = bytes / g->opt.chunk_bytes + (bytes % g->opt.chunk_bytes != 0);
    TRY(mem_grow(&g->flights, &g->capacity, 0, chunks, sizeof *g->flights));
    g->version = version;
    g->device = device;
    g->bytes = bytes;
    g->ready = g->opt.rank == 0 ? 0 : bytes;
    g->enqueued = g->marked = g->done = 0;
    nccl_enter(g, NCCL_GROUP_BROADCASTING, now_ms);
    return OK;
}

enum status nccl_group_ready_to(struct nccl_group *g, size_t bytes)
{
    bool running = g->state == NCCL_GROUP_BROADCASTING;
    bool wrong = running && (bytes < g->ready || bytes > g->bytes);
    if (g->opt.rank != 0 || g->state == NCCL_GROUP_READY || wrong)
        return status_fail(ERR_INTERNAL,
                           "NCCL broadcast at rank %d: ready to %zu of %zu in state %d",
                           g->opt.rank, bytes, g->bytes, (int)g->state);
    if (running)
        g->ready = bytes;
    return OK;
}

void nccl_describe(struct nccl_group *g, int64_t now_ms, const char *why)
{
    double seconds = (double)(now_ms - g->since) / 1000;
    if (g->state == NCCL_GROUP_BROADCASTING)
        (void)snprintf(g->text, sizeof g->text,
                       "NCCL broadcast of version %" PRIu64
                       " at rank %d: %zu of %zu bytes after %.3f s: %s",
                       g->version, g->opt.rank, g->done, g->bytes, seconds, why);
    else
        (void)snprintf(g->text, sizeof g->text,
                       "NCCL %s of %d ranks (generation %" PRIu32
                       ") at rank %d: after %.3f s: %s",
                       g->state == NCCL_GROUP_JOINING ? "join" : "shrink", g->members,
                       g->generation, g->opt.rank, seconds, why);
}

// Strikes the excluded from the members, all or (misuse) none.
static enum status strike(struct nccl_group *g, const int *excluded, int n)
{
    int struck = 0;
    for (; struck < n; struck++) {
        int r = excluded[struck];
        if (r < 0 || r >= g->opt.size || !g->member[r])
            break;
        g->member[r] = false;
    }
    if (n > 0 && struck == n) {
        g->members -= n;
        return OK;
    }
    for (int i = 0; i < struck; i++)
        g->member[excluded[i]] = true;
    if (n <= 0)
        return status_fail(ERR_INTERNAL, "NCCL shrink by %d ranks", n);
    return status_fail(ERR_INTERNAL, "NCCL shrink: rank %d is not of the group",
                       excluded[struck]);
}

enum status nccl_group_shrink(struct nccl_group *g, const int *excluded, int n,
                              int64_t now_ms)
{
    TRY(strike(g, excluded, n));
    g->generation++;
    bool whole = g->state == NCCL_GROUP_READY || g->state == NCCL_GROUP_BROADCASTING ||
                 (g->state == NCCL_GROUP_BROKEN && g->comm) ||
                 (g->state == NCCL_GROUP_SHRINKING && !g->called);
    nccl_drop_flights(g);
    bool gone = !g->member[g->opt.rank] || !g->member[0];
    if (gone || !whole)
        nccl_abort_all(g);
    if (!gone) {
        g->in_broadcast = false;
        nccl_enter(g, whole ? NCCL_GROUP_SHRINKING : NCCL_GROUP_NONE, now_ms);
        return OK;
    }
    nccl_enter(g, NCCL_GROUP_SHRINKING, now_ms); // what the text names
    nccl_describe(g, now_ms,
                  g->member[0] ? "this rank is excluded" : "the root is excluded");
    nccl_enter(g, NCCL_GROUP_BROKEN, now_ms);
    g->tell = true;
    return OK;
}

enum nccl_group_state nccl_group_state(const struct nccl_group *g)
{
    return g->state;
}

uint32_t nccl_group_generation(const struct nccl_group *g)
{
    return g->generation;
}

int nccl_group_rank(const struct nccl_group *g)
{
    return g->opt.rank;
}

int nccl_group_members(const struct nccl_group *g)
{
    return g->members;
}

int nccl_group_place(const struct nccl_group *g, int rank)
{
    if (rank < 0 || rank >= g->opt.size || !g->member[rank])
        return -1;
    int place = 0;
    for (int r = 0; r < rank; r++)
        place += g->member[r];
    return place;
}

#include "comm/local_pair.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct local_call {
    void *at;
    size_t bytes;
};

// One rank's side, which is also its communicator.
struct local_end {
    struct local_pair *pair;
    struct nccl_calls calls;
    int joined;
    struct local_call *queue; // broadcasts that wait for the other side's
    size_t n, capacity;
    uint64_t called; // broadcasts so far
};

struct local_pair {
    local_copy *copy;
    void *context;
    struct local_end ends[2];
    uint64_t copied;
    int failed;
    char text[512];
};

static enum nccl_state fail(struct local_pair *p, const char *why)
{
    p->failed = 1;
    (void)snprintf(p->text, sizeof p->text, "%s", why);
    return NCCL_STATE_ERROR;
}

static enum nccl_state unique_id(void *context, uint8_t id[NCCL_ID_BYTES])
{
    (void)context;
    memset(id, 0, NCCL_ID_BYTES);
    return NCCL_STATE_OK;
}

static enum nccl_state state(void *context, void *comm)
{
    const struct local_end *end = context;
    const struct local_pair *p = end->pair;
    (void)comm;
    if (p->failed)
        return NCCL_STATE_ERROR;
    return p->ends[0].joined && p->ends[1].joined ? NCCL_STATE_OK : NCCL_STATE_BUSY;
}

// Beginning anew: what either side was waiting for is forgotten.
static void forget(struct local_pair *p)
{
    for (int i = 0; i < 2; i++) {
        p->ends[i].n = 0;
        p->ends[i].called = p->copied;
    }
    p->failed = 0;
}

static enum nccl_state init(void *context, int size, int rank,
                            const uint8_t id[NCCL_ID_BYTES], void **comm)
{
    struct local_end *end = context;
    (void)id;
    *comm = NULL;
    if (size != 2 || end != &end->pair->ends[rank != 0])
        return fail(end->pair, "a pair is of two ranks");
    if (!end->pair->ends[0].joined && !end->pair->ends[1].joined)
        forget(end->pair);
    end->joined = 1;
    *comm = end;
    return state(end, end);
}

// Copies what both sides have called for.
static enum nccl_state match(struct local_pair *p)
{
    struct local_end *root = &p->ends[0], *other = &p->ends[1];
    size_t done = 0;
    for (; done < root->n && done < other->n; done++) {
        const struct local_call *from = &root->queue[done], *to = &other->queue[done];
        if (from->bytes != to->bytes)
            return fail(p, "the two sides call for different sizes");
        if (p->copy(p->context, to->at, from->at, to->bytes) != OK)
            return fail(p, status_message());
        p->copied++;
    }
    for (int i = 0; i < 2; i++) {
        struct local_end *end = &p->ends[i];
        end->n -= done;
        if (end->n > 0)
            memmove(end->queue, end->queue + done, end->n * sizeof *end->queue);
    }
    return NCCL_STATE_OK;
}

static enum nccl_state broadcast(void *context, void *comm, void *device, size_t bytes,
                                 int root)
{
    struct local_end *end = context;
    (void)comm;
    if (root != 0)
        return fail(end->pair, "rank 0 is the root");
    if (mem_grow(&end->queue, &end->capacity, end->n, end->n + 1, sizeof *end->queue) !=
        OK)
        return fail(end->pair, status_message());
    end->queue[end->n++] = (struct local_call){device, bytes};
    end->called++;
    return match(end->pair);
}

static enum nccl_state mark(void *context, uint64_t *ticket)
{
    const struct local_end *end = context;
    *ticket = end->called;
    return NCCL_STATE_OK;
}

static int done(void *context, uint64_t ticket)
{
    const struct local_pair *p = ((struct local_end *)context)->pair;
    return p->failed ? -1 : p->copied >= ticket;
}

static void drop(void *context, uint64_t ticket)
{
    (void)context;
    (void)ticket;
}

static enum nccl_state shrink(void *context, void *comm, const int *excluded, int n,
                              void **fresh)
{
    struct local_end *end = context;
    (void)comm;
    (void)excluded;
    (void)n;
    *fresh = NULL;
    return fail(end->pair, "a pair cannot shrink");
}

static void leave(void *context, void *comm)
{
    struct local_end *end = context;
    (void)comm;
    end->joined = 0;
    end->n = 0;
}

static const char *text(void *context, void *comm)
{
    const struct local_end *end = context;
    (void)comm;
    return *end->pair->text ? end->pair->text : "no error";
}

enum status local_pair_new(struct local_pair **out, local_copy *copy, void *context)
{
    struct local_pair *p = NULL;
    TRY(mem_new(&p, 1, sizeof *p));
    p->copy = copy;
    p->context = context;
    for (int i = 0; i < 2; i++) {
        p->ends[i].pair = p;
        p->ends[i].calls = (struct nccl_calls){
            .context = &p->ends[i],
            .unique_id = unique_id,
            .init = init,
            .state = state,
            .broadcast = broadcast,
            .mark = mark,
            .done = done,
            .drop = drop,
            .shrink = shrink,
            .abort = leave,
            .free_comm = leave,
            .text = text,
        };
    }
    *out = p;
    return OK;
}

void local_pair_free(struct local_pair *p)
{
    if (!p)
        return;
    for (int i = 0; i < 2; i++)
        mem_free(p->ends[i].queue);
    mem_free(p);
}

const struct nccl_calls *local_pair_calls(const struct local_pair *p, int rank)
{
    return &p->ends[rank].calls;
}

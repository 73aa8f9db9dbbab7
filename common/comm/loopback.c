#include "loopback.h"

#include "base/mem.h"
#include "base/rng.h"

#include <string.h>

struct parcel {
    int from, to;
    int64_t due_ms;
    uint64_t order; // of sending; breaks ties
    uint8_t *data;
    size_t len;
};

struct endpoint {
    struct transport base; // first
    struct loopback *network;
    int deaf; // killed
};

struct loopback {
    struct loopback_faults faults;
    struct endpoint *endpoints;
    int size;
    struct parcel *parcels;
    size_t n, capacity;
    uint64_t sent;     // counts parcels: the fault dice's counter
    int64_t *last_due; // (size, size): keeps a pair's messages in order
    int64_t now_ms;
};

enum dice {
    DICE_DELAY,
    DICE_REORDER,
    DICE_DUPLICATE,
    DICE_DROP,
    DICE_CORRUPT,
    DICE_BYTE
};

static double roll(const struct loopback *n, enum dice which)
{
    struct rng_key key = rng_child(rng_root(n->faults.seed, RNG_TEST), which);
    return rng_uniform(key, n->sent);
}

static int64_t due_time(struct loopback *n, int from, int to)
{
    const struct loopback_faults *f = &n->faults;
    int64_t spread = f->max_delay_ms - f->min_delay_ms;
    int64_t due = n->now_ms + f->min_delay_ms +
                  (int64_t)(roll(n, DICE_DELAY) * (double)(spread + 1));
    int64_t *last = &n->last_due[from * n->size + to];
    if (due < *last && roll(n, DICE_REORDER) >= f->reorder)
        due = *last;
    if (due > *last)
        *last = due;
    return due;
}

// Queues a copy of the message.
static enum status post(struct loopback *n, int from, const struct outgoing *out)
{
    struct parcel p = {.from = from,
                       .to = out->rank,
                       .order = n->sent,
                       .len = out->head_len + out->tail_len};
    TRY(mem_grow(&n->parcels, &n->capacity, n->n, n->n + 1, sizeof *n->parcels));
    TRY(mem_new(&p.data, p.len, 1));
    memcpy(p.data, out->head, out->head_len);
    if (out->tail_len)
        memcpy(p.data + out->head_len, out->tail->data + out->tail_offset,
               out->tail_len);
    if (p.len > 0 && roll(n, DICE_CORRUPT) < n->faults.corrupt) {
        size_t at = (size_t)(roll(n, DICE_BYTE) * (double)p.len);
        p.data[at] = (uint8_t)(p.data[at] ^ (1u << (n->sent % 8)));
    }
    p.due_ms = due_time(n, from, out->rank);
    n->parcels[n->n++] = p;
    n->sent++;
    return OK;
}

static enum status loopback_send(struct transport *t, const struct outgoing *out)
{
    struct endpoint *e = (struct endpoint *)t;
    struct loopback *n = e->network;
    TRY(outgoing_check(t, out));
    int lost =
        e->deaf || n->endpoints[out->rank].deaf || roll(n, DICE_DROP) < n->faults.drop;
    int twice = roll(n, DICE_DUPLICATE) < n->faults.duplicate;
    if (lost)
        n->sent++;
    else
        TRY(post(n, t->rank, out));
    if (!lost && twice)
        TRY(post(n, t->rank, out));
    mem_free(out->head);
    return OK;
}

static void remove_parcel(struct loopback *n, size_t i)
{
    memmove(&n->parcels[i], &n->parcels[i + 1], (n->n - i - 1) * sizeof *n->parcels);
    n->n--;
}

static enum status loopback_poll(struct transport *t, struct incoming *in, int *got)
{
    struct loopback *n = ((struct endpoint *)t)->network;
    size_t best = n->n;
    for (size_t i = 0; i < n->n; i++) {
        const struct parcel *p = &n->parcels[i];
        if (p->to != t->rank || p->due_ms > n->now_ms)
            continue;
        if (best == n->n || p->due_ms < n->parcels[best].due_ms)
            best = i; // parcels stand in the order of sending
    }
    *got = best < n->n;
    if (!*got)
        return OK;
    *in = (struct incoming){n->parcels[best].from, n->parcels[best].data,
                            n->parcels[best].len};
    remove_parcel(n, best);
    return OK;
}

static size_t loopback_pending(struct transport *t, int rank)
{
    const struct loopback *n = ((struct endpoint *)t)->network;
    size_t bytes = 0;
    for (size_t i = 0; i < n->n; i++)
        if (n->parcels[i].from == t->rank && n->parcels[i].to == rank)
            bytes += n->parcels[i].len;
    return bytes;
}

static void endpoint_free(struct transport *t)
{
    (void)t; // the network owns it
}

static const struct transport_ops loopback_ops = {loopback_send, loopback_poll,
                                                  loopback_pending, endpoint_free};

enum status loopback_new(struct loopback **out, int size,
                         const struct loopback_faults *faults)
{
    struct loopback *n = NULL;
    size_t pairs = 0;
    enum status st;
    if (size < 1 || faults->min_delay_ms < 0 ||
        faults->max_delay_ms < faults->min_delay_ms)
        return status_fail(ERR_INPUT, "loopback: %d ranks, delays %lld to %lld ms",
                           size, (long long)faults->min_delay_ms,
                           (long long)faults->max_delay_ms);
    TRY(mem_new(&n, 1, sizeof *n));
    n->faults = *faults;
    n->size = size;
    TRY_OUT(mem_mul(&pairs, (size_t)size, (size_t)size));
    TRY_OUT(mem_new(&n->endpoints, (size_t)size, sizeof *n->endpoints));
    TRY_OUT(mem_new(&n->last_due, pairs, sizeof *n->last_due));
    for (int i = 0; i < size; i++)
        n->endpoints[i] =
            (struct endpoint){.base = {&loopback_ops, i, size}, .network = n};
    *out = n;
    return OK;
out:
    loopback_free(n);
    return st;
}

void loopback_free(struct loopback *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->n; i++)
        mem_free(n->parcels[i].data);
    mem_free(n->parcels);
    mem_free(n->last_due);
    mem_free(n->endpoints);
    mem_free(n);
}

struct transport *loopback_endpoint(struct loopback *n, int rank)
{
    return &n->endpoints[rank].base;
}

void loopback_advance(struct loopback *n, int64_t now_ms)
{
    if (now_ms > n->now_ms)
        n->now_ms = now_ms;
}

void loopback_kill(struct loopback *n, int rank)
{
    n->endpoints[rank].deaf = 1;
    for (size_t i = n->n; i-- > 0;) {
        if (n->parcels[i].to != rank && n->parcels[i].from != rank)
            continue;
        mem_free(n->parcels[i].data);
        remove_parcel(n, i);
    }
}

void loopback_revive(struct loopback *n, int rank)
{
    n->endpoints[rank].deaf = 0;
}

int64_t loopback_next_ms(const struct loopback *n)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < n->n; i++)
        if (n->parcels[i].due_ms < next)
            next = n->parcels[i].due_ms;
    return next;
}

// Who is given which lease.
#include "dispatch_state.h"

#include "base/log.h"

static int holds(const struct peer *p, uint64_t lease)
{
    for (size_t i = 0; i < p->lease.n_held; i++)
        if (p->lease.held[i] == lease)
            return 1;
    return 0;
}

enum status dispatch_review(struct dispatch *d, struct peer *p, struct outbox *out)
{
    int32_t on_the_way = 0;
    for (size_t i = 0; i < d->leases.n; i++) {
        struct lease *l = &d->leases.items[i];
        if (l->state != LEASE_GIVEN || l->rank != p->rank)
            continue;
        if (holds(p, l->id)) {
            l->missing_since_ms = LEASE_HELD;
            continue;
        }
        on_the_way++;
        if (l->missing_since_ms == LEASE_HELD)
            l->missing_since_ms = d->now_ms; // its RESULT may be on the way
        if (d->now_ms - l->missing_since_ms < d->retry_ms)
            continue;
        log_debug("lease %llu is sent to rank %d again", (unsigned long long)l->id,
                  p->rank);
        l->missing_since_ms = d->now_ms;
        TRY(dispatch_send_task(d, p->rank, l, out));
    }
    p->room = p->lease.want > on_the_way ? p->lease.want - on_the_way : 0;
    return OK;
}

static size_t usable_peers(const struct dispatch *d)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n_peers; i++)
        n += (size_t)peer_usable(&d->peers[i]);
    return n;
}

static int may_take(const struct dispatch *d, const struct peer *p,
                    const struct lease *l)
{
    if (!peer_usable(p) || p->room <= 0 || holds(p, l->id))
        return 0;
    return l->fault_rank != p->rank || usable_peers(d) == 1;
}

// The next worker in turn that may take the lease, or NULL.
static struct peer *taker(struct dispatch *d, const struct lease *l)
{
    for (size_t k = 0; k < d->n_peers; k++) {
        size_t i = (d->next_peer + k) % d->n_peers;
        if (may_take(d, &d->peers[i], l)) {
            d->next_peer = (i + 1) % d->n_peers;
            return &d->peers[i];
        }
    }
    return NULL;
}

static int anyone_has_room(const struct dispatch *d)
{
    for (size_t i = 0; i < d->n_peers; i++)
        if (peer_usable(&d->peers[i]) && d->peers[i].room > 0)
            return 1;
    return 0;
}

enum status dispatch_give(struct dispatch *d, struct outbox *out)
{
    for (size_t i = 0; i < d->leases.n && anyone_has_room(d); i++) {
        struct lease *l = &d->leases.items[i];
        struct peer *p = l->state == LEASE_PENDING ? taker(d, l) : NULL;
        if (!p)
            continue;
        TRY(dispatch_send_task(d, p->rank, l, out));
        l->state = LEASE_GIVEN;
        l->rank = p->rank;
        l->deadline_ms = d->now_ms + d->config.lease_ms;
        l->missing_since_ms = d->now_ms;
        p->room--;
    }
    return OK;
}

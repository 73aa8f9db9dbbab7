#include "dispatch_state.h"

#include <stdio.h>

static enum status send(struct dispatch *d, int rank, struct message *m,
                        struct blob *tail, size_t offset, size_t len,
                        struct outbox *out)
{
    struct buf head = {0};
    m->incarnation = d->config.incarnation;
    enum status st = message_encode(&head, m);
    if (st == OK)
        st = outbox_push(out, rank, &head, tail, offset, len);
    buf_free(&head);
    return status_wrap(st, "%s to rank %d", message_name(m->type), rank);
}

enum status dispatch_send_task(struct dispatch *d, int rank, const struct lease *l,
                               struct outbox *out)
{
    struct message m = {.type = MSG_TASK};
    m.as.task = lease_task(&d->leases, l, d->config.lease_ms);
    return send(d, rank, &m, NULL, 0, 0, out);
}

static enum status send_slice(struct dispatch *d, int rank, uint64_t offset, size_t len,
                              struct outbox *out)
{
    struct message m = {.type = MSG_WEIGHTS};
    m.as.weights.version = d->version;
    m.as.weights.total_bytes = d->total_bytes;
    m.as.weights.offset = offset;
    m.as.weights.data = len ? d->weights->data + offset : NULL;
    m.as.weights.len = len;
    return send(d, rank, &m, len ? d->weights : NULL, offset, len, out);
}

// How far the worker is with the published version.
static uint64_t bytes_there(const struct dispatch *d, const struct peer *p)
{
    return p->lease.weights_incoming == d->version ? p->lease.weights_bytes : 0;
}

// One that is ahead of what is published has the next version already.
int dispatch_lacks_weights(const struct dispatch *d, const struct peer *p)
{
    uint64_t has = p->lease.weights_version;
    return d->total_bytes > 0 && peer_usable(p) && !p->carried &&
           (has == (uint64_t)-1 || has < d->version);
}

enum status dispatch_send_weights(struct dispatch *d, struct peer *p,
                                  struct outbox *out)
{
    if (!d->weights || !dispatch_lacks_weights(d, p))
        return OK;
    uint64_t there = bytes_there(d, p), total = d->total_bytes;
    if (p->sent_version != d->version) {
        p->sent_version = d->version;
        p->sent_bytes = p->acked_bytes = there;
    }
    if (there > p->acked_bytes)
        p->acked_bytes = there;
    else if (d->now_ms - p->last_slice_ms >= d->retry_ms)
        p->sent_bytes = p->acked_bytes = there; // no progress: what was sent is lost
    if (p->sent_bytes < p->acked_bytes)
        p->sent_bytes = p->acked_bytes;
    uint64_t ahead = (uint64_t)d->config.slices_ahead * d->config.slice_bytes;
    while (p->sent_bytes < total && p->sent_bytes - p->acked_bytes < ahead) {
        uint64_t left = total - p->sent_bytes;
        size_t len =
            left < d->config.slice_bytes ? (size_t)left : d->config.slice_bytes;
        TRY(send_slice(d, p->rank, p->sent_bytes, len, out));
        p->sent_bytes += len;
        p->last_slice_ms = d->now_ms;
    }
    return OK;
}

enum status dispatch_send_answer(struct dispatch *d, int rank, struct outbox *out)
{
    return d->total_bytes ? send_slice(d, rank, d->total_bytes, 0, out) : OK;
}

enum status dispatch_send_stop(struct dispatch *d, int rank, struct outbox *out)
{
    struct peer *p = dispatch_peer(d, rank);
    if (p)
        p->stop_sent = 1;
    struct message m = {.type = MSG_STOP};
    return send(d, rank, &m, NULL, 0, 0, out);
}

enum status dispatch_tell(struct dispatch *d, int rank, struct message *m,
                          struct outbox *out)
{
    return send(d, rank, m, NULL, 0, 0, out);
}

enum status dispatch_send_fault(struct dispatch *d, int rank, const char *text,
                                struct outbox *out)
{
    struct message m = {.type = MSG_FAULT};
    (void)snprintf(m.as.fault.text, sizeof m.as.fault.text, "%s", text);
    return send(d, rank, &m, NULL, 0, 0, out);
}

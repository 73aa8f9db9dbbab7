// What the dispatcher does with each kind of message.
#include "dispatch_state.h"

#include "base/log.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>

// A message that no correct worker sends (`why` is ERR_PROTOCOL) counts against it; any
// other failure is our own and passes through.
static enum status reject(struct dispatch *d, struct peer *p, enum status why)
{
    if (why != ERR_PROTOCOL)
        return why;
    log_warn("rank %d: %s", p->rank, status_message());
    p->rejected_messages++;
    p->strikes++;
    dispatch_free_leases(d, p->rank);
    if (p->strikes >= DISPATCH_STRIKES && !p->shut_out) {
        log_warn("rank %d is given no more work: %d senseless messages", p->rank,
                 p->strikes);
        p->shut_out = 1;
    }
    return OK;
}

static enum status refuse(struct dispatch *d, int rank, struct outbox *out)
{
    log_warn("rank %d is refused: it has another model, tokenizer or verifier", rank);
    d->refused_rank = rank;
    struct peer *p = dispatch_peer(d, rank);
    if (p) {
        p->alive = 0;
        dispatch_free_leases(d, rank);
    }
    return dispatch_send_fault(
        d, rank, "its model, tokenizer or verifier is not the learner's", out);
}

static enum status add_peer(struct dispatch *d, int rank, struct peer **out)
{
    TRY(mem_grow(&d->peers, &d->peer_capacity, d->n_peers, d->n_peers + 1,
                 sizeof *d->peers));
    *out = &d->peers[d->n_peers++];
    **out = (struct peer){.rank = rank};
    return OK;
}

// A worker as it is at its start; what it did to us before is remembered.
static void reset_peer(struct peer *p, uint64_t incarnation, int64_t now_ms)
{
    mem_free(p->lease.held);
    p->readmissions += p->shut_out;
    *p = (struct peer){
        .rank = p->rank,
        .incarnation = incarnation,
        .alive = 1,
        .shut_out = p->readmissions > DISPATCH_READMISSIONS,
        .readmissions = p->readmissions,
        .last_heard_ms = now_ms,
        .last_type = MSG_HELLO,
        .lease = {.weights_version = (uint64_t)-1, .weights_incoming = (uint64_t)-1},
        .sent_version = (uint64_t)-1,
        .expired_leases = p->expired_leases,
        .rejected_messages = p->rejected_messages,
    };
}

static enum status receive_hello(struct dispatch *d, int rank, const struct message *m,
                                 struct outbox *out)
{
    const struct msg_hello *hello = &m->as.hello;
    if (hello->model_hash != d->config.model_hash)
        return refuse(d, rank, out);
    struct peer *p = dispatch_peer(d, rank);
    if (p && p->incarnation == m->incarnation)
        return OK;
    if (!p)
        TRY(add_peer(d, rank, &p));
    dispatch_free_leases(d, rank);
    reset_peer(p, m->incarnation, d->now_ms);
    log_info("rank %d: worker on %.64s, %d threads", rank, hello->host, hello->threads);
    return OK;
}

static enum status receive_lease(struct dispatch *d, struct peer *p,
                                 struct msg_lease *l, struct outbox *out)
{
    size_t before = out->n;
    mem_free(p->lease.held);
    p->lease = *l;
    l->held = NULL; // the peer's now
    l->n_held = 0;
    if (!p->shut_out) {
        TRY(dispatch_send_weights(d, p, out));
        TRY(dispatch_review(d, p, out));
        TRY(dispatch_give(d, out));
    }
    for (size_t i = before; i < out->n; i++)
        if (out->items[i].rank == p->rank)
            return OK;
    return dispatch_send_answer(d, p->rank, out);
}

static enum status check_prefilled(const struct msg_result *r)
{
    int32_t most = r->tree.nodes[0].token_count;
    if (r->prefilled < 0 || r->prefilled > most)
        return status_fail(ERR_PROTOCOL, "%d tokens computed of a prompt of %d",
                           r->prefilled, most);
    return OK;
}

static enum status receive_result(struct dispatch *d, struct peer *p,
                                  struct msg_result *r)
{
    struct lease *l = lease_find(&d->leases, r->lease);
    if (!l || l->state == LEASE_DONE)
        return OK; // a copy, or of a batch that is over
    enum status st = lease_check_tree(&d->leases, l, &r->tree, d->config.vocab);
    if (st == OK)
        st = check_prefilled(r);
    if (st != OK)
        return reject(d, p, status_wrap(st, "lease %" PRIu64, r->lease));
    p->strikes = 0;
    d->prompts.all += r->tree.nodes[0].token_count;
    d->prompts.computed += r->prefilled;
    return lease_done(&d->leases, l, &r->tree);
}

static int others_usable(const struct dispatch *d, int rank)
{
    for (size_t i = 0; i < d->n_peers; i++)
        if (d->peers[i].rank != rank && peer_usable(&d->peers[i]))
            return 1;
    return 0;
}

// "lease N: reason": the task is tried once more, elsewhere.
static enum status task_fault(struct dispatch *d, struct peer *p, struct lease *l,
                              const char *text)
{
    if (l->state == LEASE_DONE)
        return OK;
    if ((l->fault_rank >= 0 && l->fault_rank != p->rank) || !others_usable(d, p->rank))
        return status_fail(ERR_INPUT, "rank %d cannot expand its task: %.512s", p->rank,
                           text);
    log_warn("rank %d cannot expand its task: %.512s", p->rank, text);
    l->fault_rank = p->rank;
    if (l->state == LEASE_GIVEN && l->rank == p->rank)
        l->state = LEASE_PENDING;
    return OK;
}

static enum status receive_fault(struct dispatch *d, struct peer *p, const char *text)
{
    uint64_t id = 0;
    int end = 0;
    if (sscanf(text, "lease %" SCNu64 ":%n", &id, &end) == 1 && end > 0) {
        struct lease *l = lease_find(&d->leases, id);
        return l ? task_fault(d, p, l, text) : OK;
    }
    log_warn("rank %d has failed: %.512s", p->rank, text);
    p->alive = 0;
    dispatch_free_leases(d, p->rank);
    return OK;
}

static enum status receive_type(struct dispatch *d, struct peer *p, struct message *m,
                                struct outbox *out)
{
    switch (m->type) {
    case MSG_LEASE:
        return receive_lease(d, p, &m->as.lease, out);
    case MSG_RESULT:
        return receive_result(d, p, &m->as.result);
    case MSG_FAULT:
        return receive_fault(d, p, m->as.fault.text);
    case MSG_HELLO:
        return OK;
    case MSG_TASK:
    case MSG_WEIGHTS:
    case MSG_GROUP:
    case MSG_STOP:
        break;
    }
    return reject(d, p,
                  status_fail(ERR_PROTOCOL, "a %s is not a worker's to send",
                              message_name(m->type)));
}

static enum status receive_message(struct dispatch *d, int rank, struct message *m,
                                   struct outbox *out)
{
    if (m->type == MSG_HELLO)
        TRY(receive_hello(d, rank, m, out));
    struct peer *p = dispatch_peer(d, rank);
    if (!p || p->incarnation != m->incarnation)
        return OK; // its HELLO is still to come, or it is a message of its past
    if (d->stopping)
        return dispatch_send_stop(d, rank, out);
    p->last_type = m->type;
    if (!p->shut_out) {
        p->last_heard_ms = d->now_ms;
        p->alive = 1;
    }
    return receive_type(d, p, m, out);
}

enum status dispatch_receive(struct dispatch *d, int rank, const uint8_t *bytes,
                             size_t len, int64_t now_ms, struct outbox *out)
{
    struct message m = {0};
    d->now_ms = now_ms;
    if (rank < 0 || rank >= d->config.ranks)
        return status_fail(ERR_INTERNAL, "a message from rank %d of %d", rank,
                           d->config.ranks);
    enum status st = message_decode(&m, bytes, len);
    if (st == ERR_PROTOCOL) {
        struct peer *p = dispatch_peer(d, rank);
        if (p && !d->stopping)
            return reject(d, p, st);
        log_warn("rank %d: %s", rank, status_message());
        return OK;
    }
    TRY(st);
    st = receive_message(d, rank, &m, out);
    message_free(&m);
    return status_wrap(st, "%s from rank %d", message_name(m.type), rank);
}

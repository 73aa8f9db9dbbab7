#include "worker_state.h"

#include <stdio.h>
#include <unistd.h>

static enum status send(const struct worker *w, struct message *m, struct outbox *out)
{
    struct buf head = {0};
    m->incarnation = w->config.incarnation;
    enum status st = message_encode(&head, m);
    if (st == OK)
        st = outbox_push(out, w->config.learner_rank, &head, NULL, 0, 0);
    buf_free(&head);
    return status_wrap(st, "%s to rank %d", message_name(m->type),
                       w->config.learner_rank);
}

enum status worker_send_hello(struct worker *w, struct outbox *out)
{
    struct message m = {.type = MSG_HELLO};
    m.as.hello.model_hash = w->config.model_hash;
    m.as.hello.threads = w->config.threads;
    if (gethostname(m.as.hello.host, sizeof m.as.hello.host - 1) != 0)
        (void)snprintf(m.as.hello.host, sizeof m.as.hello.host, "unknown");
    return send(w, &m, out);
}

enum status worker_send_lease(struct worker *w, int64_t now_ms, struct outbox *out)
{
    struct message m = {.type = MSG_LEASE};
    struct msg_lease *l = &m.as.lease;
    TRY(held_leases(&w->held, &l->held, &l->n_held));
    l->weights_version = w->version;
    l->weights_incoming = w->incoming.version;
    l->weights_bytes = w->incoming.bytes;
    l->want = w->config.prefetch - (int32_t)l->n_held;
    if (l->want < 0)
        l->want = 0;
    l->busy_s = w->busy_s;
    l->idle_s = w->idle_s;
    l->flops = expander_flops(w->expander);
    l->generated_tokens = expander_generated_tokens(w->expander);
    l->generation = w->broadcast.generation;
    l->group = broadcast_in_state(&w->broadcast);
    TRY(send(w, &m, out));
    w->last_lease_ms = now_ms;
    w->changed = 0;
    return OK;
}

enum status worker_send_result(struct worker *w, uint64_t lease,
                               const struct tree *tree, int32_t prefilled,
                               struct outbox *out)
{
    struct message m = {.type = MSG_RESULT};
    m.as.result.lease = lease;
    m.as.result.prefilled = prefilled;
    m.as.result.tree = *tree;
    return send(w, &m, out);
}

enum status worker_send_task_fault(struct worker *w, uint64_t lease, struct outbox *out)
{
    struct message m = {.type = MSG_FAULT};
    (void)snprintf(m.as.fault.text, sizeof m.as.fault.text, "lease %llu: %s",
                   (unsigned long long)lease, status_message());
    return send(w, &m, out);
}

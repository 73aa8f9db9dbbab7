// What a worker does with each kind of message.
#include "worker_state.h"

#include "base/log.h"

// Drops every task of an older version than `version`; those that no longer expand.
static void drop_older(struct worker *w, uint64_t version)
{
    for (size_t i = w->held.n; i-- > 0;) {
        struct held_task *h = &w->held.items[i];
        if (h->version >= version)
            continue;
        log_info("lease %llu is dropped: it is of version %llu, the weights of %llu",
                 (unsigned long long)h->lease, (unsigned long long)h->version,
                 (unsigned long long)version);
        if (h->expanding)
            expander_cancel(w->expander, h->lease);
        held_remove(&w->held, h->lease);
    }
}

// Hands every task of the current version to the expander.
static enum status expand_ready(struct worker *w, struct outbox *out)
{
    for (size_t i = 0; i < w->held.n;) {
        struct held_task *h = &w->held.items[i];
        if (h->expanding || h->version != w->version) {
            i++;
            continue;
        }
        enum status st = expander_add(w->expander, &h->task);
        if (st == ERR_INPUT) {
            TRY(worker_send_task_fault(w, h->lease, out));
            held_remove(&w->held, h->lease);
            w->changed = 1;
            continue;
        }
        TRY(st);
        msg_task_clear(&h->task);
        h->expanding = 1;
        i++;
    }
    return OK;
}

static enum status receive_task(struct worker *w, struct msg_task *task,
                                struct outbox *out)
{
    if (held_find(&w->held, task->lease))
        return OK;
    if (w->version != WEIGHTS_NONE && task->policy_version < w->version) {
        log_info("lease %llu is of version %llu, the weights are of %llu",
                 (unsigned long long)task->lease,
                 (unsigned long long)task->policy_version,
                 (unsigned long long)w->version);
        return OK;
    }
    if (w->held.n >= PROTO_MAX_LEASES) {
        log_warn("lease %llu is one too many", (unsigned long long)task->lease);
        return OK;
    }
    TRY(held_add(&w->held, task));
    return expand_ready(w, out);
}

// The swap happens between two decode steps, with no branch open.
static enum status receive_weights(struct worker *w, const struct msg_weights *slice,
                                   struct outbox *out)
{
    int news = 0;
    enum status st = weights_in_slice(&w->incoming, w->model, w->version, slice, &news);
    if (st == ERR_PROTOCOL) {
        log_warn("rank %d: %s", w->config.learner_rank, status_message());
        return OK;
    }
    TRY(st);
    if (!news)
        return OK;
    w->changed = 1;
    if (!weights_in_complete(&w->incoming, w->model))
        return OK;
    drop_older(w, w->incoming.version);
    expander_weights_changed(w->expander);
    TRY(weights_in_install(&w->incoming, w->model));
    w->version = w->model->version;
    return expand_ready(w, out);
}

static enum status receive_group(struct worker *w, const struct msg_group *order,
                                 int64_t now_ms)
{
    enum status st = broadcast_in_obey(&w->broadcast, order, now_ms, &w->changed);
    if (st != ERR_PROTOCOL)
        return st;
    log_warn("rank %d: %s", w->config.learner_rank, status_message());
    return OK;
}

// As receive_weights.  Where messages have brought a newer version, it stays.
enum status worker_poll_group(struct worker *w, int64_t now_ms, struct outbox *out)
{
    uint64_t version = WEIGHTS_NONE;
    TRY(broadcast_in_poll(&w->broadcast, w->model, now_ms, &version, &w->changed));
    if (version == WEIGHTS_NONE ||
        (w->version != WEIGHTS_NONE && version <= w->version))
        return OK;
    drop_older(w, version);
    expander_weights_changed(w->expander);
    TRY(model_adopt(w->model, version));
    w->version = version;
    weights_in_drop_older(&w->incoming, version);
    return expand_ready(w, out);
}

// Another learner than before: what the old one lent and sent counts no more.
static enum status begin_anew(struct worker *w, int64_t now_ms, struct outbox *out)
{
    log_info("rank %d: a new learner", w->config.learner_rank);
    for (size_t i = 0; i < w->held.n; i++)
        if (w->held.items[i].expanding)
            expander_cancel(w->expander, w->held.items[i].lease);
    held_free(&w->held);
    w->incoming.version = WEIGHTS_NONE;
    w->incoming.bytes = 0;
    w->version = WEIGHTS_NONE;
    broadcast_in_forget(&w->broadcast);
    TRY(worker_send_hello(w, out));
    return worker_send_lease(w, now_ms, out);
}

// A late message of a learner that was replaced looks like a newer one for a moment;
// the next message of the real one sets that right.
static enum status meet_learner(struct worker *w, uint64_t incarnation, int64_t now_ms,
                                struct outbox *out)
{
    int replaced = w->learner_known && incarnation != w->learner_incarnation;
    w->learner_incarnation = incarnation;
    w->learner_known = 1;
    return replaced ? begin_anew(w, now_ms, out) : OK;
}

static enum status dispatch(struct worker *w, struct message *m, int64_t now_ms,
                            struct outbox *out)
{
    switch (m->type) {
    case MSG_TASK:
        return receive_task(w, &m->as.task, out);
    case MSG_WEIGHTS:
        return receive_weights(w, &m->as.weights, out);
    case MSG_GROUP:
        return receive_group(w, &m->as.group, now_ms);
    case MSG_STOP:
        w->stopped = 1;
        return OK;
    case MSG_FAULT:
        return status_fail(ERR_INPUT,
                           "the learner (rank %d) refuses this worker: %.512s",
                           w->config.learner_rank, m->as.fault.text);
    case MSG_HELLO:
    case MSG_LEASE:
    case MSG_RESULT:
        break;
    }
    log_warn("rank %d: a %s is not the learner's to send", w->config.learner_rank,
             message_name(m->type));
    return OK;
}

enum status worker_receive(struct worker *w, int rank, const uint8_t *bytes, size_t len,
                           int64_t now_ms, struct outbox *out)
{
    struct message m = {0};
    if (rank != w->config.learner_rank) {
        log_warn("rank %d sends to a worker of rank %d's", rank,
                 w->config.learner_rank);
        return OK;
    }
    enum status st = message_decode(&m, bytes, len);
    if (st == ERR_PROTOCOL) {
        log_warn("rank %d: %s", rank, status_message());
        return OK;
    }
    TRY(st);
    w->last_type = m.type;
    w->quiet_ms = 0;
    st = meet_learner(w, m.incarnation, now_ms, out);
    if (st == OK)
        st = dispatch(w, &m, now_ms, out);
    message_free(&m);
    return status_wrap(st, "%s from rank %d", message_name(m.type), rank);
}

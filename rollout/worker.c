#include "worker_state.h"

#include "base/log.h"
#include "base/mem.h"

enum status worker_new(struct worker **out, const struct worker_config *c,
                       struct model *m, const struct tokenizer *t)
{
    const struct expander_config ec = {
        c->max_rows, c->kv_pages, c->delimiters, c->n_delimiters,
        c->stops,    c->n_stops,  c->judge,      c->reward.command ? &c->reward : NULL};
    struct worker *w = NULL;
    enum status st = OK;
    if (c->prefetch < 1 || c->prefetch > PROTO_MAX_LEASES)
        return status_fail(ERR_INPUT, "prefetch %d is not in [1, %d]", c->prefetch,
                           PROTO_MAX_LEASES);
    if (c->heartbeat_ms < 1 || c->silence_ms <= c->heartbeat_ms)
        return status_fail(ERR_INPUT, "heartbeat %lld ms, silence %lld ms",
                           (long long)c->heartbeat_ms, (long long)c->silence_ms);
    TRY_OUT(mem_new(&w, 1, sizeof *w));
    w->config = *c;
    w->model = m;
    w->version = c->has_weights ? m->version : WEIGHTS_NONE;
    w->incoming = WEIGHTS_IN_EMPTY;
    broadcast_in_init(&w->broadcast, c->group, c->incarnation);
    TRY_OUT(expander_new(&w->expander, &ec, m, t));
    *out = w;
    w = NULL;
out:
    worker_free(w);
    return status_wrap(st, "worker");
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    expander_free(w->expander);
    weights_in_free(&w->incoming);
    held_free(&w->held);
    mem_free(w);
}

enum status worker_start(struct worker *w, int64_t now_ms, struct outbox *out)
{
    w->last_tick_ms = now_ms;
    w->last_work_ms = now_ms;
    TRY(worker_send_hello(w, out));
    return worker_send_lease(w, now_ms, out);
}

// A process that was kept from ticking (its one thread was busy elsewhere) has not
// listened either: such a gap says little about the learner.
static enum status check_silence(struct worker *w, int64_t now_ms)
{
    int64_t gap = now_ms - w->last_tick_ms, most = w->config.silence_ms / 2;
    w->last_tick_ms = now_ms;
    w->quiet_ms += gap < most ? gap : most;
    if (w->quiet_ms <= w->config.silence_ms)
        return OK;
    return status_fail(ERR_TIMEOUT,
                       "learner (rank %d): silent for %lld ms; its last "
                       "message: %s",
                       w->config.learner_rank, (long long)w->quiet_ms,
                       w->last_type ? message_name(w->last_type) : "none");
}

enum status worker_tick(struct worker *w, int64_t now_ms, struct outbox *out)
{
    if (w->stopped)
        return OK;
    TRY(check_silence(w, now_ms));
    TRY(worker_poll_group(w, now_ms, out));
    int due = now_ms - w->last_lease_ms >= w->config.heartbeat_ms;
    if (!due && !w->changed)
        return OK;
    // HELLO may have been lost, or the learner may be a new one that knows nobody.
    if (due && (!w->last_type || w->quiet_ms > 3 * w->config.heartbeat_ms))
        TRY(worker_send_hello(w, out));
    return worker_send_lease(w, now_ms, out);
}

static enum status send_finished(struct worker *w, struct outbox *out)
{
    for (;;) {
        struct tree tree = {0};
        uint64_t lease = 0;
        int got = 0;
        TRY(expander_take(w->expander, &lease, &tree, &got));
        if (!got)
            return OK;
        int32_t prefilled = expander_taken_prefilled(w->expander);
        enum status st = worker_send_result(w, lease, &tree, prefilled, out);
        tree_free(&tree);
        TRY(st);
        held_remove(&w->held, lease);
        w->changed = 1;
    }
}

enum status worker_work(struct worker *w, int64_t now_ms, struct outbox *out,
                        int *worked)
{
    double since_s = (double)(now_ms - w->last_work_ms) / 1000.0;
    if (w->worked)
        w->busy_s += since_s;
    else
        w->idle_s += since_s;
    w->last_work_ms = now_ms;
    w->worked = 0;
    if (!w->stopped) {
        TRY(expander_step(w->expander, &w->worked));
        TRY(send_finished(w, out));
        TRY(worker_poll_group(w, now_ms, out));
    }
    *worked = w->worked;
    return OK;
}

int worker_has_weights(const struct worker *w)
{
    return w->version != WEIGHTS_NONE;
}

int worker_stopped(const struct worker *w)
{
    return w->stopped;
}

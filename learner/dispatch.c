#include "dispatch_state.h"

#include "base/log.h"
#include "base/mem.h"

enum { RETRIES_IN_SILENCE = 8 };

static enum status check_config(const struct dispatch_config *c)
{
    if (c->ranks < 1 || c->own_rank < 0 || c->own_rank >= c->ranks)
        return status_fail(ERR_INPUT, "dispatch: rank %d of %d", c->own_rank, c->ranks);
    if (c->lease_ms < 1 || c->silence_ms < RETRIES_IN_SILENCE || c->start_ms < 0)
        return status_fail(
            ERR_INPUT, "dispatch: lease %lld, silence %lld, start %lld ms",
            (long long)c->lease_ms, (long long)c->silence_ms, (long long)c->start_ms);
    if (c->slice_bytes < 1 || c->slices_ahead < 1)
        return status_fail(ERR_INPUT, "dispatch: %d slices of %zu bytes ahead",
                           c->slices_ahead, c->slice_bytes);
    return OK;
}

enum status dispatch_new(struct dispatch **out, const struct dispatch_config *c,
                         int64_t now_ms)
{
    struct dispatch *d = NULL;
    TRY(check_config(c));
    TRY(mem_new(&d, 1, sizeof *d));
    d->config = *c;
    d->start_ms = d->now_ms = now_ms;
    d->retry_ms = c->silence_ms / RETRIES_IN_SILENCE;
    d->refused_rank = -1;
    d->leases.next_id = c->incarnation << 32; // another learner's ids are others
    *out = d;
    return OK;
}

void dispatch_free(struct dispatch *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n_peers; i++)
        mem_free(d->peers[i].lease.held);
    mem_free(d->peers);
    lease_table_free(&d->leases);
    blob_drop(d->weights);
    mem_free(d);
}

struct peer *dispatch_peer(struct dispatch *d, int rank)
{
    for (size_t i = 0; i < d->n_peers; i++)
        if (d->peers[i].rank == rank)
            return &d->peers[i];
    return NULL;
}

void dispatch_free_leases(struct dispatch *d, int rank)
{
    for (size_t i = 0; i < d->leases.n; i++) {
        struct lease *l = &d->leases.items[i];
        if (l->state == LEASE_GIVEN && l->rank == rank)
            l->state = LEASE_PENDING;
    }
}

void dispatch_retire(struct dispatch *d)
{
    blob_drop(d->weights);
    d->weights = NULL;
    d->total_bytes = 0;
}

void dispatch_announce(struct dispatch *d, uint64_t version, size_t bytes)
{
    dispatch_retire(d);
    d->version = version;
    d->total_bytes = bytes;
}

void dispatch_carry(struct dispatch *d, int rank, int carried)
{
    struct peer *p = dispatch_peer(d, rank);
    if (p)
        p->carried = carried;
}

int dispatch_wants_weights(const struct dispatch *d)
{
    for (size_t i = 0; i < d->n_peers && !d->weights; i++)
        if (dispatch_lacks_weights(d, &d->peers[i]))
            return 1;
    return 0;
}

uint64_t dispatch_version(const struct dispatch *d)
{
    return d->version;
}

enum status dispatch_publish(struct dispatch *d, uint64_t version, struct blob *weights,
                             struct outbox *out)
{
    struct blob *fresh = blob_hold(weights);
    dispatch_announce(d, version, fresh->len);
    enum status st = dispatch_supply(d, fresh, out);
    blob_drop(fresh);
    return st;
}

enum status dispatch_supply(struct dispatch *d, struct blob *weights,
                            struct outbox *out)
{
    if (d->total_bytes == 0 || weights->len != d->total_bytes)
        return status_fail(ERR_INTERNAL, "weights of %zu bytes, %llu were announced",
                           weights->len, (unsigned long long)d->total_bytes);
    blob_drop(d->weights);
    d->weights = blob_hold(weights);
    for (size_t i = 0; i < d->n_peers; i++)
        if (peer_usable(&d->peers[i]))
            TRY(dispatch_send_weights(d, &d->peers[i], out));
    return OK;
}

enum status dispatch_begin(struct dispatch *d, const struct msg_task *tasks, size_t n,
                           int32_t parts, int64_t now_ms, struct outbox *out)
{
    d->now_ms = now_ms;
    d->prompts = (struct prompt_tokens){0};
    TRY(lease_table_begin(&d->leases, tasks, n, parts));
    return dispatch_give(d, out);
}

static void expire_leases(struct dispatch *d)
{
    for (size_t i = 0; i < d->leases.n; i++) {
        struct lease *l = &d->leases.items[i];
        if (l->state != LEASE_GIVEN || d->now_ms < l->deadline_ms)
            continue;
        log_warn("rank %d: lease %llu (prompt %llu) has expired after %lld ms", l->rank,
                 (unsigned long long)l->id,
                 (unsigned long long)d->leases.prompts[l->prompt].task.prompt_id,
                 (long long)d->config.lease_ms);
        struct peer *p = dispatch_peer(d, l->rank);
        if (p)
            p->expired_leases++;
        l->state = LEASE_PENDING;
    }
}

static void give_up_silent(struct dispatch *d)
{
    for (size_t i = 0; i < d->n_peers; i++) {
        struct peer *p = &d->peers[i];
        int64_t age = d->now_ms - p->last_heard_ms;
        if (!peer_usable(p) || age <= d->config.silence_ms)
            continue;
        log_warn("rank %d: silent for %lld ms; its last message: %s", p->rank,
                 (long long)age, message_name(p->last_type));
        p->alive = 0;
        dispatch_free_leases(d, p->rank);
    }
}

static enum status check_somebody_left(const struct dispatch *d)
{
    const struct peer *last = NULL;
    for (size_t i = 0; i < d->n_peers; i++) {
        if (peer_usable(&d->peers[i]))
            return OK;
        if (!last || d->peers[i].last_heard_ms > last->last_heard_ms)
            last = &d->peers[i];
    }
    int64_t age = d->now_ms - (last ? last->last_heard_ms : d->start_ms);
    if (age <= (last ? d->config.silence_ms : d->config.start_ms))
        return OK;
    if (last)
        return status_fail(ERR_TIMEOUT,
                           "no worker is left: the last was rank %d, its last message "
                           "%s, %lld ms ago%s",
                           last->rank, message_name(last->last_type), (long long)age,
                           last->shut_out ? " (it sent nonsense)" : "");
    if (d->refused_rank >= 0)
        return status_fail(ERR_TIMEOUT,
                           "no worker within %lld ms: rank %d was refused, for it has "
                           "another model, tokenizer or verifier",
                           (long long)age, d->refused_rank);
    return status_fail(ERR_TIMEOUT, "no worker has said HELLO within %lld ms",
                       (long long)age);
}

enum status dispatch_tick(struct dispatch *d, int64_t now_ms, struct outbox *out)
{
    d->now_ms = now_ms;
    if (d->stopping)
        return OK;
    expire_leases(d);
    give_up_silent(d);
    TRY(check_somebody_left(d));
    return dispatch_give(d, out);
}

struct tree *dispatch_tree(struct dispatch *d, size_t i)
{
    if (i >= d->leases.n_prompts)
        return NULL;
    struct prompt_slot *slot = &d->leases.prompts[i];
    return slot->n_done == slot->n_leases ? &slot->tree : NULL;
}

size_t dispatch_complete(const struct dispatch *d)
{
    return d->leases.n_complete;
}

int dispatch_done(const struct dispatch *d)
{
    return d->leases.n_complete == d->leases.n_prompts;
}

struct prompt_tokens dispatch_prompt_tokens(const struct dispatch *d)
{
    return d->prompts;
}

enum status dispatch_stop(struct dispatch *d, struct outbox *out)
{
    d->stopping = 1;
    d->stop_ms = d->now_ms;
    for (size_t i = 0; i < d->n_peers; i++)
        if (d->peers[i].alive)
            TRY(dispatch_send_stop(d, d->peers[i].rank, out));
    return OK;
}

int dispatch_all_stopped(const struct dispatch *d)
{
    if (d->now_ms - d->stop_ms > d->config.start_ms)
        return d->stopping;
    for (size_t i = 0; i < d->n_peers; i++)
        if (peer_usable(&d->peers[i]) && !d->peers[i].stop_sent)
            return 0;
    return d->stopping && d->n_peers + 1 >= (size_t)d->config.ranks;
}

size_t dispatch_workers(const struct dispatch *d)
{
    return d->n_peers;
}

void dispatch_worker_report(const struct dispatch *d, size_t i,
                            struct worker_report *out)
{
    const struct peer *p = &d->peers[i];
    *out = (struct worker_report){
        .rank = p->rank,
        .alive = peer_usable(p),
        .last_heard_ms = p->last_heard_ms,
        .incarnation = p->incarnation,
        .weights_version = p->lease.weights_version,
        .generation = p->lease.generation,
        .group = p->lease.group,
        .busy_s = p->lease.busy_s,
        .idle_s = p->lease.idle_s,
        .flops = p->lease.flops,
        .generated_tokens = p->lease.generated_tokens,
        .expired_leases = p->expired_leases,
        .rejected_messages = p->rejected_messages,
    };
}

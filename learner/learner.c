#include "learner.h"

#include "base/hash.h"
#include "base/mem.h"

// Where a step stands.  Each learner_work does one phase's next piece.
enum phase {
    PHASE_BEGIN,    // plan and lease out
    PHASE_COLLECT,  // trees come, packs are trained
    PHASE_AGAIN,    // trees of earlier steps are trained once more
    PHASE_ANNOUNCE, // until the last version has left; the workers make ready
    PHASE_UPDATE,
    PHASE_PUBLISH,
    PHASE_CLOSE,  // all its time is charged: the record is complete
    PHASE_RECORD, // until the record is taken
    PHASE_STOP,
    PHASE_LEAVE, // until every worker has been told
    PHASE_DONE,
};

struct learner {
    struct learner_config config;
    struct model *model; // borrowed
    struct trainer *trainer;
    struct dispatch *dispatch;
    struct broadcast *broadcast;
    struct learner_memory memory;
    enum phase phase;
    uint64_t step;
    struct tree **trees; // of this step, prompt order; the first n_come have come
    // With reuse: as they were sampled, and with the store's subtrees.
    struct tree **fresh, *grown;
    struct replay replay;
    struct reuse_memory reuse_seen; // in this step
    size_t n_come, n_trained;
    size_t n_again; // entries of the store that were looked at
    struct step_record record;
    int record_taken;
    // Wall time is charged to `clock` from one call to the next.
    double *clock;
    int64_t clock_ms, begun_ms;
};

enum status learner_new(struct learner **out, const struct learner_config *c,
                        struct model *m, uint64_t first_step, int64_t now_ms)
{
    struct learner *l = NULL;
    enum status st;
    TRY(mem_new(&l, 1, sizeof *l));
    l->config = *c;
    l->model = m;
    l->step = first_step;
    m->version = first_step;
    TRY_OUT(trainer_new(&l->trainer, &c->trainer, m));
    TRY_OUT(dispatch_new(&l->dispatch, &c->dispatch, now_ms));
    TRY_OUT(
        broadcast_new(&l->broadcast, c->group, &c->dispatch, l->dispatch, m, now_ms));
    TRY_OUT(mem_new(&l->trees, (size_t)c->prompts_per_step, sizeof *l->trees));
    TRY_OUT(mem_new(&l->fresh, (size_t)c->prompts_per_step, sizeof *l->fresh));
    TRY_OUT(mem_new(&l->grown, (size_t)c->prompts_per_step, sizeof *l->grown));
    l->phase = PHASE_BEGIN;
    *out = l;
    return OK;
out:
    learner_free(l);
    return st;
}

void learner_free(struct learner *l)
{
    if (!l)
        return;
    trainer_free(l->trainer);
    broadcast_free(l->broadcast);
    dispatch_free(l->dispatch);
    mem_free(l->trees);
    mem_free(l->fresh);
    for (int32_t i = 0; l->grown && i < l->config.prompts_per_step; i++)
        tree_free(&l->grown[i]);
    mem_free(l->grown);
    replay_free(&l->replay);
    mem_free(l);
}

struct trainer *learner_trainer(struct learner *l)
{
    return l->trainer;
}

struct learner_memory *learner_memory(struct learner *l)
{
    return &l->memory;
}

struct replay *learner_replay(struct learner *l)
{
    return &l->replay;
}

struct dispatch *learner_dispatch(struct learner *l)
{
    return l->dispatch;
}

void learner_stop(struct learner *l)
{
    if (l->phase == PHASE_BEGIN)
        l->phase = PHASE_STOP;
    else if (l->phase < PHASE_STOP)
        l->config.steps = l->step + 1;
}

int learner_done(const struct learner *l)
{
    return l->phase == PHASE_DONE;
}

// Whether the run is over before this step.
static int spent(const struct learner *l, uint64_t step)
{
    const struct learner_config *c = &l->config;
    return step >= c->steps ||
           (c->stop_tokens > 0.0 && l->memory.tokens >= c->stop_tokens) ||
           (c->stop_flops > 0.0 && l->memory.flops >= c->stop_flops);
}

int learner_last_step(const struct learner *l, const struct step_record *r)
{
    return spent(l, r->step + 1);
}

enum status learner_start(struct learner *l, int64_t now_ms, struct outbox *out)
{
    if (spent(l, l->step))
        l->phase = PHASE_STOP;
    l->clock_ms = now_ms;
    return broadcast_start(l->broadcast, out);
}

enum status learner_receive(struct learner *l, int rank, const uint8_t *bytes,
                            size_t len, int64_t now_ms, struct outbox *out)
{
    return dispatch_receive(l->dispatch, rank, bytes, len, now_ms, out);
}

enum status learner_tick(struct learner *l, int64_t now_ms, struct outbox *out)
{
    TRY(dispatch_tick(l->dispatch, now_ms, out));
    return l->phase <= PHASE_STOP ? broadcast_tick(l->broadcast, now_ms, out) : OK;
}

// ---- one step

static enum status begin_step(struct learner *l, int64_t now_ms, struct outbox *out)
{
    size_t n = (size_t)l->config.prompts_per_step;
    size_t visits = l->config.reuse.on ? (size_t)l->config.reuse.visits : 1;
    struct msg_task *tasks = NULL;
    struct plan plan = l->config.plan;
    plan_adapt(&plan, &l->memory.anova);
    plan.cutoff = cutoff_next(&l->config.cutoff, &l->memory.cutoff);
    TRY(plan_tasks(&plan, l->step, l->step * n / visits, n, l->model->version, &tasks));
    enum status st =
        dispatch_begin(l->dispatch, tasks, n, l->config.parts, now_ms, out);
    plan_free(tasks, n);
    TRY(st);
    const struct credit_prior prior = memory_prior(&l->memory);
    trainer_set_prior(l->trainer, &prior);
    TRY(trainer_begin(l->trainer));
    l->n_come = l->n_trained = l->n_again = 0;
    l->reuse_seen = (struct reuse_memory){0};
    l->record = (struct step_record){
        .step = l->step,
        .trees = l->trees,
        .n_trees = n,
        .rule = plan.rule,
        .cutoff_rule = plan.cutoff,
    };
    l->begun_ms = now_ms;
    l->phase = PHASE_COLLECT;
    return OK;
}

// What the store adds to the trees up to `come`: to as many as close a pack, whenever
// they came, so that what is computed does not depend on that.
static enum status grow_trees(struct learner *l, size_t come)
{
    size_t first = l->n_come;
    size_t n = trainer_pack_size(l->trainer, l->fresh + first, come - first,
                                 come == (size_t)l->config.prompts_per_step);
    for (size_t i = first; i < first + n; i++) {
        tree_free(&l->grown[i]);
        l->trees[i] = &l->grown[i];
    }
    TRY(regrow(l->grown + first, l->fresh + first, n, &l->config.reuse, &l->replay,
               &l->memory.reuse, l->trainer, &l->reuse_seen, &l->record.reuse));
    l->n_come += n;
    return OK;
}

// Takes note of the trees that have come, in prompt order without a gap.
static enum status notice_trees(struct learner *l, int64_t now_ms, int *worked)
{
    size_t n = (size_t)l->config.prompts_per_step;
    size_t before = l->n_come, come = before;
    for (struct tree *t; come < n && (t = dispatch_tree(l->dispatch, come)); come++)
        l->fresh[come] = l->trees[come] = t;
    if (l->config.reuse.on)
        TRY(grow_trees(l, come));
    else
        l->n_come = come;
    *worked = l->config.reuse.on && l->n_come > before;
    if (l->n_come == n && before < n)
        l->record.rollout_s = 1e-3 * (double)(now_ms - l->begun_ms);
    return OK;
}

// Trains the next pack, if one has closed.
static enum status train_some(struct learner *l, int64_t now_ms, int *worked)
{
    size_t n = (size_t)l->config.prompts_per_step;
    TRY(notice_trees(l, now_ms, worked));
    struct tree **waiting = l->trees + l->n_trained;
    size_t take = trainer_pack_size(l->trainer, waiting, l->n_come - l->n_trained,
                                    l->n_come == n);
    if (take == 0)
        return OK;
    TRY(trainer_accumulate(l->trainer, waiting, take, &l->record.stats));
    l->n_trained += take;
    if (l->n_trained == n)
        l->phase = l->config.reuse.again > 0 ? PHASE_AGAIN : PHASE_ANNOUNCE;
    *worked = 1;
    return OK;
}

// Trains a pack of the store's entries that are young enough; after the last, the
// update.
static enum status train_again(struct learner *l)
{
    struct regrow_pack again = {0};
    TRY(regrow_again(&again, &l->replay, &l->n_again, &l->config.reuse,
                     &l->memory.reuse, l->trainer, l->model->version, &l->reuse_seen,
                     &l->record.reuse));
    if (again.n == 0)
        l->phase = PHASE_ANNOUNCE;
    enum status st =
        trainer_accumulate(l->trainer, again.views, again.n, &l->record.again);
    regrow_pack_free(&again);
    return st;
}

// Takes note of what the step's trees have shown.
static enum status remember(struct learner *l)
{
    const struct learner_config *c = &l->config;
    struct step_record *r = &l->record;
    memory_fade(&l->memory);
    for (size_t i = 0; i < r->n_trees; i++) {
        if (c->reuse.on) { // the values of what was sampled now
            regrow_gap(r->trees[i], l->fresh[i]->nodes[0].branching,
                       &c->trainer.credit.reuse, &r->reuse);
            TRY(credit_assign(l->fresh[i], &c->trainer.credit, NULL));
            TRY(regrow_store(&l->replay, l->fresh[i], &c->reuse));
        }
        TRY(memory_add(&l->memory, l->fresh[i]));
        TRY(cutoff_add(&r->cutoff, l->fresh[i]));
    }
    regrow_learn(&l->memory.reuse, &l->reuse_seen);
    r->replay_entries = l->replay.n;
    r->replay_bytes = l->replay.bytes;
    r->stats.flops += r->reuse.flops + r->again.flops;
    l->memory.flops += r->stats.flops;
    cutoff_learn(&l->config.cutoff, &l->memory.cutoff, &r->cutoff);
    r->anova = l->memory.anova;
    r->cutoff_memory = l->memory.cutoff;
    return OK;
}

// The workers are told before the update begins: they, too, need a while to make ready.
static enum status announce(struct learner *l, int64_t now_ms, struct outbox *out,
                            int *worked)
{
    *worked = broadcast_may_begin(l->broadcast, now_ms);
    if (!*worked)
        return OK;
    l->record.broadcast = broadcast_stats(l->broadcast);
    l->phase = PHASE_UPDATE;
    return broadcast_begin(l->broadcast, l->model->version + 1, now_ms, out);
}

static enum status update_step(struct learner *l, int64_t now_ms)
{
    struct step_record *r = &l->record;
    const struct training_watch watch = broadcast_watch(l->broadcast, now_ms);
    TRY(trainer_update(l->trainer, &r->stats, &watch));
    TRY(remember(l));
    r->prompts = dispatch_prompt_tokens(l->dispatch);
    r->batch_hash = HASH_START;
    for (size_t i = 0; i < r->n_trees; i++)
        r->batch_hash = tree_hash(r->batch_hash, r->trees[i]);
    TRY(model_weights_hash(l->model, &r->weights_hash));
    l->phase = PHASE_PUBLISH;
    return OK;
}

// The record is taken: on to the next step, or the end.
static void close_step(struct learner *l)
{
    l->record_taken = 0;
    l->step++;
    l->phase = spent(l, l->step) ? PHASE_STOP : PHASE_BEGIN;
}

static enum status do_phase(struct learner *l, int64_t now_ms, struct outbox *out,
                            int *worked)
{
    *worked = 1;
    switch (l->phase) {
    case PHASE_BEGIN:
        return status_wrap(begin_step(l, now_ms, out), "step %llu",
                           (unsigned long long)l->step);
    case PHASE_COLLECT:
        *worked = 0;
        return status_wrap(train_some(l, now_ms, worked), "train step %llu",
                           (unsigned long long)l->step);
    case PHASE_AGAIN:
        return status_wrap(train_again(l), "train step %llu",
                           (unsigned long long)l->step);
    case PHASE_ANNOUNCE:
        return announce(l, now_ms, out, worked);
    case PHASE_UPDATE:
        return status_wrap(update_step(l, now_ms), "update step %llu",
                           (unsigned long long)l->step);
    case PHASE_PUBLISH:
        l->phase = PHASE_CLOSE;
        return broadcast_publish(l->broadcast, out);
    case PHASE_CLOSE:
        l->record.step_s = 1e-3 * (double)(now_ms - l->begun_ms);
        l->phase = PHASE_RECORD;
        return OK;
    case PHASE_RECORD:
        *worked = l->record_taken;
        if (l->record_taken)
            close_step(l);
        return OK;
    case PHASE_STOP:
        *worked = broadcast_may_begin(l->broadcast, now_ms);
        if (!*worked)
            return OK; // the last version leaves first, in good order
        l->phase = PHASE_LEAVE;
        return dispatch_stop(l->dispatch, out);
    case PHASE_LEAVE:
        if (dispatch_all_stopped(l->dispatch))
            l->phase = PHASE_DONE;
        break;
    case PHASE_DONE:
        break;
    }
    *worked = 0;
    return OK;
}

// Where the time of this call, up to the next one, belongs.
static double *clock_of(struct learner *l, enum phase phase, int worked)
{
    if (phase == PHASE_PUBLISH || phase == PHASE_ANNOUNCE)
        return &l->record.publish_s;
    if (phase == PHASE_UPDATE || phase == PHASE_AGAIN ||
        (phase == PHASE_COLLECT && worked))
        return &l->record.train_s;
    return phase == PHASE_COLLECT ? &l->record.learner_idle_s : NULL;
}

enum status learner_work(struct learner *l, int64_t now_ms, struct outbox *out,
                         int *worked)
{
    enum phase phase = l->phase;
    if (l->clock)
        *l->clock += 1e-3 * (double)(now_ms - l->clock_ms);
    l->clock = NULL;
    l->clock_ms = now_ms;
    TRY(do_phase(l, now_ms, out, worked));
    l->clock = clock_of(l, phase, *worked);
    return OK;
}

enum status learner_take_record(struct learner *l, struct step_record *out, int *got)
{
    *got = l->phase == PHASE_RECORD && !l->record_taken;
    if (*got) {
        *out = l->record;
        l->record_taken = 1;
    }
    return OK;
}

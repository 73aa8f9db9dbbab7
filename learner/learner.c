#include "learner.h"

#include "publish.h"

#include "base/hash.h"
#include "base/mem.h"

// Where a step stands.  Each learner_work does one phase's next piece.
enum phase {
    PHASE_BEGIN,   // plan and lease out
    PHASE_COLLECT, // trees come, packs are trained
    PHASE_UPDATE,
    PHASE_PUBLISH,
    PHASE_CLOSE,  // all its time is charged: the record is complete
    PHASE_RECORD, // until the record is taken
    PHASE_STOP,
    PHASE_LEAVE, // until every worker has been told
    PHASE_DONE,
};

// Of what the branching rules know, from one step to the next: the policy moves on.
#define KEEP 0.9

struct learner {
    struct learner_config config;
    struct model *model; // borrowed
    struct trainer *trainer;
    struct dispatch *dispatch;
    struct learner_memory memory;
    enum phase phase;
    uint64_t step;
    struct tree **trees; // of this step, prompt order; the first n_come have come
    size_t n_come, n_trained;
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
    TRY_OUT(mem_new(&l->trees, (size_t)c->prompts_per_step, sizeof *l->trees));
    l->phase = first_step < c->steps ? PHASE_BEGIN : PHASE_STOP;
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
    dispatch_free(l->dispatch);
    mem_free(l->trees);
    mem_free(l);
}

struct trainer_state *learner_trainer_state(struct learner *l)
{
    return trainer_state(l->trainer);
}

struct learner_memory *learner_memory(struct learner *l)
{
    return &l->memory;
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

enum status learner_start(struct learner *l, int64_t now_ms, struct outbox *out)
{
    l->clock_ms = now_ms;
    return publish(l->dispatch, l->model, out);
}

enum status learner_receive(struct learner *l, int rank, const uint8_t *bytes,
                            size_t len, int64_t now_ms, struct outbox *out)
{
    return dispatch_receive(l->dispatch, rank, bytes, len, now_ms, out);
}

enum status learner_tick(struct learner *l, int64_t now_ms, struct outbox *out)
{
    return dispatch_tick(l->dispatch, now_ms, out);
}

// ---- one step

static enum status begin_step(struct learner *l, int64_t now_ms, struct outbox *out)
{
    size_t n = (size_t)l->config.prompts_per_step;
    struct msg_task *tasks = NULL;
    struct plan plan = l->config.plan;
    plan_adapt(&plan, &l->memory.anova);
    plan.cutoff = cutoff_next(&l->config.cutoff, &l->memory.cutoff);
    TRY(plan_tasks(&plan, l->step, l->step * n, n, l->model->version, &tasks));
    enum status st =
        dispatch_begin(l->dispatch, tasks, n, l->config.parts, now_ms, out);
    plan_free(tasks, n);
    TRY(st);
    TRY(trainer_begin(l->trainer));
    l->n_come = l->n_trained = 0;
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

// Takes note of the trees that have come, in prompt order without a gap.
static void notice_trees(struct learner *l, int64_t now_ms)
{
    size_t n = (size_t)l->config.prompts_per_step;
    size_t before = l->n_come;
    while (l->n_come < n) {
        struct tree *t = dispatch_tree(l->dispatch, l->n_come);
        if (!t)
            break;
        l->trees[l->n_come++] = t;
    }
    if (l->n_come == n && before < n)
        l->record.rollout_s = 1e-3 * (double)(now_ms - l->begun_ms);
}

// Trains the next pack, if one has closed.
static enum status train_some(struct learner *l, int64_t now_ms, int *worked)
{
    size_t n = (size_t)l->config.prompts_per_step;
    notice_trees(l, now_ms);
    struct tree **waiting = l->trees + l->n_trained;
    size_t take = trainer_pack_size(l->trainer, waiting, l->n_come - l->n_trained,
                                    l->n_come == n);
    if (take == 0)
        return OK;
    TRY(trainer_accumulate(l->trainer, waiting, take, &l->record.stats));
    l->n_trained += take;
    if (l->n_trained == n)
        l->phase = PHASE_UPDATE;
    *worked = 1;
    return OK;
}

// Takes note of what the step's trees have shown.
static enum status remember(struct learner *l)
{
    struct step_record *r = &l->record;
    anova_fade(&l->memory.anova, KEEP);
    for (size_t i = 0; i < r->n_trees; i++) {
        TRY(anova_add(&l->memory.anova, r->trees[i]));
        TRY(cutoff_add(&r->cutoff, r->trees[i]));
    }
    cutoff_learn(&l->config.cutoff, &l->memory.cutoff, &r->cutoff);
    r->anova = l->memory.anova;
    r->cutoff_memory = l->memory.cutoff;
    return OK;
}

static enum status update_step(struct learner *l)
{
    struct step_record *r = &l->record;
    TRY(trainer_update(l->trainer, &r->stats));
    TRY(remember(l));
    r->batch_hash = HASH_START;
    for (size_t i = 0; i < r->n_trees; i++)
        r->batch_hash = tree_hash(r->batch_hash, r->trees[i]);
    r->weights_hash = hash_bytes(HASH_START, l->model->params,
                                 l->model->layout.total * sizeof *l->model->params);
    l->phase = PHASE_PUBLISH;
    return OK;
}

// The record is taken: on to the next step, or the end.
static void close_step(struct learner *l)
{
    l->record_taken = 0;
    l->step++;
    l->phase = l->step < l->config.steps ? PHASE_BEGIN : PHASE_STOP;
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
    case PHASE_UPDATE:
        return status_wrap(update_step(l), "update step %llu",
                           (unsigned long long)l->step);
    case PHASE_PUBLISH:
        l->phase = PHASE_CLOSE;
        return publish(l->dispatch, l->model, out);
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
    if (phase == PHASE_PUBLISH)
        return &l->record.publish_s;
    if (phase == PHASE_UPDATE || (phase == PHASE_COLLECT && worked))
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

#include "evaluate.h"

#include "publish.h"

#include "base/mem.h"

enum phase {
    PHASE_BEGIN,
    PHASE_COLLECT,
    PHASE_HAND_OUT,
    PHASE_STOP,
    PHASE_LEAVE,
    PHASE_DONE
};

struct evaluate {
    struct evaluate_config config;
    struct model *model; // borrowed
    struct dispatch *dispatch;
    enum phase phase;
    uint64_t first; // problem of the chunk
    struct tree **trees;
    size_t n; // problems of the chunk
    int taken;
    // The first problem's prompt: what all chunks begin with, it begins with too.
    int32_t *like;
    struct prompt_tokens prompts; // of all chunks
};

enum status evaluate_new(struct evaluate **out, const struct evaluate_config *c,
                         struct model *m, int64_t now_ms)
{
    struct evaluate *e = NULL;
    enum status st;
    TRY(mem_new(&e, 1, sizeof *e));
    e->config = *c;
    e->model = m;
    TRY_OUT(dispatch_new(&e->dispatch, &c->dispatch, now_ms));
    TRY_OUT(mem_new(&e->trees, c->chunk, sizeof *e->trees));
    e->phase = c->problems > 0 ? PHASE_BEGIN : PHASE_STOP;
    *out = e;
    return OK;
out:
    evaluate_free(e);
    return st;
}

void evaluate_free(struct evaluate *e)
{
    if (!e)
        return;
    dispatch_free(e->dispatch);
    mem_free(e->trees);
    mem_free(e->like);
    mem_free(e);
}

enum status evaluate_start(struct evaluate *e, int64_t now_ms, struct outbox *out)
{
    (void)now_ms;
    (void)out;
    publish_announce(e->dispatch, e->model);
    return OK;
}

enum status evaluate_receive(struct evaluate *e, int rank, const uint8_t *bytes,
                             size_t len, int64_t now_ms, struct outbox *out)
{
    return dispatch_receive(e->dispatch, rank, bytes, len, now_ms, out);
}

enum status evaluate_tick(struct evaluate *e, int64_t now_ms, struct outbox *out)
{
    TRY(dispatch_tick(e->dispatch, now_ms, out));
    return publish_supply(e->dispatch, e->model, out);
}

struct prompt_tokens evaluate_prompt_tokens(const struct evaluate *e)
{
    return e->prompts;
}

int evaluate_done(const struct evaluate *e)
{
    return e->phase == PHASE_DONE;
}

static enum status remember_first(struct evaluate *e, const struct msg_task *first)
{
    struct plan *plan = &e->config.plan;
    if (e->like)
        return OK;
    TRY(mem_dup(&e->like, first->prompt, first->n_prompt, sizeof *first->prompt));
    plan->like = e->like;
    plan->n_like = first->n_prompt;
    return OK;
}

// A chunk is planned as a step of its own, so that a problem's random key depends on
// its number and the chunk size alone.
static enum status begin_chunk(struct evaluate *e, int64_t now_ms, struct outbox *out)
{
    uint64_t left = e->config.problems - e->first;
    struct msg_task *tasks = NULL;
    e->n = left < e->config.chunk ? (size_t)left : e->config.chunk;
    TRY(plan_tasks(&e->config.plan, e->first, e->first, e->n, e->model->version,
                   &tasks));
    enum status st = remember_first(e, tasks);
    if (st == OK)
        st = dispatch_begin(e->dispatch, tasks, e->n, 1, now_ms, out);
    plan_free(tasks, e->n);
    if (st == OK)
        e->phase = PHASE_COLLECT;
    return st;
}

static void collect(struct evaluate *e)
{
    if (!dispatch_done(e->dispatch))
        return;
    for (size_t i = 0; i < e->n; i++)
        e->trees[i] = dispatch_tree(e->dispatch, i);
    struct prompt_tokens chunk = dispatch_prompt_tokens(e->dispatch);
    e->prompts.all += chunk.all;
    e->prompts.computed += chunk.computed;
    e->taken = 0;
    e->phase = PHASE_HAND_OUT;
}

static void next_chunk(struct evaluate *e)
{
    if (!e->taken)
        return;
    e->first += e->n;
    e->phase = e->first < e->config.problems ? PHASE_BEGIN : PHASE_STOP;
}

enum status evaluate_work(struct evaluate *e, int64_t now_ms, struct outbox *out,
                          int *worked)
{
    enum phase before = e->phase;
    enum status st = OK;
    if (before == PHASE_BEGIN)
        st = status_wrap(begin_chunk(e, now_ms, out), "problem %llu",
                         (unsigned long long)e->first);
    else if (before == PHASE_COLLECT)
        collect(e);
    else if (before == PHASE_HAND_OUT)
        next_chunk(e);
    else if (before == PHASE_STOP) {
        e->phase = PHASE_LEAVE;
        st = dispatch_stop(e->dispatch, out);
    } else if (before == PHASE_LEAVE && dispatch_all_stopped(e->dispatch)) {
        e->phase = PHASE_DONE;
    }
    *worked = e->phase != before;
    return st;
}

void evaluate_take(struct evaluate *e, uint64_t *first, struct tree *const **trees,
                   size_t *n)
{
    *n = 0;
    if (e->phase != PHASE_HAND_OUT || e->taken)
        return;
    e->taken = 1;
    *first = e->first;
    *trees = e->trees;
    *n = e->n;
}

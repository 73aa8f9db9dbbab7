#include "expand.h"

#include "schedule.h"

#include "base/mem.h"

#include <math.h>

enum { JUDGE_WAIT_MS = 5 };

static enum status mark(struct expander *e, const int32_t *tokens, size_t n,
                        enum token_end end)
{
    int32_t vocab = e->model->config.vocab;
    for (size_t i = 0; i < n; i++) {
        if (tokens[i] < 0 || tokens[i] >= vocab)
            return status_fail(ERR_INPUT, "%s %d: the model has %d tokens",
                               end == TOKEN_ENDS_STEP ? "delimiter" : "stop token",
                               tokens[i], vocab);
        e->ends[tokens[i]] = (uint8_t)end;
    }
    return OK;
}

static enum status mark_ends(struct expander *e, const struct expander_config *c)
{
    TRY(mem_new(&e->ends, (size_t)e->model->config.vocab, 1));
    TRY(mark(e, c->delimiters, c->n_delimiters, TOKEN_ENDS_STEP));
    TRY(mark(e, c->stops, c->n_stops, TOKEN_ENDS_TEXT));
    return mark(e, &e->model->config.eos, 1, TOKEN_ENDS_TEXT);
}

static enum status rows_new(struct expander *e)
{
    size_t rows = (size_t)e->max_rows;
    TRY(mem_new(&e->running, rows, sizeof *e->running));
    TRY(mem_new(&e->draws, rows, sizeof *e->draws));
    TRY(mem_new(&e->branches, rows, sizeof *e->branches));
    return mem_new(&e->tokens, rows, sizeof *e->tokens);
}

enum status expander_new(struct expander **out, const struct expander_config *c,
                         const struct model *m, const struct tokenizer *t)
{
    struct expander *e = NULL;
    enum status st = OK;
    if (c->max_rows < 1)
        return status_fail(ERR_INPUT, "rollout: %d rows", c->max_rows);
    TRY_OUT(mem_new(&e, 1, sizeof *e));
    e->model = m;
    e->max_rows = c->max_rows;
    e->pages = e->free_pages = c->kv_pages;
    TRY_OUT(grader_new(&e->grader, &c->judge, c->reward, t));
    TRY_OUT(mark_ends(e, c));
    TRY_OUT(rows_new(e));
    TRY_OUT(m->accelerator ? kv_cache_new_elsewhere(&e->cache, &m->config, c->kv_pages)
                           : kv_cache_new(&e->cache, &m->config, c->kv_pages));
    TRY_OUT(decoder_new(&e->decoder, m, c->max_rows));
    *out = e;
    e = NULL;
out:
    expander_free(e);
    return status_wrap(st, "rollout");
}

void expander_free(struct expander *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < e->n_tasks; i++)
        task_free(e->tasks[i]);
    mem_free(e->tasks);
    mem_free(e->ends);
    mem_free(e->running);
    mem_free(e->waiting);
    mem_free(e->draws);
    mem_free(e->branches);
    mem_free(e->tokens);
    mem_free(e->root.tokens);
    kv_cache_free(e->cache);
    decoder_free(e->decoder);
    grader_free(e->grader);
    mem_free(e);
}

enum status expander_add(struct expander *e, const struct msg_task *task)
{
    const struct task_bounds bounds = {e->model->config.vocab,
                                       e->model->config.max_positions, e->pages};
    TRY(grader_accept(e->grader, task->verifier));
    TRY(mem_grow(&e->tasks, &e->task_capacity, e->n_tasks, e->n_tasks + 1,
                 sizeof *e->tasks));
    struct task_state *fresh = NULL;
    TRY(task_new(&fresh, task, &bounds));
    fresh->sequence = e->next_sequence++;
    e->tasks[e->n_tasks++] = fresh;
    return OK;
}

static void remove_task(struct expander *e, size_t at)
{
    task_free(e->tasks[at]);
    e->n_tasks--;
    for (size_t i = at; i < e->n_tasks; i++)
        e->tasks[i] = e->tasks[i + 1];
}

void expander_cancel(struct expander *e, uint64_t lease)
{
    for (size_t i = 0; i < e->n_tasks; i++)
        if (e->tasks[i]->spec.lease == lease) {
            grader_drop(e->grader, e->tasks[i]);
            schedule_drop(e, e->tasks[i]);
            remove_task(e, i);
            return;
        }
}

static enum status accept_token(struct expander *e, struct node_ref r,
                                const struct decode_draw *d)
{
    if (!isfinite(d->log_prob))
        return status_fail(ERR_INPUT,
                           "prompt %llu: a token's log-prob is %g: the weights of "
                           "version %llu are not finite",
                           (unsigned long long)r.task->spec.prompt_id,
                           (double)d->log_prob, (unsigned long long)e->model->version);
    e->generated_tokens++;
    return task_push_token(r.task, r.node,
                           (struct drawn_token){d->token, d->log_prob, d->entropy},
                           e->ends);
}

static struct decode_draw draw_for(struct node_ref r)
{
    const struct live_node *n = node_of(r);
    return (struct decode_draw){
        .branch = n->branch,
        .temperature = r.task->spec.temperature,
        .u = rng_uniform(n->key, (uint64_t)n->path_tokens + n->n_tokens),
    };
}

// Draws a token for every running node; those that end as leaves leave the batch.
static enum status draw_running(struct expander *e)
{
    int32_t kept = 0, n = e->n_running;
    for (int32_t i = 0; i < n; i++)
        e->draws[i] = draw_for(e->running[i]);
    TRY(decode_draw(e->decoder, e->model, e->cache, e->draws, n));
    for (int32_t i = 0; i < n; i++) {
        struct node_ref r = e->running[i];
        TRY(accept_token(e, r, &e->draws[i]));
        if (node_of(r)->end == NODE_BRANCHED)
            TRY(grader_step(e->grader, r.task, r.node));
        if (!tree_end_is_leaf(node_of(r)->end)) {
            e->running[kept++] = r;
            continue;
        }
        TRY(grader_leaf(e->grader, r.task, r.node));
        schedule_complete(e, r);
    }
    e->n_running = kept;
    return OK;
}

// Computes what of a task's prompt is its own, below the root that it shares (which may
// have to be made first).
static enum status prefill(struct expander *e, struct task_state *t, int fresh,
                           int32_t *branch)
{
    int32_t own = (int32_t)t->spec.n_prompt - t->shared;
    if (fresh)
        TRY(root_make(e, t->spec.prompt, t->shared));
    TRY(kv_branch_open(e->cache, t->shared > 0 ? e->root.branch : -1, branch));
    TRY(decode_prefill(e->decoder, e->model, e->cache, *branch,
                       t->spec.prompt + t->shared, own));
    t->prefilled = fresh ? own + t->shared : own;
    e->root.users += t->shared > 0;
    return OK;
}

// Prefills the oldest task that has not begun, if its pages can be promised.
static enum status start_task(struct expander *e, int *started)
{
    int32_t branch = -1;
    int fresh = 0;
    struct task_state *t =
        e->n_running < e->max_rows ? schedule_next_task(e, &fresh) : NULL;
    if (!t)
        return OK;
    TRY(prefill(e, t, fresh, &branch));
    TRY(task_start(t, branch));
    e->free_pages -= t->nodes[0].pages;
    TRY(schedule_wait(e, (struct node_ref){t, 0}));
    *started = 1;
    return OK;
}

// Feeds every running node its last token.  A node that ended at a step boundary then
// waits for its children to open.
static enum status feed_running(struct expander *e)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < e->n_running; i++) {
        const struct live_node *n = node_of(e->running[i]);
        e->branches[i] = n->branch;
        e->tokens[i] = n->tokens[n->n_tokens - 1].token;
    }
    TRY(decode_step(e->decoder, e->model, e->cache, e->branches, e->tokens,
                    e->n_running));
    for (int32_t i = 0; i < e->n_running; i++) {
        if (node_of(e->running[i])->end == NODE_BRANCHED)
            TRY(schedule_wait(e, e->running[i]));
        else
            e->running[kept++] = e->running[i];
    }
    e->n_running = kept;
    return OK;
}

// New children's first tokens come from their parents' states, in the same draw as the
// others' next ones: a device is waited for once a step.
enum status expander_step(struct expander *e, int *worked)
{
    int started = 0, graded = 0;
    TRY(start_task(e, &started));
    int any = started || e->n_running > 0;
    TRY(feed_running(e));
    TRY(schedule_open_children(e));
    any = any || e->n_running > 0;
    TRY(draw_running(e));
    TRY(grader_poll(e->grader, any ? 0 : JUDGE_WAIT_MS, e->tasks, e->n_tasks, &graded));
    if (graded)
        schedule_cut(e);
    *worked = any || graded || grader_pending(e->grader) > 0;
    return OK;
}

enum status expander_take(struct expander *e, uint64_t *lease, struct tree *out,
                          int *got)
{
    for (size_t i = 0; i < e->n_tasks; i++)
        if (e->tasks[i]->finished && e->tasks[i]->ungraded == 0) {
            TRY(task_tree(e->tasks[i], out));
            *lease = e->tasks[i]->spec.lease;
            e->taken_prefilled = e->tasks[i]->prefilled;
            remove_task(e, i);
            *got = 1;
            return OK;
        }
    *got = 0;
    return OK;
}

int32_t expander_taken_prefilled(const struct expander *e)
{
    return e->taken_prefilled;
}

void expander_weights_changed(struct expander *e)
{
    root_give_up(e);
}

size_t expander_open_tasks(const struct expander *e)
{
    return e->n_tasks;
}

double expander_flops(const struct expander *e)
{
    return decoder_flops(e->decoder);
}

int64_t expander_generated_tokens(const struct expander *e)
{
    return e->generated_tokens;
}

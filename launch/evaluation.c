#include "launch/evaluation.h"

#include "base/clock.h"
#include "base/log.h"
#include "learner/evaluate.h"

// The evaluation as a core that scores what comes out of it.
struct eval_seat {
    struct evaluate *evaluate;
    const struct job *job;
    const struct dataset *set;
    struct score *score;
};

static enum status seat_start(void *core, int64_t now_ms, struct outbox *out)
{
    struct eval_seat *seat = core;
    return evaluate_start(seat->evaluate, now_ms, out);
}

static enum status seat_receive(void *core, int rank, const uint8_t *bytes, size_t len,
                                int64_t now_ms, struct outbox *out)
{
    struct eval_seat *seat = core;
    return evaluate_receive(seat->evaluate, rank, bytes, len, now_ms, out);
}

static enum status seat_tick(void *core, int64_t now_ms, struct outbox *out)
{
    struct eval_seat *seat = core;
    return evaluate_tick(seat->evaluate, now_ms, out);
}

static enum status seat_work(void *core, int64_t now_ms, struct outbox *out,
                             int *worked)
{
    struct eval_seat *seat = core;
    struct tree *const *trees = NULL;
    uint64_t first = 0;
    size_t n = 0;
    TRY(evaluate_work(seat->evaluate, now_ms, out, worked));
    evaluate_take(seat->evaluate, &first, &trees, &n);
    for (size_t i = 0; i < n; i++)
        TRY(score_add(seat->score, trees[i], &seat->set->problems[first + i],
                      seat->job->settings.prompt.prefill, seat->job->tokenizer));
    return OK;
}

static int seat_done(const void *core)
{
    const struct eval_seat *seat = core;
    return evaluate_done(seat->evaluate);
}

static const struct core_ops eval_core = {seat_start, seat_receive, seat_tick,
                                          seat_work, seat_done};

static void log_prompts(const struct evaluate *e)
{
    struct prompt_tokens p = evaluate_prompt_tokens(e);
    log_info("prompts of %lld tokens, %lld of them computed", (long long)p.all,
             (long long)p.computed);
}

enum status evaluation_run(struct cluster *c, struct job *job,
                           const struct evaluation *e, struct score *out)
{
    const struct settings *s = &job->settings;
    struct job_prompts prompts = {job, e->set, e->seed, 0};
    struct score score = {0};
    struct eval_seat seat = {.job = job, .set = e->set, .score = &score};
    const struct evaluate_config config = {
        .dispatch = job_dispatch_config(job, c->size),
        .plan = {.prompts = job_prompt_source(&prompts),
                 .seed = e->seed,
                 .purpose = RNG_EVAL,
                 .branch = {(int32_t)e->samples},
                 .n_branch = 1,
                 .max_new_tokens = (int32_t)s->rollout.max_new_tokens,
                 .temperature = (float)e->temperature,
                 .common_root = settings_common_root(s)},
        .problems = e->problems,
        .chunk = (size_t)s->eval.chunk,
    };
    enum status st;
    TRY_OUT(score_new(&score, e->problems, e->samples));
    TRY_OUT(evaluate_new(&seat.evaluate, &config, &job->model, clock_ms()));
    TRY_OUT(cluster_lead(c, job, &seat, &eval_core, 1));
    log_prompts(seat.evaluate);
    *out = score;
    score = (struct score){0};
out:
    evaluate_free(seat.evaluate);
    score_free(&score);
    return st;
}

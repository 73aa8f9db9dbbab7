// etreerpo sample: one tree of a prompt, drawn in the terminal.
#include "base/mem.h"
#include "base/par.h"
#include "launch/args.h"
#include "launch/commands.h"
#include "launch/gpu.h"
#include "launch/job.h"
#include "rollout/expand.h"
#include "tree/credit.h"
#include "tree/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *token_text(void *context, int32_t token, size_t *len)
{
    return tokenizer_piece(context, token, len);
}

// What the command line asks for: a text of the user's, or a problem of data.test.
struct request {
    const char *prompt, *answer, *row;
};

// The problem that a request names; the strings of `own` are the user's.
static enum status find_problem(const struct job *job, const struct request *r,
                                struct problem *own, const struct problem **out)
{
    char *end = NULL;
    if (!r->row) {
        own->question = (char *)r->prompt;
        own->solution = (char *)"";
        own->answer = (char *)(r->answer ? r->answer : "");
        if (!verifier_by_name(&own->verifier, job->settings.data.verifier))
            own->verifier = VERIFIER_NUMBER;
        *out = own;
        return OK;
    }
    unsigned long row = strtoul(r->row, &end, 10);
    if (*end || end == r->row || *r->row == '-' || row >= job->test.n)
        return status_fail(ERR_INPUT,
                           "--problem %.32s: data.test has problems 0 to %zu", r->row,
                           job->test.n - 1);
    *out = &job->test.problems[row];
    return OK;
}

static enum status fill_task(const struct job *job, const struct problem *problem,
                             struct msg_task *task)
{
    const struct settings *s = &job->settings;
    struct tokens ids = {0};
    *task = (struct msg_task){
        .rng_key = rng_root((uint64_t)s->run.seed, RNG_EVAL).k,
        .n_branch = (int32_t)s->rollout.branch.n,
        .child_count = (int32_t)s->rollout.branch.items[0],
        .step_tokens = (int32_t)s->rollout.step_tokens,
        .max_new_tokens = (int32_t)s->rollout.max_new_tokens,
        .temperature = (float)s->rollout.temperature,
        .verifier = (int32_t)problem->verifier,
        .answer = problem->answer,
    };
    for (int32_t i = 0; i < task->n_branch; i++)
        task->branch[i] = (int32_t)s->rollout.branch.items[i];
    enum status st = prompts_ask(&job->prompts, problem, &ids);
    task->prompt = ids.ids;
    task->n_prompt = ids.len;
    return st;
}

static enum status expand_one(const struct job *job, const struct msg_task *task,
                              struct tree *out)
{
    struct worker_config w = job_worker_config(job, 1);
    struct expander_config c = {w.max_rows, w.kv_pages, w.delimiters, w.n_delimiters,
                                w.stops,    w.n_stops,  w.judge};
    struct expander *e = NULL;
    uint64_t lease = 0;
    int worked = 1, got = 0;
    enum status st;
    TRY_OUT(expander_new(&e, &c, &job->model, job->tokenizer));
    TRY_OUT(expander_add(e, task));
    while (worked)
        TRY_OUT(expander_step(e, &worked));
    TRY_OUT(expander_take(e, &lease, out, &got));
    if (!got)
        st = status_fail(ERR_INTERNAL, "the tree did not finish");
out:
    expander_free(e);
    return st;
}

static enum status draw(const struct job *job, struct tree *tree)
{
    struct credit_config credit;
    struct buf out = {0};
    enum status st;
    TRY_OUT(credit_by_name(&credit, job->settings.train.credit));
    TRY_OUT(credit_assign(tree, &credit, NULL));
    st = tree_draw(&out, tree, token_text, job->tokenizer, 110, isatty(STDOUT_FILENO));
    if (st == OK)
        (void)fwrite(out.data, 1, out.len, stdout);
out:
    buf_free(&out);
    return st;
}

static enum status sample(struct job *job, const struct request *r)
{
    struct problem own = {0};
    const struct problem *problem = NULL;
    struct msg_task task = {0};
    struct tree tree = {0};
    enum status st;
    TRY_OUT(find_problem(job, r, &own, &problem));
    TRY_OUT(fill_task(job, problem, &task));
    TRY_OUT(expand_one(job, &task, &tree));
    st = draw(job, &tree);
out:
    mem_free(task.prompt);
    tree_free(&tree);
    return st;
}

enum status command_sample(int argc, char **argv)
{
    struct request r = {0};
    const struct option options[] = {{"--prompt", &r.prompt, NULL},
                                     {"--answer", &r.answer, NULL},
                                     {"--problem", &r.row, NULL}};
    struct args args;
    struct job job = {0};
    enum status st;
    TRY(args_parse(&args, argc, argv, options, 3));
    if (!args.first || !r.prompt == !r.row)
        return status_fail(ERR_INPUT, "usage: etreerpo sample CONFIG --prompt TEXT "
                                      "[--answer A] | --problem N  [key=value ...]");
    TRY_OUT(job_configure(&job, args.first, args.n_settings, args.settings));
    TRY_OUT(gpu_find(&job));
    if (r.row)
        job.settings.eval.problems = 0; // any problem of the set can be named
    TRY_OUT(par_start(job_threads(&job.settings, 1, 1), 50));
    TRY_OUT(job_load(&job, r.row ? JOB_TEST : JOB_NO_DATA));
    TRY_OUT(gpu_open_for(&job, GPU_SAMPLES, &(struct gpu_place){0, 1}));
    st = sample(&job, &r);
out:
    par_stop();
    job_free(&job);
    return st;
}

// etreerpo sample: one tree of a prompt, drawn in the terminal.
#include "base/mem.h"
#include "base/par.h"
#include "launch/args.h"
#include "launch/commands.h"
#include "launch/job.h"
#include "rollout/expand.h"
#include "tree/credit.h"
#include "tree/draw.h"

#include <stdio.h>
#include <unistd.h>

static const char *token_text(void *context, int32_t token, size_t *len)
{
    return tokenizer_piece(context, token, len);
}

static enum status fill_task(const struct job *job, const char *prompt,
                             const char *answer, struct msg_task *task)
{
    const struct settings *s = &job->settings;
    struct problem problem = {.question = (char *)prompt};
    struct buf text = {0};
    struct tokens ids = {0};
    *task = (struct msg_task){
        .rng_key = rng_root((uint64_t)s->run.seed, RNG_EVAL).k,
        .n_branch = (int32_t)s->rollout.branch.n,
        .child_count = (int32_t)s->rollout.branch.items[0],
        .step_tokens = (int32_t)s->rollout.step_tokens,
        .max_new_tokens = (int32_t)s->rollout.max_new_tokens,
        .temperature = (float)s->rollout.temperature,
        .answer = (char *)(answer ? answer : ""),
    };
    for (int32_t i = 0; i < task->n_branch; i++)
        task->branch[i] = (int32_t)s->rollout.branch.items[i];
    problem_prompt(&text, &problem);
    enum status st = text.status;
    if (st == OK)
        st = tokenizer_encode(job->tokenizer, buf_cstr(&text), text.len, &ids);
    task->prompt = ids.ids;
    task->n_prompt = ids.len;
    buf_free(&text);
    return st;
}

static enum status expand_one(const struct job *job, const struct msg_task *task,
                              struct tree *out)
{
    struct worker_config w = job_worker_config(job, 1);
    struct expander_config c = {w.max_rows, w.kv_pages, w.delimiters, w.n_delimiters};
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

enum status command_sample(int argc, char **argv)
{
    const char *prompt = NULL, *answer = NULL;
    const struct option options[] = {{"--prompt", &prompt, NULL},
                                     {"--answer", &answer, NULL}};
    struct args args;
    struct job job = {0};
    struct msg_task task = {0};
    struct tree tree = {0};
    enum status st;
    TRY(args_parse(&args, argc, argv, options, 2));
    if (!args.first || !prompt)
        return status_fail(ERR_INPUT, "usage: etreerpo sample CONFIG --prompt TEXT "
                                      "[--answer N] [key=value ...]");
    TRY_OUT(job_configure(&job, args.first, args.n_settings, args.settings));
    TRY_OUT(job_load(&job, JOB_NO_DATA));
    TRY_OUT(par_start(job_threads(&job.settings, 1, 1), 50));
    TRY_OUT(fill_task(&job, prompt, answer, &task));
    TRY_OUT(expand_one(&job, &task, &tree));
    TRY_OUT(draw(&job, &tree));
out:
    par_stop();
    mem_free(task.prompt);
    tree_free(&tree);
    job_free(&job);
    return st;
}

// etreerpo sample: trees of prompts, drawn in the terminal or as JSON.
#include "base/mem.h"
#include "base/par.h"
#include "launch/args.h"
#include "launch/commands.h"
#include "launch/gpu.h"
#include "launch/grading.h"
#include "launch/job.h"
#include "launch/sample_json.h"
#include "rollout/expand.h"
#include "tree/credit.h"
#include "tree/draw.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRAW_COLUMNS = 110 };

static const char *token_text(void *context, int32_t token, size_t *len)
{
    return tokenizer_piece(context, token, len);
}

// What the command line asks for: a text of the user's, or problems of data.test.
struct request {
    const char *prompt, *answer, *rows;
    int json;
    int show_prompt; // and nothing else
};

// The answer (to be freed) of the user's text, or, for a program of the user's, a row
// of the two texts.
static enum status own_answer(const struct job *job, const struct request *r,
                              struct problem *own)
{
    struct dataset one = {.problems = own, .n = 1};
    const char *answer = r->answer ? r->answer : "";
    own->verifier = VERIFIER_NUMBER;
    grading_use_verifier(&job->settings, &one);
    if (!grading_rules(&job->settings).by_program)
        return mem_strdup(&own->answer, answer);
    own->verifier = VERIFIER_PROGRAM;
    json_t *row = json_pack("{s:s, s:s}", "question", r->prompt, "answer", answer);
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
    json_decref(row);
    if (!text)
        return status_fail(ERR_INPUT, "--prompt or --answer is not UTF-8");
    enum status st = mem_strdup(&own->answer, text);
    free(text);
    return st;
}

// Digits and nothing else.
static int whole_number(const char **text, size_t *out)
{
    char *end = NULL;
    if (**text < '0' || **text > '9')
        return 0;
    *out = strtoul(*text, &end, 10);
    *text = end;
    return 1;
}

// --problem N, or A:B for those from A to B - 1.
static enum status find_rows(const char *text, size_t n, size_t *first, size_t *end)
{
    const char *at = text;
    int good = whole_number(&at, first);
    *end = *first + 1;
    if (good && *at == ':') {
        at++;
        good = whole_number(&at, end);
    }
    if (!good || *at || *first >= *end || *end > n)
        return status_fail(ERR_INPUT,
                           "--problem %.32s: N or A:B of data.test's problems 0 to %zu",
                           text, n - 1);
    return OK;
}

static enum status fill_task(const struct job *job, const struct problem *problem,
                             size_t row, struct msg_task *task)
{
    const struct settings *s = &job->settings;
    struct tokens ids = {0};
    *task = (struct msg_task){
        .prompt_id = row,
        .rng_key = rng_child(rng_root((uint64_t)s->run.seed, RNG_EVAL), row).k,
        .n_branch = (int32_t)s->rollout.branch.n,
        .child_count = (int32_t)s->rollout.branch.items[0],
        .step_tokens = (int32_t)s->rollout.step_tokens,
        .max_new_tokens = (int32_t)s->rollout.max_new_tokens,
        .temperature = (float)s->rollout.temperature,
        .verifier = (int32_t)problem->verifier,
        .answer = problem->answer,
        .prefill = s->prompt.prefill,
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
    struct expander_config c = {
        w.max_rows, w.kv_pages, w.delimiters, w.n_delimiters,
        w.stops,    w.n_stops,  w.judge,      w.reward.command ? &w.reward : NULL};
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

static enum status show(const struct job *job, struct tree *tree, int json)
{
    struct credit_config credit;
    struct buf out = {0};
    enum status st;
    TRY_OUT(credit_by_name(&credit, job->settings.train.credit));
    TRY_OUT(credit_assign(tree, &credit, NULL));
    if (json)
        st = sample_json(&out, tree, job->tokenizer);
    else
        st = tree_draw(&out, tree, token_text, job->tokenizer, DRAW_COLUMNS,
                       isatty(STDOUT_FILENO));
    if (st == OK)
        (void)fwrite(out.data, 1, out.len, stdout);
out:
    buf_free(&out);
    return st;
}

// The prompt's text as it is, and on a line of their own its ids.
static enum status show_prompt(const struct job *job, const struct problem *problem)
{
    struct buf text = {0};
    struct tokens ids = {0};
    enum status st;
    TRY_OUT(prompts_text(&job->prompts, problem, &text));
    TRY_OUT(prompts_ask(&job->prompts, problem, &ids));
    buf_printf(&text, "\n# %zu ids:", ids.len);
    for (size_t i = 0; i < ids.len; i++)
        buf_printf(&text, " %d", ids.ids[i]);
    buf_char(&text, '\n');
    TRY_OUT(text.status);
    (void)fwrite(text.data, 1, text.len, stdout);
out:
    buf_free(&text);
    tokens_free(&ids);
    return st;
}

// What the request wants to see of one problem.
static enum status sample(const struct job *job, const struct request *r,
                          const struct problem *problem, size_t row)
{
    struct msg_task task = {0};
    struct tree tree = {0};
    enum status st;
    if (r->show_prompt)
        return show_prompt(job, problem);
    TRY_OUT(fill_task(job, problem, row, &task));
    TRY_OUT(expand_one(job, &task, &tree));
    st = show(job, &tree, r->json);
out:
    mem_free(task.prompt);
    tree_free(&tree);
    return st;
}

static enum status sample_all(const struct job *job, const struct request *r)
{
    struct problem own = {0};
    size_t first = 0, end = 0;
    if (!r->rows) {
        own.question = (char *)r->prompt;
        own.solution = (char *)"";
        TRY(own_answer(job, r, &own));
        enum status st = sample(job, r, &own, 0);
        mem_free(own.answer);
        return st;
    }
    TRY(find_rows(r->rows, job->test.n, &first, &end));
    for (size_t row = first; row < end; row++)
        TRY(status_wrap(sample(job, r, &job->test.problems[row], row), "problem %zu",
                        row));
    return OK;
}

enum status command_sample(int argc, char **argv)
{
    struct request r = {0};
    const struct option options[] = {{"--prompt", &r.prompt, NULL},
                                     {"--answer", &r.answer, NULL},
                                     {"--problem", &r.rows, NULL},
                                     {"--json", NULL, &r.json},
                                     {"--show-prompt", NULL, &r.show_prompt}};
    struct args args;
    struct job job = {0};
    enum status st;
    TRY(args_parse(&args, argc, argv, options, 5));
    if (!args.first || !r.prompt == !r.rows)
        return status_fail(ERR_INPUT,
                           "usage: etreerpo sample CONFIG --prompt TEXT [--answer A] | "
                           "--problem N|A:B  [--json] [--show-prompt] [key=value ...]");
    TRY_OUT(job_configure(&job, args.first, args.n_settings, args.settings));
    if (!r.show_prompt)
        TRY_OUT(gpu_find(&job));
    if (r.rows)
        job.settings.eval.problems = 0; // any problem of the set can be named
    TRY_OUT(par_start(job_threads(&job.settings, 1, 1), 50));
    TRY_OUT(job_load(&job, (r.rows ? JOB_TEST : JOB_NO_DATA) |
                               (r.show_prompt ? JOB_NO_WEIGHTS : 0)));
    if (!r.show_prompt)
        TRY_OUT(gpu_open_for(&job, GPU_SAMPLES, &(struct gpu_place){0, 1}));
    st = sample_all(&job, &r);
out:
    par_stop();
    job_free(&job);
    return st;
}

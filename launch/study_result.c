#include "launch/study_result.h"

#include "base/file.h"
#include "base/share.h"

#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_JSON_BYTES = 1 << 30 };

const char *const study_number_names[STUDY_NUMBERS] = {
    "pass_at_1",      "pass_at_1_ci95",   "pass_at_1_before", "greedy",
    "steps",          "generated_tokens", "samples",          "rollout_flops",
    "train_flops",    "trained_tokens",   "unique_ratio",     "length",
    "step_accuracy",  "step_valid",       "cut_share",        "cutoff_bias",
    "false_cut_rate", "reused_tokens",    "reuse_ess",        "reuse_gap",
};

static enum status load(const char *path, json_t **out)
{
    struct buf text = {0};
    json_error_t error;
    enum status st = file_read(&text, path, MAX_JSON_BYTES);
    json_t *json = st == OK ? json_loadb(buf_cstr(&text), text.len, 0, &error) : NULL;
    if (st == OK && !json_is_object(json)) {
        json_decref(json);
        json = NULL;
        st = status_fail(ERR_INPUT, "%s: no JSON object", path);
    }
    buf_free(&text);
    *out = json;
    return st;
}

// 0 where it is absent.
static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

// ---- the run

struct sums {
    double n, rollout_before; // steps; the workers' operations at the step before
    double unique, cut, bias, reused_steps, ess, gap;
};

// The workers count from their own start: a resumed run's counts begin anew.
static double since(double before, double now)
{
    return now >= before ? now - before : now;
}

static void add_step(struct study_result *r, struct sums *s, const json_t *step)
{
    double *x = r->numbers, rollout = number(step, "rollout_flops_total");
    int reused = number(step, "reused_nodes") > 0.0;
    x[STUDY_TOKENS] += number(step, "generated_tokens");
    x[STUDY_SAMPLES] += number(step, "leaves");
    x[STUDY_TRAIN_FLOPS] += number(step, "flops");
    x[STUDY_ROLLOUT_FLOPS] += since(s->rollout_before, rollout);
    x[STUDY_TRAINED] += number(step, "trained_tokens");
    x[STUDY_REUSED] += number(step, "reused_tokens");
    x[STUDY_FALSE_CUT] = number(step, "false_cut_rate");
    s->rollout_before = rollout;
    s->n += 1.0;
    s->unique += number(step, "unique_ratio");
    s->cut += number(step, "cut_share");
    s->bias += number(step, "cutoff_bias");
    s->reused_steps += reused;
    s->ess += reused ? number(step, "reuse_ess") : 0.0;
    s->gap += reused ? number(step, "reuse_gap") : 0.0;
}

static enum status add_steps(struct study_result *r, char *text, const char *path)
{
    struct sums s = {0};
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (!line[0])
            continue;
        json_t *step = json_loads(line, 0, NULL);
        if (!step)
            return status_fail(ERR_INPUT, "%s: step %.0f is no JSON", path, s.n);
        add_step(r, &s, step);
        json_decref(step);
    }
    r->numbers[STUDY_STEPS] = s.n;
    r->numbers[STUDY_UNIQUE] = share(s.unique, s.n);
    r->numbers[STUDY_CUT] = share(s.cut, s.n);
    r->numbers[STUDY_CUT_BIAS] = share(s.bias, s.n);
    r->numbers[STUDY_REUSE_ESS] = share(s.ess, s.reused_steps);
    r->numbers[STUDY_REUSE_GAP] = share(s.gap, s.reused_steps);
    return OK;
}

static enum status gather_run(struct study_result *r, const char *folder)
{
    struct buf text = {0};
    char path[PATH_MAX];
    enum status st;
    (void)snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    TRY_OUT(file_read(&text, path, MAX_JSON_BYTES));
    if (text.len > 0)
        TRY_OUT(add_steps(r, (char *)text.data, path));
out:
    buf_free(&text);
    return st;
}

// ---- the evaluations

static enum status gather_scores(struct study_result *r, const char *folder,
                                 const char *task_folder)
{
    char path[PATH_MAX];
    json_t *after = NULL, *before = NULL;
    double *x = r->numbers;
    (void)snprintf(path, sizeof path, "%s/before.json", task_folder);
    TRY(load(path, &before));
    x[STUDY_BEFORE] = number(before, "pass_at_1");
    json_decref(before);
    (void)snprintf(path, sizeof path, "%s/eval.json", folder);
    TRY(load(path, &after));
    x[STUDY_PASS] = number(after, "pass_at_1");
    x[STUDY_PASS_CI] = number(after, "pass_at_1_ci95");
    x[STUDY_GREEDY] = number(after, "greedy");
    x[STUDY_LENGTH] = number(after, "length");
    x[STUDY_STEP_ACC] = number(after, "step_accuracy");
    x[STUDY_STEP_VALID] = number(after, "step_valid");
    json_decref(after);
    return OK;
}

enum status study_result_gather(struct study_result *out, const char *folder,
                                const char *task_folder)
{
    *out = (struct study_result){0};
    TRY(gather_run(out, folder));
    return gather_scores(out, folder, task_folder);
}

enum status study_result_write(const struct study_result *r, const struct grid *g,
                               const struct grid_cell *cell, const char *path)
{
    struct buf out = {0};
    buf_printf(&out,
               "{\"study\": \"%s\", \"task\": \"%s\", \"arm\": \"%s\", \"seed\": %ld",
               g->study, cell->task->name, cell->arm->name, cell->seed);
    for (int i = 0; i < STUDY_NUMBERS; i++)
        buf_printf(&out, ", \"%s\": %.10g", study_number_names[i], r->numbers[i]);
    buf_str(&out, "}\n");
    enum status st = out.status;
    if (st == OK)
        st = file_write(path, out.data, out.len);
    buf_free(&out);
    return st;
}

enum status study_result_read(struct study_result *out, const char *path)
{
    json_t *json = NULL;
    TRY(load(path, &json));
    for (int i = 0; i < STUDY_NUMBERS; i++)
        out->numbers[i] = number(json, study_number_names[i]);
    json_decref(json);
    return OK;
}

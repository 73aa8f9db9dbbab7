#include "runs.h"

#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1 << 30 };

static const struct {
    enum run_series first;
    int n; // names are printf formats where there are several
    const char *name;
    int base; // of the first number
} named[] = {
    {RUN_PASS, 1, "pass_at_1", 0},
    {RUN_TOKENS, 1, "generated_tokens", 0},
    {RUN_FLOPS, 1, "flops", 0},
    {RUN_LENGTH, 1, "length", 0},
    {RUN_ENTROPY, 1, "entropy", 0},
    {RUN_CUT_BIAS, 1, "cutoff_bias", 0},
    {RUN_FALSE_CUT, 1, "false_cut_rate", 0},
    {RUN_CUT_SHARE, 1, "cut_share", 0},
    {RUN_REUSE_ESS, 1, "reuse_ess", 0},
    {RUN_REUSED, 1, "reused_nodes", 0},
    {RUN_SIGMA2, RUN_DEPTHS, "sigma2_%d", 1},
    {RUN_STEP_TOKENS, RUN_DEPTHS, "step_tokens_%d", 1},
    {RUN_RATE, RUN_DEPTHS, "branch_rate_%d", 0},
};

static void run_free(struct run *r)
{
    mem_free(r->folder);
    mem_free(r->study);
    mem_free(r->task);
    mem_free(r->arm);
    for (int i = 0; i < RUN_SERIES; i++)
        mem_free(r->series[i]);
    *r = (struct run){0};
}

void runs_free(struct runs *r)
{
    for (size_t i = 0; i < r->n; i++)
        run_free(&r->items[i]);
    mem_free(r->items);
    buf_free(&r->variance);
    *r = (struct runs){0};
}

static void read_step(struct run *r, size_t at, const json_t *step)
{
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        for (int k = 0; k < named[i].n; k++) {
            char name[40];
            (void)snprintf(name, sizeof name, "%s", named[i].name);
            char *number = strstr(name, "%d");
            if (number)
                (void)snprintf(number, 4, "%d", named[i].base + k);
            r->series[(int)named[i].first + k][at] =
                json_number_value(json_object_get(step, name));
        }
}

// Tokens and operations become sums; the workers' operations, counted from their own
// start, are added.
static void add_up(struct run *r, const double *rollout)
{
    double tokens = 0.0, flops = 0.0, before = 0.0;
    for (size_t i = 0; i < r->n; i++) {
        flops += rollout[i] >= before ? rollout[i] - before : rollout[i];
        before = rollout[i];
        flops += r->series[RUN_FLOPS][i];
        tokens += r->series[RUN_TOKENS][i];
        r->series[RUN_FLOPS][i] = flops;
        r->series[RUN_TOKENS][i] = tokens;
    }
}

static size_t count_lines(const struct buf *text)
{
    size_t n = 0;
    for (size_t i = 0; i < text->len; i++)
        n += text->data[i] == '\n';
    return n + 1; // the last may have no end
}

static enum status read_steps(struct run *r, struct buf *text, const char *path)
{
    size_t lines = count_lines(text);
    double *rollout = NULL;
    char *rest = (char *)text->data;
    enum status st;
    TRY_OUT(mem_new(&rollout, lines, sizeof *rollout));
    for (int i = 0; i < RUN_SERIES; i++)
        TRY_OUT(mem_new(&r->series[i], lines, sizeof **r->series));
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (!line[0])
            continue;
        json_t *step = json_loads(line, 0, NULL);
        if (!step) { // being written: what is whole counts
            if (rest && *rest)
                st = status_fail(ERR_INPUT, "%s: line %zu is no JSON", path, r->n + 1);
            break;
        }
        read_step(r, r->n, step);
        rollout[r->n++] =
            json_number_value(json_object_get(step, "rollout_flops_total"));
        json_decref(step);
    }
    add_up(r, rollout);
out:
    mem_free(rollout);
    return st;
}

static json_t *object_in(const char *folder, const char *name)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    json_t *json = file_exists(path) ? json_load_file(path, 0, NULL) : NULL;
    if (json && !json_is_object(json)) {
        json_decref(json);
        json = NULL;
    }
    return json;
}

static const char *text_of(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : otherwise;
}

static enum status identify(struct run *r, const char *folder)
{
    const char *slash = strrchr(folder, '/');
    json_t *cell = object_in(folder, "cell.json"),
           *eval = object_in(folder, "eval.json");
    enum status st;
    r->seed = (long)json_integer_value(json_object_get(cell, "seed"));
    r->after = eval ? json_number_value(json_object_get(eval, "pass_at_1")) : -1.0;
    TRY_OUT(mem_strdup(&r->folder, folder));
    TRY_OUT(mem_strdup(&r->study, text_of(cell, "study", "")));
    TRY_OUT(mem_strdup(&r->task, text_of(cell, "task", "run")));
    TRY_OUT(mem_strdup(&r->arm,
                       text_of(cell, "arm", slash && slash[1] ? slash + 1 : folder)));
out:
    json_decref(cell);
    json_decref(eval);
    return st;
}

static enum status add_run(struct runs *runs, const char *folder, const char *metrics)
{
    struct run r = {0};
    struct buf text = {0};
    enum status st;
    TRY_OUT(file_read(&text, metrics, MAX_BYTES));
    if (text.len == 0)
        goto out; // a run whose first step has not ended
    TRY_OUT(identify(&r, folder));
    TRY_OUT(read_steps(&r, &text, metrics));
    TRY_OUT(mem_grow(&runs->items, &runs->capacity, runs->n, runs->n + 1,
                     sizeof *runs->items));
    runs->items[runs->n++] = r;
    r = (struct run){0};
out:
    run_free(&r);
    buf_free(&text);
    return st;
}

static enum status add_cells(struct runs *r, const char *folder)
{
    char cells[PATH_MAX - 300];
    enum status st = OK;
    (void)snprintf(cells, sizeof cells, "%s/cells", folder);
    DIR *d = opendir(cells);
    if (!d)
        return OK;
    for (struct dirent *entry; st == OK && (entry = readdir(d));) {
        char cell[PATH_MAX - 32], metrics[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(cell, sizeof cell, "%s/%s", cells, entry->d_name);
        (void)snprintf(metrics, sizeof metrics, "%s/metrics.jsonl", cell);
        if (file_exists(metrics))
            st = add_run(r, cell, metrics);
    }
    (void)closedir(d);
    return st;
}

enum status runs_add(struct runs *r, const char *folder)
{
    char metrics[PATH_MAX], variance[PATH_MAX];
    size_t before = r->n, text = r->variance.len;
    (void)snprintf(metrics, sizeof metrics, "%s/metrics.jsonl", folder);
    (void)snprintf(variance, sizeof variance, "%s/variance.json", folder);
    if (file_exists(variance) && text == 0)
        TRY(file_read(&r->variance, variance, MAX_BYTES));
    if (file_exists(metrics))
        TRY(add_run(r, folder, metrics));
    TRY(add_cells(r, folder));
    if (r->n == before && r->variance.len == text)
        return status_fail(ERR_INPUT,
                           "%s: no run (metrics.jsonl), no study (cells/) and no "
                           "variance.json",
                           folder);
    return OK;
}

static int by_arm(const void *a, const void *b)
{
    const struct run *x = a, *y = b;
    int order = strcmp(x->study, y->study);
    order = order ? order : strcmp(x->task, y->task);
    order = order ? order : strcmp(x->arm, y->arm);
    return order ? order : (x->seed > y->seed) - (x->seed < y->seed);
}

void runs_sort(struct runs *r)
{
    if (r->n > 0)
        qsort(r->items, r->n, sizeof *r->items, by_arm);
}

size_t runs_same_task(const struct runs *r, size_t first)
{
    const struct run *a = &r->items[first];
    size_t n = 1;
    while (first + n < r->n && strcmp(a->task, a[n].task) == 0 &&
           strcmp(a->study, a[n].study) == 0)
        n++;
    return n;
}

size_t runs_same_arm(const struct runs *r, size_t first)
{
    const struct run *a = &r->items[first];
    size_t n = 1, task = runs_same_task(r, first);
    while (n < task && strcmp(a->arm, a[n].arm) == 0)
        n++;
    return n;
}

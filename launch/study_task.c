#include "launch/study_task.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "launch/self.h"
#include "launch/settings.h"
#include "launch/signals.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 3600000 };

void study_task_settings(struct words *out, const struct grid *g,
                         const struct grid_task *task, const char *dir)
{
    if (task->data[0]) {
        words_add(out, "data.train=%s/tasks/%s/data/train.jsonl", dir, task->name);
        words_add(out, "data.test=%s/tasks/%s/data/test.jsonl", dir, task->name);
        words_add(out, "data.tokenizer=%s/tasks/%s/data", dir, task->name);
    }
    if (task->warm[0])
        words_add(out, "model.path=%s/tasks/%s/model", dir, task->name);
    words_split(out, g->settings);
    words_split(out, task->settings);
}

enum status study_write_config(const struct words *settings, const char *path)
{
    struct settings s = {0};
    struct buf yaml = {0};
    enum status st;
    TRY_OUT(settings->status);
    TRY_OUT(settings_load(&s, NULL, (int)settings->n, settings->items));
    TRY_OUT(settings_print(&s, &yaml));
    TRY_OUT(file_write(path, yaml.data, yaml.len));
out:
    settings_free(&s);
    buf_free(&yaml);
    return st;
}

// What one task's preparation works on.
struct task_work {
    const struct grid *grid;
    const struct grid_task *task;
    const struct study_place *place;
    char folder[PATH_MAX - 64], log[PATH_MAX], config[PATH_MAX];
};

static enum status make_data(const struct task_work *w)
{
    struct words args = {0};
    char to[PATH_MAX], aside[PATH_MAX];
    enum status st = OK;
    (void)snprintf(to, sizeof to, "%s/data", w->folder);
    (void)snprintf(aside, sizeof aside, "%s/data.tmp", w->folder);
    if (!w->task->data[0] || file_exists(to))
        return OK;
    words_add(&args, "data");
    words_split(&args, w->task->data);
    words_add(&args, "--out");
    words_add(&args, "%s", aside);
    TRY_OUT(self_run(&args, w->log));
    TRY_OUT(file_rename(aside, to));
out:
    words_free(&args);
    return st;
}

// The warm start writes the task's model/ only at its end.
static enum status make_policy(const struct task_work *w)
{
    struct words args = {0};
    enum status st = OK;
    if (!w->task->warm[0])
        return OK;
    log_info("%s: warm start", w->task->name);
    words_add(&args, "sft");
    words_add(&args, "%s", w->config);
    words_add(&args, "run.dir=%s", w->folder);
    words_add(&args, "model.path=");
    words_split(&args, w->task->warm);
    st = self_run(&args, w->log);
    words_free(&args);
    return st;
}

static enum status measure_before(const struct task_work *w)
{
    struct words args = {0};
    words_add(&args, "eval");
    words_add(&args, "%s", w->config);
    words_add(&args, "--json");
    words_add(&args, "%s/before.json", w->folder);
    enum status st = self_run(&args, w->log);
    words_free(&args);
    return st;
}

static enum status prepare(const struct task_work *w, const char *ready)
{
    struct words settings = {0};
    enum status st;
    study_task_settings(&settings, w->grid, w->task, w->place->dir);
    for (int i = 0; i < w->place->n_extra; i++)
        words_add(&settings, "%s", w->place->extra[i]);
    TRY_OUT(study_write_config(&settings, w->config));
    TRY_OUT(make_data(w));
    TRY_OUT(make_policy(w));
    if (!signals_asked())
        TRY_OUT(measure_before(w));
    if (!signals_asked())
        TRY_OUT(file_write(ready, "ready\n", 6));
out:
    words_free(&settings);
    return status_wrap(st, "task %s", w->task->name);
}

enum status study_task_prepare(const struct grid *g, const struct grid_task *task,
                               const struct study_place *place)
{
    struct task_work w = {.grid = g, .task = task, .place = place};
    char ready[PATH_MAX], lock[PATH_MAX];
    int fd = -1;
    int n = snprintf(w.folder, sizeof w.folder, "%s/tasks/%s", place->dir, task->name);
    if (n < 0 || (size_t)n >= sizeof w.folder)
        return status_fail(ERR_INPUT, "%s: path too long", place->dir);
    (void)snprintf(w.log, sizeof w.log, "%s/log", w.folder);
    (void)snprintf(w.config, sizeof w.config, "%s/task.yaml", w.folder);
    (void)snprintf(ready, sizeof ready, "%s/ready", w.folder);
    (void)snprintf(lock, sizeof lock, "%s/lock", w.folder);
    if (file_exists(ready))
        return OK;
    TRY(file_make_dirs(w.folder));
    TRY(status_wrap(file_lock(lock, LOCK_WAIT_MS, signals_asked, &fd), "task %s",
                    task->name));
    enum status st = file_exists(ready) ? OK : prepare(&w, ready);
    (void)close(fd);
    return st;
}

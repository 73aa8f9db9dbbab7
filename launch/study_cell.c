#include "launch/study_cell.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "launch/commands.h"
#include "launch/self.h"
#include "launch/signals.h"
#include "launch/study_result.h"
#include "launch/study_task.h"

#include <limits.h>
#include <stdio.h>

enum { CONFIG_WAIT_MS = 3600000, CONFIG_POLL_US = 200000 };

enum status study_cell_folder(char *out, const char *dir, const struct grid_cell *cell)
{
    int n = snprintf(out, PATH_MAX - 64, "%s/cells/%s-%s-s%ld", dir, cell->task->name,
                     cell->arm->name, cell->seed);
    return n < 0 || n >= PATH_MAX - 64
               ? status_fail(ERR_INPUT, "%s: path too long", dir)
               : OK;
}

int study_cell_done(const char *dir, const struct grid_cell *cell)
{
    char folder[PATH_MAX], path[PATH_MAX + 16];
    if (study_cell_folder(folder, dir, cell) != OK)
        return 0;
    (void)snprintf(path, sizeof path, "%s/result.json", folder);
    return file_exists(path);
}

static enum status write_identity(const struct grid *g, const struct grid_cell *cell,
                                  const char *folder)
{
    struct buf out = {0};
    char path[PATH_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/cell.json", folder);
    buf_printf(&out,
               "{\"study\": \"%s\", \"task\": \"%s\", \"arm\": \"%s\", \"seed\": %ld, "
               "\"index\": %zu}\n",
               g->study, cell->task->name, cell->arm->name, cell->seed, cell->index);
    enum status st =
        out.status == OK ? file_write(path, out.data, out.len) : out.status;
    buf_free(&out);
    return st;
}

// Folder, identity and settings of the run.
static enum status lay_out(const struct grid *g, const struct grid_cell *cell,
                           const struct study_place *place, const char *folder,
                           const char *config)
{
    struct words settings = {0};
    enum status st;
    TRY(study_task_prepare(g, cell->task, place));
    if (signals_asked())
        return OK;
    words_add(&settings, "run.dir=%s", folder);
    words_add(&settings, "run.seed=%ld", cell->seed);
    study_task_settings(&settings, g, cell->task, place->dir);
    words_split(&settings, cell->arm->settings);
    for (int i = 0; i < place->n_extra; i++)
        words_add(&settings, "%s", place->extra[i]);
    TRY_OUT(file_make_dirs(folder));
    TRY_OUT(write_identity(g, cell, folder));
    st = status_wrap(study_write_config(&settings, config), "task %s, arm %s",
                     cell->task->name, cell->arm->name);
out:
    words_free(&settings);
    return st;
}

static enum status wait_for(const char *path)
{
    int64_t until = clock_ms() + CONFIG_WAIT_MS;
    while (!file_exists(path) && !signals_asked()) {
        if (clock_ms() > until)
            return status_fail(ERR_TIMEOUT, "%s: rank 0 has not written it", path);
        clock_sleep_us(CONFIG_POLL_US);
    }
    return OK;
}

static enum status measure_after(const struct grid *g, const struct grid_cell *cell,
                                 const struct study_place *place, const char *folder,
                                 const char *config)
{
    struct words args = {0};
    struct study_result result;
    char path[PATH_MAX + 16], task_folder[PATH_MAX];
    enum status st;
    words_add(&args, "eval");
    words_add(&args, "%s", config);
    words_add(&args, "model.path=%s/model", folder);
    words_add(&args, "run.seed=1"); // one draw of samples for all cells
    words_add(&args, "--json");
    words_add(&args, "%s/eval.json", folder);
    (void)snprintf(path, sizeof path, "%s/log", folder);
    TRY_OUT(self_run(&args, path));
    if (signals_asked())
        goto out;
    (void)snprintf(task_folder, sizeof task_folder, "%s/tasks/%s", place->dir,
                   cell->task->name);
    TRY_OUT(study_result_gather(&result, folder, task_folder));
    (void)snprintf(path, sizeof path, "%s/result.json", folder);
    TRY_OUT(study_result_write(&result, g, cell, path));
    log_info("%s %s seed %ld: Pass@1 %.3f, before %.3f, %.3f Mtokens", cell->task->name,
             cell->arm->name, cell->seed, result.numbers[STUDY_PASS],
             result.numbers[STUDY_BEFORE], result.numbers[STUDY_TOKENS] / 1e6);
out:
    words_free(&args);
    return st;
}

enum status study_cell_run(const struct grid *g, const struct grid_cell *cell,
                           const struct study_place *place)
{
    char folder[PATH_MAX], config[PATH_MAX + 16];
    TRY(study_cell_folder(folder, place->dir, cell));
    (void)snprintf(config, sizeof config, "%s/cell.yaml", folder);
    if (study_cell_done(place->dir, cell))
        return OK;
    TRY(place->rank == 0 ? lay_out(g, cell, place, folder, config) : wait_for(config));
    if (signals_asked()) { // before the run began
        signals_obey();
        return OK;
    }
    char *arguments[] = {config};
    TRY(command_train(1, arguments));
    if (place->rank != 0 || signals_obeyed())
        return OK;
    TRY(measure_after(g, cell, place, folder, config));
    if (signals_asked())
        signals_obey();
    return OK;
}

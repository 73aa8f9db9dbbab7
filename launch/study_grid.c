#include "launch/study_grid.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "launch/self.h"
#include "launch/signals.h"
#include "launch/study_cell.h"
#include "launch/study_result.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_JOBS = 64, POLL_US = 50000 };

// Of mpirun; without it 0 of 1.
struct share {
    long rank, ranks;
};

static long number_of(const char *variable, long otherwise)
{
    const char *text = getenv(variable);
    return text ? strtol(text, NULL, 10) : otherwise;
}

static struct share my_share(void)
{
    struct share s = {number_of("OMPI_COMM_WORLD_RANK", 0),
                      number_of("OMPI_COMM_WORLD_SIZE", 1)};
    return s.ranks < 1 || s.rank < 0 || s.rank >= s.ranks ? (struct share){0, 1} : s;
}

static enum status print_table(const struct grid *g, const char *dir)
{
    struct buf out = {0};
    enum status st = study_table(g, dir, &out);
    if (st == OK)
        (void)fwrite(out.data, 1, out.len, stdout);
    buf_free(&out);
    return st;
}

// ---- one cell

static enum status run_one(const struct grid *g, const struct study_run *run)
{
    if (run->cell < 0 || (size_t)run->cell >= grid_cells(g))
        return status_fail(ERR_INPUT, "--cell %ld: %s has the cells 0 to %zu",
                           run->cell, run->name, grid_cells(g) - 1);
    const struct grid_cell cell = grid_cell_at(g, (size_t)run->cell);
    const struct study_place place = {run->dir, run->settings, run->n_settings,
                                      (int)my_share().rank};
    signals_catch();
    return status_wrap(study_cell_run(g, &cell, &place), "cell %ld", run->cell);
}

// ---- all of them

struct job {
    struct self_process child;
    struct words args;
    struct grid_cell cell;
    char log[PATH_MAX + 16];
};

struct jobs {
    const struct grid *grid;
    const struct study_run *run;
    long n, threads; // at once; of each
    size_t failed, ended;
    struct job all[MAX_JOBS];
};

static enum status start_job(struct jobs *j, struct job *slot,
                             const struct grid_cell *cell)
{
    char folder[PATH_MAX];
    slot->cell = *cell;
    slot->args = (struct words){0};
    TRY(study_cell_folder(folder, j->run->dir, cell));
    TRY(file_make_dirs(folder));
    (void)snprintf(slot->log, sizeof slot->log, "%s/log", folder);
    words_add(&slot->args, "study");
    words_add(&slot->args, "%s", j->run->name);
    words_add(&slot->args, "--out");
    words_add(&slot->args, "%s", j->run->dir);
    words_add(&slot->args, "--cell");
    words_add(&slot->args, "%zu", cell->index);
    words_add(&slot->args, "run.threads=%ld", j->threads);
    for (int i = 0; i < j->run->n_settings; i++)
        words_add(&slot->args, "%s", j->run->settings[i]);
    TRY(slot->args.status);
    log_info("cell %zu of %zu: %s %s seed %ld", cell->index, grid_cells(j->grid),
             cell->task->name, cell->arm->name, cell->seed);
    return self_start(&slot->child, &slot->args, slot->log);
}

static void end_job(struct jobs *j, struct job *slot)
{
    if (self_verdict(&slot->child, &slot->args, slot->log) != OK) {
        log_error("cell %zu: %s", slot->cell.index, status_message());
        j->failed++;
    }
    words_free(&slot->args);
}

// Waits for a free slot; NULL: a stop was asked for.
static struct job *free_slot(struct jobs *j)
{
    for (;;) {
        for (long i = 0; i < j->n; i++) {
            struct job *slot = &j->all[i];
            if (slot->args.n > 0 && self_ended(&slot->child))
                end_job(j, slot);
            if (slot->args.n == 0)
                return signals_asked() ? NULL : slot;
        }
        clock_sleep_us(POLL_US);
    }
}

static void wait_for_all(struct jobs *j)
{
    for (long i = 0; i < j->n; i++) {
        struct job *slot = &j->all[i];
        if (slot->args.n == 0)
            continue;
        while (!self_ended(&slot->child))
            clock_sleep_us(POLL_US);
        end_job(j, slot);
    }
}

static enum status run_all(const struct grid *g, const struct study_run *run)
{
    const struct share share = my_share();
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct jobs j = {.grid = g, .run = run};
    j.n = share.ranks > 1 ? 1 : run->jobs > 0 ? run->jobs : cores;
    j.n = j.n > MAX_JOBS ? MAX_JOBS : j.n;
    j.threads = share.ranks > 1 || cores <= j.n ? 1 : cores / j.n;
    signals_catch();
    for (size_t i = (size_t)share.rank; i < grid_cells(g); i += (size_t)share.ranks) {
        const struct grid_cell cell = grid_cell_at(g, i);
        if (study_cell_done(run->dir, &cell))
            continue;
        struct job *slot = free_slot(&j);
        if (!slot)
            break;
        if (start_job(&j, slot, &cell) != OK) {
            log_error("cell %zu: %s", i, status_message());
            words_free(&slot->args);
            j.failed++;
        }
    }
    wait_for_all(&j);
    if (signals_asked())
        signals_obey();
    if (share.rank == 0)
        TRY(print_table(g, run->dir));
    return j.failed ? status_fail(ERR_IO, "%zu cells failed", j.failed) : OK;
}

enum status study_grid_run(const struct study_run *run)
{
    struct grid g = {0};
    TRY(grid_load(&g, run->name));
    enum status st = run->table       ? print_table(&g, run->dir)
                     : run->cell >= 0 ? run_one(&g, run)
                                      : run_all(&g, run);
    grid_free(&g);
    return st;
}

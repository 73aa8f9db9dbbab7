#include "launch/record.h"

#include "archive/archive.h"
#include "archive/checkpoint.h"
#include "archive/metrics_log.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "launch/progress.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    MAX_WORKERS = 4096,
    LOCK_WAIT_MS = 10000, // a killed run lets go at once, a stopped one soon
};

struct record {
    struct job *job; // borrowed
    struct archive *archive;
    struct metrics_log *log;
    struct buf config;
    struct worker_clock *workers; // (MAX_WORKERS)
    struct progress progress;
    int lock; // of the folder; -1: none
    char archive_dir[PATH_MAX];
};

// Weights, two moments and the archive's share, for the checkpoints that may be there
// at once (one more than is kept).
static uint64_t bytes_needed(const struct job *job)
{
    uint64_t parameters = model_param_count(&job->model);
    uint64_t copies = 3 * (uint64_t)(job->settings.run.keep_checkpoints + 1) + 1;
    return parameters * sizeof(float) * copies + (16 << 20);
}

static enum status run_path(char *out, const struct job *job, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", job->settings.run.dir, name);
    if (n < 0 || n >= PATH_MAX)
        return status_fail(ERR_INPUT, "run.dir: path too long");
    return OK;
}

static enum status prepare_folder(struct record *r, uint64_t first)
{
    const char *dir = r->job->settings.run.dir;
    char path[PATH_MAX];
    TRY(file_make_dirs(dir));
    TRY(run_path(path, r->job, "lock"));
    TRY(status_wrap(file_lock(path, LOCK_WAIT_MS, NULL, &r->lock),
                    "another run is here"));
    TRY(file_check_room(dir, bytes_needed(r->job)));
    TRY(run_path(r->archive_dir, r->job, "archive"));
    TRY(file_make_dirs(r->archive_dir));
    TRY(archive_resume(r->archive_dir, first));
    TRY(settings_print(&r->job->settings, &r->config));
    TRY(run_path(path, r->job, "config.yaml"));
    TRY(file_write(path, r->config.data, r->config.len));
    TRY(run_path(path, r->job, "metrics.jsonl"));
    return metrics_log_open(&r->log, path, first);
}

enum status record_open(struct record **out, struct job *job, uint64_t first)
{
    struct record *r = NULL;
    enum status st;
    TRY(mem_new(&r, 1, sizeof *r));
    r->job = job;
    r->lock = -1;
    TRY_OUT(mem_new(&r->workers, MAX_WORKERS, sizeof *r->workers));
    TRY_OUT(prepare_folder(r, first));
    progress_begin(&r->progress, "train", first, (uint64_t)job->settings.train.steps);
    *out = r;
    return OK;
out:
    record_free(r);
    return status_wrap(st, "run folder");
}

void record_free(struct record *r)
{
    if (!r)
        return;
    archive_free(r->archive);
    metrics_log_free(r->log);
    if (r->lock >= 0)
        (void)close(r->lock);
    buf_free(&r->config);
    mem_free(r->workers);
    mem_free(r);
}

static enum status replay_path(char *out, const char *folder)
{
    int n = snprintf(out, PATH_MAX, "%s/replay.h5", folder);
    return n < 0 || n >= PATH_MAX ? status_fail(ERR_INPUT, "%s: path too long", folder)
                                  : OK;
}

// ---- a step

static enum status append_archive(struct record *r, const struct step_record *step,
                                  const struct step_metrics *m)
{
    const char *names[STEP_METRICS_MAX];
    double values[STEP_METRICS_MAX];
    size_t n_trees = r->job->settings.run.archive_trees ? step->n_trees : 0;
    for (int i = 0; i < m->n; i++) {
        names[i] = m->items[i].name;
        values[i] = m->items[i].value;
    }
    if (!r->archive)
        TRY(archive_open(&r->archive, r->archive_dir, step->step,
                         buf_cstr(&r->config)));
    return archive_append(r->archive, step->step, names, values, (size_t)m->n,
                          step->trees, n_trees);
}

static enum status append_log(struct record *r, const struct step_record *step,
                              const struct step_metrics *m)
{
    struct metrics_field fields[STEP_METRICS_MAX + 2];
    char batch[20], weights[20];
    int n = 0;
    (void)snprintf(batch, sizeof batch, "%016llx",
                   (unsigned long long)step->batch_hash);
    (void)snprintf(weights, sizeof weights, "%016llx",
                   (unsigned long long)step->weights_hash);
    for (; n < m->n; n++)
        fields[n] = (struct metrics_field){m->items[n].name, m->items[n].value, NULL};
    fields[n++] = (struct metrics_field){"batch_hash", 0.0, batch};
    fields[n++] = (struct metrics_field){"weights_hash", 0.0, weights};
    return metrics_log_append(r->log, step->step, fields, n);
}

// A segment's steps may differ in their metrics only if a worker joins: then a new one
// would begin; so the workers' shares stay out of the archive.
static void for_archive(const struct step_metrics *all, struct step_metrics *out)
{
    out->n = 0;
    for (int i = 0; i < all->n; i++)
        if (strncmp(all->items[i].name, "worker_", 7) != 0)
            out->items[out->n++] = all->items[i];
}

// What a checkpoint holds of the learner, whose memory is numbers alone.
static struct checkpoint_state checkpoint_of(const struct job *job, struct learner *l)
{
    const struct trainer_state *state = trainer_state(learner_trainer(l));
    struct learner_memory *memory = learner_memory(l);
    return (struct checkpoint_state){
        .updates = state->updates,
        .m = state->m,
        .v = state->v,
        .n = job->model.layout.total,
        .memory = (double *)memory,
        .n_memory = sizeof *memory / sizeof(double),
    };
}

// The replay store, where there is one: its entries, oldest first.
static enum status save_replay(const struct job *job, struct learner *learner,
                               const char *folder)
{
    const struct replay *store = learner_replay(learner);
    struct tree **entries = NULL;
    char path[PATH_MAX];
    enum status st;
    if (strcmp(job->settings.reuse.weights, "off") == 0)
        return OK;
    TRY(replay_path(path, folder));
    TRY_OUT(mem_new(&entries, store->n, sizeof *entries));
    for (size_t i = 0; i < store->n; i++)
        entries[i] = &store->entries[i];
    TRY_OUT(archive_write_trees(path, entries, store->n));
out:
    mem_free(entries);
    return st;
}

static enum status save_checkpoint(struct record *r, uint64_t done,
                                   struct learner *learner)
{
    const struct settings *s = &r->job->settings;
    struct checkpoint_state c = checkpoint_of(r->job, learner);
    c.step = done;
    char path[PATH_MAX];
    TRY(metrics_log_sync(r->log));
    struct archive *sealed = r->archive;
    r->archive = NULL;
    if (sealed)
        TRY(archive_seal(sealed));
    TRY(checkpoint_begin(s->run.dir, done, path));
    TRY(job_save_model(r->job, path));
    c.weights_hash = hash_bytes(HASH_START, r->job->model.params,
                                model_param_count(&r->job->model) * sizeof(float));
    TRY(trainer_fetch(learner_trainer(learner)));
    TRY(checkpoint_write_state(path, &c));
    TRY(save_replay(r->job, learner, path));
    return checkpoint_commit(s->run.dir, done, s->run.keep_checkpoints);
}

static void show(struct record *r, const struct step_record *step,
                 const struct step_metrics *m)
{
    char text[160];
    (void)snprintf(text, sizeof text,
                   "Pass@1 %.3f  length %.0f  signal %.0f/%.0f  entropy %.3f  "
                   "rollout %.2f s  train %.2f s",
                   step_metrics_get(m, "pass_at_1"), step_metrics_get(m, "length"),
                   step_metrics_get(m, "signal_prompts"), (double)step->n_trees,
                   step_metrics_get(m, "entropy"), step->rollout_s, step->train_s);
    progress_step(&r->progress, step->step + 1, text);
}

static int checkpoint_due(const struct record *r, const struct step_record *step,
                          const struct learner *learner)
{
    uint64_t every = (uint64_t)r->job->settings.run.checkpoint_every;
    return (step->step + 1) % every == 0 || learner_last_step(learner, step);
}

// Around save_checkpoint: what failed, and where.
static enum status checkpoint_after(struct record *r, const struct step_record *step,
                                    struct learner *learner)
{
    uint64_t done = step->step + 1;
    return status_wrap(save_checkpoint(r, done, learner), "checkpoint after step %llu",
                       (unsigned long long)done);
}

enum status record_step(struct record *r, const struct step_record *step,
                        struct learner *learner)
{
    struct step_metrics all, archived;
    step_metrics_fill(&all, step, learner_dispatch(learner), r->workers, MAX_WORKERS);
    for_archive(&all, &archived);
    TRY(append_archive(r, step, &archived));
    TRY(append_log(r, step, &all));
    show(r, step, &all);
    if (step->cutoff_rule.cut > 0.0F && step->cutoff_memory.ended != 0.0)
        log_warn("step %llu: cutoff ends: of the flagged steps that went on, %.3f came "
                 "right (cutoff.most_false %g)",
                 (unsigned long long)step->step + 1,
                 cutoff_false_rate(&step->cutoff_memory.seen),
                 r->job->settings.cutoff.most_false);
    if (!checkpoint_due(r, step, learner))
        return OK;
    return checkpoint_after(r, step, learner);
}

enum status record_stop(struct record *r, const struct step_record *step,
                        struct learner *learner)
{
    progress_end(&r->progress);
    if (checkpoint_due(r, step, learner))
        return OK;
    return checkpoint_after(r, step, learner);
}

enum status record_finish(struct record *r)
{
    char path[PATH_MAX];
    progress_end(&r->progress);
    TRY(run_path(path, r->job, "model"));
    TRY(file_make_dirs(path));
    TRY(job_save_model(r->job, path));
    TRY(run_path(path, r->job, "DONE"));
    return file_write(path, "done\n", 5);
}

// ---- resuming

enum status record_first_step(const struct job *job, uint64_t *step)
{
    char path[PATH_MAX];
    int found = 0;
    *step = 0;
    TRY(checkpoint_latest(job->settings.run.dir, step, path, &found));
    if (!found)
        *step = 0;
    return OK;
}

// The checkpoint's parameters, into the model that is there (whose buffers others
// hold).
static enum status restore_model(struct job *job, const char *path, uint64_t hash)
{
    size_t bytes = job->model.layout.total * sizeof *job->model.params;
    TRY(model_reload(&job->model, path));
    if (hash_bytes(HASH_START, job->model.params, bytes) != hash)
        return status_fail(ERR_INPUT,
                           "%s: the weights are not those of its optimizer.h5", path);
    return model_repack(&job->model);
}

static enum status restore_replay(const struct job *job, struct learner *learner,
                                  const char *folder)
{
    struct tree *entries = NULL;
    char path[PATH_MAX];
    size_t n = 0;
    enum status st = OK;
    if (strcmp(job->settings.reuse.weights, "off") == 0)
        return OK;
    TRY(replay_path(path, folder));
    if (!file_exists(path)) { // reuse was off when it was written
        log_warn("%s: absent, the replay store begins empty", path);
        return OK;
    }
    TRY(archive_read_trees(path, &entries, &n));
    for (size_t i = 0; i < n; i++) {
        if (st == OK)
            st = status_wrap(tree_check(&entries[i], job->model.config.vocab), "%s",
                             path);
        if (st == OK)
            st = replay_add(learner_replay(learner), &entries[i]);
        tree_free(&entries[i]); // nothing, where it was taken over
    }
    mem_free(entries);
    return st;
}

enum status record_restore(struct job *job, struct learner *learner, uint64_t *step)
{
    struct checkpoint_state c = checkpoint_of(job, learner);
    char path[PATH_MAX];
    int found = 0;
    TRY(checkpoint_latest(job->settings.run.dir, step, path, &found));
    if (!found)
        return OK;
    TRY(checkpoint_read_state(path, &c));
    TRY(restore_model(job, path, c.weights_hash));
    TRY(restore_replay(job, learner, path));
    TRY(trainer_restore(learner_trainer(learner)));
    trainer_state(learner_trainer(learner))->updates = c.updates;
    log_info("resuming after step %llu from %s", (unsigned long long)*step, path);
    return OK;
}

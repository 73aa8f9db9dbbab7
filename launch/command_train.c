// etreerpo train: the main job.  Rank 0 learns, the others sample.
#include "base/clock.h"
#include "base/log.h"
#include "launch/args.h"
#include "launch/cluster.h"
#include "launch/commands.h"
#include "launch/footprint.h"
#include "launch/gpu.h"
#include "launch/job.h"
#include "launch/plan_run.h"
#include "launch/prompt_date.h"
#include "launch/record.h"
#include "launch/signals.h"

// ---- the learner as a core, with its record

struct train_seat {
    struct learner *learner;
    struct record *record;
    uint64_t steps; // of the run
};

// The request has come: no step begins any more.
static void stop_early(struct train_seat *seat)
{
    learner_stop(seat->learner);
    signals_obey();
}

static enum status seat_start(void *core, int64_t now_ms, struct outbox *out)
{
    struct train_seat *seat = core;
    TRY(learner_start(seat->learner, now_ms, out));
    if (!signals_asked())
        return OK;
    stop_early(seat);
    log_info("stopped on request before a step began");
    return OK;
}

static enum status seat_receive(void *core, int rank, const uint8_t *bytes, size_t len,
                                int64_t now_ms, struct outbox *out)
{
    struct train_seat *seat = core;
    return learner_receive(seat->learner, rank, bytes, len, now_ms, out);
}

static enum status seat_tick(void *core, int64_t now_ms, struct outbox *out)
{
    struct train_seat *seat = core;
    return learner_tick(seat->learner, now_ms, out);
}

static enum status seat_work(void *core, int64_t now_ms, struct outbox *out,
                             int *worked)
{
    struct train_seat *seat = core;
    struct step_record step;
    int got = 0;
    TRY(learner_work(seat->learner, now_ms, out, worked));
    TRY(learner_take_record(seat->learner, &step, &got));
    if (!got)
        return OK;
    *worked = 1;
    TRY(record_step(seat->record, &step, seat->learner));
    if (!signals_asked() || learner_last_step(seat->learner, &step))
        return OK;
    TRY(record_stop(seat->record, &step, seat->learner));
    stop_early(seat);
    log_info("stopped on request after step %llu of %llu, checkpoint written: the same "
             "command goes on from there",
             (unsigned long long)step.step + 1, (unsigned long long)seat->steps);
    return OK;
}

static int seat_done(const void *core)
{
    const struct train_seat *seat = core;
    return learner_done(seat->learner);
}

static const struct core_ops train_core = {seat_start, seat_receive, seat_tick,
                                           seat_work, seat_done};

// ---- the command

// The memory of the largest pack is taken before anything is sampled.
static enum status reserve(const struct job *job, struct trainer_config *c)
{
    struct footprint_pack pack;
    if (gpu_wanted(&job->settings)) // whose arena is sized already
        return OK;
    TRY(footprint_pack(job, FOOTPRINT_TRAIN, &pack));
    c->most_rows = pack.rows;
    c->longest_path = pack.longest;
    return OK;
}

static enum status lead(struct cluster *cluster, struct job *job)
{
    struct train_seat seat = {.steps = (uint64_t)job->settings.train.steps};
    struct job_prompts prompts = {job, &job->train, (uint64_t)job->settings.run.seed,
                                  1};
    struct learner_config config;
    uint64_t first = 0;
    enum status st;
    TRY_OUT(job_learner_config(job, cluster->size, &config));
    config.plan.prompts = job_prompt_source(&prompts);
    config.group = cluster->link.groups[0];
    TRY_OUT(reserve(job, &config.trainer));
    TRY_OUT(record_first_step(job, &first));
    // The trainer keeps the starting policy for the KL before a checkpoint replaces it.
    TRY_OUT(learner_new(&seat.learner, &config, &job->model, first, clock_ms()));
    TRY_OUT(record_restore(job, seat.learner, &first));
    TRY_OUT(record_open(&seat.record, job, first));
    TRY_OUT(cluster_lead(cluster, job, &seat, &train_core, 0));
    if (!signals_obeyed())
        st = record_finish(seat.record);
out:
    record_free(seat.record);
    learner_free(seat.learner);
    return st;
}

enum status command_train(int argc, char **argv)
{
    int dry_run = 0;
    const struct option options[] = {{"--dry-run", NULL, &dry_run}};
    struct args args;
    struct job job = {0};
    struct cluster cluster = {0};
    enum status st;
    TRY(args_parse(&args, argc, argv, options, 1));
    if (!args.first)
        return status_fail(ERR_INPUT, "usage: etreerpo train CONFIG [key=value ...]");
    TRY_OUT(job_configure(&job, args.first, args.n_settings, args.settings));
    TRY_OUT(prompt_date_settle(&job.settings, job.settings.run.dir));
    if (dry_run) {
        TRY_OUT(cluster_open_alone(&cluster, &job.settings)); // as many threads
        TRY_OUT(job_load(&job, JOB_TRAIN));
        st = plan_run_print(&job, FOOTPRINT_TRAIN);
        goto out;
    }
    TRY_OUT(gpu_find(&job));
    signals_catch();
    TRY_OUT(cluster_open(&cluster, &job.settings));
    if (!cluster_is_learner(&cluster))
        signals_ignore();
    TRY_OUT(job_load(&job, cluster_is_learner(&cluster) ? JOB_TRAIN : JOB_WORKER));
    TRY_OUT(cluster_agree_on_end(&cluster, &job));
    TRY_OUT(cluster_open_gpu(&cluster, &job, GPU_LEARNS | GPU_RECEIVES));
    TRY_OUT(weights_link_open(&cluster.link, &cluster, &job));
    st = cluster_is_learner(&cluster) ? lead(&cluster, &job)
                                      : cluster_work(&cluster, &job);
    log_info("peak memory %.0f MB", footprint_peak() / 1e6);
out:
    cluster_close(&cluster, st == OK);
    job_free(&job);
    return st;
}

// etreerpo sft: a warm start from worked solutions, in one process.
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "launch/args.h"
#include "launch/commands.h"
#include "launch/evaluation.h"
#include "launch/gpu.h"
#include "launch/plan_run.h"
#include "launch/progress.h"
#include "learner/trainer.h"

#include <limits.h>
#include <stdio.h>

struct sft {
    struct job *job;
    struct cluster *cluster;
    struct trainer *trainer;
    struct tree *batch;  // (settings.sft.batch)
    struct tree **views; // to each of them
    double began_s, evaluated_s;
};

// Prompt and solution as a root and one child, which ends in the end-of-text token.
static enum status make_example(const struct job *job, const struct problem *p,
                                struct tree *out)
{
    struct tokens ask = {0}, tell = {0};
    float *zeros = NULL;
    int32_t child = 0;
    enum status st;
    TRY_OUT(prompts_ask(&job->prompts, p, &ask));
    TRY_OUT(prompts_tell(&job->prompts, p, &tell));
    TRY_OUT(tokens_push(&tell, job->model.config.eos));
    TRY_OUT(mem_new(&zeros, tell.len, sizeof *zeros));
    if (ask.len + tell.len > (size_t)job->model.config.max_positions) {
        st = status_fail(ERR_INPUT,
                         "a solution of %zu tokens with its question: more "
                         "than model.max_positions %d",
                         ask.len + tell.len, job->model.config.max_positions);
        goto out;
    }
    TRY_OUT(tree_init(out, 0, ask.ids, ask.len));
    out->nodes[0].branching = 1;
    st = tree_add(out, 0, 0, NODE_EOS, tell.ids, zeros, zeros, tell.len, &child);
out:
    tokens_free(&ask);
    tokens_free(&tell);
    mem_free(zeros);
    return st;
}

static enum status one_update(struct sft *s, int64_t update, struct batch_stats *stats)
{
    const struct settings *set = &s->job->settings;
    uint64_t n = s->job->train.n, batch = (uint64_t)set->sft.batch;
    enum status st = OK;
    TRY(trainer_begin(s->trainer));
    for (uint64_t i = 0; i < batch; i++) {
        uint64_t at = (uint64_t)update * batch + i;
        uint64_t id = dataset_shuffled((uint64_t)set->run.seed, at / n, n, at % n);
        TRY_OUT(make_example(s->job, &s->job->train.problems[id], &s->batch[i]));
        s->views[i] = &s->batch[i];
    }
    for (size_t first = 0; first < batch;) {
        size_t take = trainer_pack_size(s->trainer, s->views + first, batch - first, 1);
        TRY_OUT(
            trainer_accumulate_supervised(s->trainer, s->views + first, take, stats));
        first += take;
    }
    st = trainer_update(s->trainer, stats, NULL);
out:
    for (uint64_t i = 0; i < batch; i++)
        tree_free(&s->batch[i]);
    return st;
}

// Sampled Pass@1 on the test set.
static enum status check(struct sft *s, double *pass)
{
    const struct settings *set = &s->job->settings;
    double start = clock_seconds();
    size_t n = s->job->test.n < (size_t)set->sft.eval_problems
                   ? s->job->test.n
                   : (size_t)set->sft.eval_problems;
    const struct evaluation e = {&s->job->test, n, 1, 1.0, (uint64_t)set->run.seed};
    struct score score = {0};
    TRY(model_fetch(&s->job->model));
    TRY(evaluation_run(s->cluster, s->job, &e, &score));
    *pass = score_pass_at(&score, 1).mean;
    score_free(&score);
    s->evaluated_s += clock_seconds() - start;
    return OK;
}

static enum status train_all(struct sft *s)
{
    const struct settings *set = &s->job->settings;
    struct progress progress;
    double pass = 0.0, tokens = 0.0;
    progress_begin(&progress, "sft", 0, (uint64_t)set->sft.steps);
    for (int64_t update = 0; update < set->sft.steps; update++) {
        struct batch_stats stats = {0};
        TRY(one_update(s, update, &stats));
        tokens += (double)stats.unique_tokens;
        double took = clock_seconds() - s->began_s - s->evaluated_s;
        int64_t every = set->sft.eval_every;
        int due = every > 0 && (update + 1) % every == 0;
        if (due)
            TRY(check(s, &pass));
        if (due || (update + 1) % 20 == 0) {
            char text[128];
            (void)snprintf(text, sizeof text, "loss %.4f  Pass@1 %.3f  %.0f tokens/s",
                           stats.loss, pass, tokens / took);
            progress_step(&progress, (uint64_t)update + 1, text);
        }
        if ((due && pass >= set->sft.stop_at) || took > (double)set->sft.max_seconds)
            break;
    }
    progress_end(&progress);
    return OK;
}

static enum status trainer_for(struct sft *s)
{
    const struct settings *set = &s->job->settings;
    struct footprint_pack pack = {0};
    if (!gpu_wanted(set)) // whose arena is sized already
        TRY(footprint_pack(s->job, FOOTPRINT_SFT, &pack));
    const struct trainer_config c = {
        .lr = (float)set->sft.lr,
        .beta1 = 0.9f,
        .beta2 = (float)set->sft.beta2,
        .epsilon = 1e-8f,
        .weight_decay = (float)set->sft.weight_decay,
        .warmup_steps = set->sft.warmup,
        .max_grad_norm = 1.0f,
        .temperature = 1.0f,
        .pack_tokens = (int32_t)set->train.pack_tokens,
        .common_root = settings_common_root(set),
        .most_rows = pack.rows,
        .longest_path = pack.longest,
    };
    TRY(mem_new(&s->batch, (size_t)set->sft.batch, sizeof *s->batch));
    TRY(mem_new(&s->views, (size_t)set->sft.batch, sizeof *s->views));
    return trainer_new(&s->trainer, &c, &s->job->model);
}

static enum status save(struct job *job)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/model", job->settings.run.dir);
    TRY(file_make_dirs(path));
    TRY(job_save_model(job, path));
    log_info("%s: the warm policy", path);
    return OK;
}

enum status command_sft(int argc, char **argv)
{
    int dry_run = 0;
    const struct option options[] = {{"--dry-run", NULL, &dry_run}};
    struct args args;
    struct job job = {0};
    struct cluster cluster = {0};
    struct sft s = {.job = &job, .cluster = &cluster};
    enum status st;
    TRY(args_parse(&args, argc, argv, options, 1));
    if (!args.first)
        return status_fail(ERR_INPUT, "usage: etreerpo sft CONFIG [--dry-run] "
                                      "[key=value ...]");
    TRY_OUT(job_configure(&job, args.first, args.n_settings, args.settings));
    int data = JOB_TRAIN | JOB_REPLIES |
               (job.settings.sft.eval_every > 0 ? JOB_TEST : JOB_NO_DATA);
    if (!dry_run)
        TRY_OUT(gpu_find(&job));
    TRY_OUT(cluster_open_alone(&cluster, &job.settings)); // threads load faster
    TRY_OUT(job_load(&job, data));
    if (dry_run) {
        st = plan_run_print(&job, FOOTPRINT_SFT);
        goto out;
    }
    TRY_OUT(cluster_open_gpu(&cluster, &job, GPU_LEARNS | GPU_IMITATES));
    TRY_OUT(file_make_dirs(job.settings.run.dir));
    TRY_OUT(file_check_room(job.settings.run.dir, 4 * model_param_count(&job.model)));
    TRY_OUT(trainer_for(&s));
    s.began_s = clock_seconds();
    TRY_OUT(train_all(&s));
    st = save(&job);
    log_info("peak memory %.0f MB", footprint_peak() / 1e6);
out:
    trainer_free(s.trainer);
    mem_free(s.batch);
    mem_free(s.views);
    cluster_close(&cluster, st == OK);
    job_free(&job);
    return st;
}

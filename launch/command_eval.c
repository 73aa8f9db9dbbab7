// etreerpo eval: sampled and greedy scores on held-out problems, on any number of
// ranks.
#include "base/file.h"
#include "base/log.h"
#include "launch/args.h"
#include "launch/commands.h"
#include "launch/evaluation.h"
#include "launch/gpu.h"
#include "launch/plan_run.h"

#include <stdio.h>

static enum status write_json(const char *path, const struct score *sampled,
                              const struct score *greedy)
{
    struct buf out = {0};
    struct metrics_mean g = score_pass_at(greedy, 1);
    score_json(sampled, &out);
    if (out.status == OK && out.len > 0)
        out.len--; // the closing brace: two more fields
    buf_printf(&out, ", \"greedy\": %.6f, \"greedy_ci95\": %.6f}\n", g.mean, g.ci95);
    enum status st = out.status;
    if (st == OK)
        st = file_write(path, out.data, out.len);
    buf_free(&out);
    return st;
}

static enum status report(const struct score *sampled, const struct score *greedy,
                          const char *json)
{
    struct buf out = {0};
    score_print(sampled, "sampled", &out);
    score_print(greedy, "greedy", &out);
    enum status st = out.status;
    if (st == OK)
        (void)fwrite(out.data, 1, out.len, stdout);
    buf_free(&out);
    return st == OK && json ? write_json(json, sampled, greedy) : st;
}

// Greedy chains first and sampled ones second, in one cluster.
static enum status lead(struct cluster *cluster, struct job *job, const char *json)
{
    const struct settings *s = &job->settings;
    struct evaluation e = {&job->test, job->test.n, s->eval.samples,
                           s->eval.temperature, (uint64_t)s->run.seed};
    struct score sampled = {0}, greedy = {0};
    enum status st;
    TRY_OUT(evaluation_run(cluster, job, &e, &sampled));
    e.samples = 1;
    e.temperature = 0.0;
    TRY_OUT(evaluation_run(cluster, job, &e, &greedy));
    st = report(&sampled, &greedy, json);
out:
    score_free(&sampled);
    score_free(&greedy);
    return st;
}

// Under mpirun rank 0 computes nothing with the policy.
static int data_of(const struct cluster *c)
{
    if (!cluster_is_learner(c))
        return JOB_WORKER;
    return c->network ? JOB_TEST : JOB_TEST | JOB_NO_PANELS;
}

enum status command_eval(int argc, char **argv)
{
    const char *json = NULL;
    int dry_run = 0;
    const struct option options[] = {{"--json", &json, NULL},
                                     {"--dry-run", NULL, &dry_run}};
    struct args args;
    struct job job = {0};
    struct cluster cluster = {0};
    enum status st;
    TRY(args_parse(&args, argc, argv, options, 2));
    if (!args.first)
        return status_fail(ERR_INPUT, "usage: etreerpo eval CONFIG [--json FILE] "
                                      "[--dry-run] [key=value ...]");
    TRY_OUT(job_configure(&job, args.first, args.n_settings, args.settings));
    if (dry_run) {
        TRY_OUT(cluster_open_alone(&cluster, &job.settings)); // as many threads
        TRY_OUT(job_load(&job, JOB_TEST));
        st = plan_run_print(&job, FOOTPRINT_EVAL);
        goto out;
    }
    TRY_OUT(gpu_find(&job));
    TRY_OUT(cluster_open(&cluster, &job.settings));
    TRY_OUT(job_load(&job, data_of(&cluster)));
    TRY_OUT(cluster_agree_on_end(&cluster, &job));
    TRY_OUT(cluster_open_gpu(&cluster, &job, 0));
    // A worker serves both evaluations: it is told to stop after each, and starts anew.
    if (cluster_is_learner(&cluster)) {
        st = lead(&cluster, &job, json);
    } else {
        st = cluster_work(&cluster, &job);
        if (st == OK)
            st = cluster_work(&cluster, &job);
    }
    log_info("peak memory %.0f MB", footprint_peak() / 1e6);
out:
    cluster_close(&cluster, st == OK);
    job_free(&job);
    return st;
}

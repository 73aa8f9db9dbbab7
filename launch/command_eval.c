// etreerpo eval: sampled and greedy scores on held-out problems, on any number of
// ranks.
#include "base/file.h"
#include "launch/args.h"
#include "launch/commands.h"
#include "launch/evaluation.h"
#include "launch/gpu.h"

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
static enum status lead(struct cluster *cluster, const struct job *job,
                        const char *json)
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

enum status command_eval(int argc, char **argv)
{
    const char *json = NULL;
    const struct option options[] = {{"--json", &json, NULL}};
    struct args args;
    struct job job = {0};
    struct cluster cluster = {0};
    enum status st;
    TRY(args_parse(&args, argc, argv, options, 1));
    if (!args.first)
        return status_fail(ERR_INPUT, "usage: etreerpo eval CONFIG [--json FILE] "
                                      "[key=value ...]");
    TRY_OUT(job_configure(&job, args.first, args.n_settings, args.settings));
    TRY_OUT(gpu_find(&job));
    TRY_OUT(cluster_open(&cluster, &job.settings));
    TRY_OUT(job_load(&job, cluster_is_learner(&cluster) ? JOB_TEST : JOB_WORKER));
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
out:
    cluster_close(&cluster, st == OK);
    job_free(&job);
    return st;
}

#include "launch/plan_run.h"

#include "launch/footprint.h"

#include <stdio.h>

static double mb(double bytes)
{
    return bytes / 1e6;
}

static void print_memory(const struct job *job)
{
    struct footprint f;
    footprint_of(job, &f);
    (void)printf(
        "# memory in MB: program, data and policy %.0f, trainer %.0f, published "
        "copy %.0f, activations %.0f;\n"
        "#   a worker's policy %.0f, incoming weights %.0f, keys and values %.0f, "
        "decoding %.0f\n",
        mb(f.base), mb(f.trainer), mb(f.published), mb(f.activations), mb(f.policy),
        mb(f.incoming), mb(f.cache), mb(f.decoding));
    (void)printf("# peak memory           %.0f MB alone; of ranks: learner %.0f MB, "
                 "worker %.0f MB\n",
                 mb(footprint_alone(&f)), mb(footprint_learner(&f)),
                 mb(footprint_worker(&f)));
    if (f.largest_tree > f.activations)
        (void)printf("#   a tree in which nothing ends early would need %.0f MB of "
                     "activations\n",
                     mb(f.largest_tree));
}

enum status plan_run_print(const struct job *job)
{
    const struct settings *s = &job->settings;
    struct learner_config learner;
    struct buf config = {0};
    TRY(job_learner_config(job, 2, &learner)); // settings that contradict each other
    enum status st = settings_print(s, &config);
    if (st == OK)
        (void)printf("%s\n", buf_cstr(&config));
    buf_free(&config);
    double weights = (double)model_param_count(&job->model) * sizeof(float);
    double slices = weights / ((double)s->comm.slice_mb * 1048576.0);
    double leaves = 1.0;
    for (int64_t i = 0; i < s->rollout.branch.n; i++)
        leaves *= (double)s->rollout.branch.items[i];
    (void)printf("# parameters            %zu\n", model_param_count(&job->model));
    (void)printf("# training problems     %zu\n", job->train.n);
    (void)printf("# leaves a step         %.0f at most\n",
                 leaves * (double)s->train.prompts);
    print_memory(job);
    (void)printf("# one checkpoint        %.1f MB\n", mb(3.0 * weights));
    (void)printf("# weights to a worker   %.1f MB in %.0f messages\n", mb(weights),
                 slices < 1.0 ? 1.0 : slices);
    return st;
}

#include "launch/plan_run.h"

#include "launch/footprint.h"
#include "launch/gpu.h"

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
}

// What a GPU holds, as a rank's and as that of one process which is both.
static enum status print_gpu(const struct job *job)
{
    static const struct {
        const char *who;
        int roles;
    } parts[] = {{"learner", GPU_LEARNS},
                 {"worker", GPU_SAMPLES | GPU_RECEIVES},
                 {"alone", GPU_LEARNS | GPU_SAMPLES | GPU_RECEIVES}};
    int open = job->settings.rollout.kv_mb == 0;
    (void)printf("# of a GPU, in MB (pinned host memory):");
    for (int i = 0; i < 3; i++) {
        size_t device = 0, host = 0;
        TRY(gpu_measure(job, parts[i].roles, &device, &host));
        (void)printf(" %s %.0f (%.0f)%s", parts[i].who, mb((double)device),
                     mb((double)host), i < 2 ? "," : "\n");
    }
    if (open)
        (void)printf("#   before keys and values, which take %.0f %% of what is free\n",
                     100.0 * job->settings.gpu.memory_share);
    return OK;
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
    if (gpu_wanted(s))
        TRY(print_gpu(job));
    else
        print_memory(job);
    (void)printf("# one checkpoint        %.1f MB\n", mb(3.0 * weights));
    (void)printf("# weights to a worker   %.1f MB in %.0f messages\n", mb(weights),
                 slices < 1.0 ? 1.0 : slices);
    return st;
}

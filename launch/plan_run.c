#include "launch/plan_run.h"

#include "launch/gpu.h"

#include <stdio.h>

static double mb(double bytes)
{
    return bytes / 1e6;
}

static enum status print_memory(const struct job *job, enum footprint_command command)
{
    struct footprint f;
    TRY(footprint_of(job, command, &f));
    (void)printf("# memory in MB: program %.0f, data %.0f, policy %.0f (its parameters "
                 "%.0f), gradient and moments %.0f,\n"
                 "#   reference policy %.0f, activations %.0f, keys and values %.0f, "
                 "decoding %.0f, messages %.0f, trees %.0f\n",
                 mb(f.program), mb(f.data), mb(f.policy), mb(f.weights), mb(f.trainer),
                 mb(f.reference), mb(f.activations), mb(f.cache), mb(f.decoding),
                 mb(f.messages), mb(f.trees));
    (void)printf("# peak memory           %.0f MB alone", mb(footprint_alone(&f)));
    if (command != FOOTPRINT_SFT)
        (void)printf("; of ranks: learner %.0f MB, worker %.0f MB",
                     mb(footprint_learner(&f)), mb(footprint_worker(&f)));
    (void)printf("\n");
    return OK;
}

// What a GPU holds in the roles that a command has; under mpirun learner and worker
// have one each.
static enum status print_gpu(const struct job *job, enum footprint_command command)
{
    static const struct {
        const char *who;
        int roles;
    } parts[][3] = {
        [FOOTPRINT_TRAIN] = {{"learner", GPU_LEARNS},
                             {"worker", GPU_SAMPLES | GPU_RECEIVES},
                             {"alone", GPU_LEARNS | GPU_SAMPLES | GPU_RECEIVES}},
        [FOOTPRINT_EVAL] = {{"worker", GPU_SAMPLES}, {"alone", GPU_SAMPLES}},
        [FOOTPRINT_SFT] = {{"alone", GPU_LEARNS | GPU_IMITATES | GPU_SAMPLES}},
    };
    const char *between = "";
    (void)printf("# of a GPU, in MB (pinned host memory):");
    for (int i = 0; i < 3 && parts[command][i].who; i++) {
        size_t device = 0, host = 0;
        TRY(gpu_measure(job, parts[command][i].roles, &device, &host));
        (void)printf("%s %s %.0f (%.0f)", between, parts[command][i].who,
                     mb((double)device), mb((double)host));
        between = ",";
    }
    (void)printf("\n");
    if (job->settings.rollout.kv_mb == 0)
        (void)printf("#   before keys and values, which take %.0f %% of what is free\n",
                     100.0 * job->settings.gpu.memory_share);
    return OK;
}

static enum status print_training(const struct job *job)
{
    const struct settings *s = &job->settings;
    struct learner_config learner;
    struct buf config = {0};
    TRY(job_learner_config(job, 2, &learner)); // settings that contradict each other
    enum status st = settings_print(s, &config);
    if (st == OK)
        (void)printf("%s\n", buf_cstr(&config));
    buf_free(&config);
    double leaves = (double)s->train.prompts;
    for (int64_t i = 0; i < s->rollout.branch.n; i++)
        leaves *= (double)s->rollout.branch.items[i];
    (void)printf("# leaves a step         %.0f at most\n", leaves);
    return st;
}

enum status plan_run_print(const struct job *job, enum footprint_command command)
{
    int eval = command == FOOTPRINT_EVAL;
    double weights = (double)model_param_count(&job->model) * sizeof(float);
    double slices = weights / ((double)job->settings.comm.slice_mb * 1048576.0);
    if (command == FOOTPRINT_TRAIN)
        TRY(print_training(job));
    (void)printf("# parameters            %zu\n", model_param_count(&job->model));
    (void)printf("# %s problems     %zu\n", eval ? "held-out" : "training",
                 eval ? job->test.n : job->train.n);
    TRY(gpu_wanted(&job->settings) ? print_gpu(job, command)
                                   : print_memory(job, command));
    if (command == FOOTPRINT_TRAIN)
        (void)printf("# one checkpoint        %.1f MB\n", mb(3.0 * weights));
    if (command != FOOTPRINT_SFT)
        (void)printf("# weights to a worker   %.1f MB in %.0f messages\n", mb(weights),
                     slices < 1.0 ? 1.0 : slices);
    return OK;
}

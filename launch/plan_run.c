#include "launch/plan_run.h"

#include "model/decode.h"
#include "tensor/ops.h"

#include <stdio.h>

static double mb(double bytes)
{
    return bytes / 1e6;
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
    (void)printf(
        "# learner: weights, panels, gradient, moments, published copy %.1f MB%s\n",
        mb(6.0 * weights), s->train.kl_coef > 0 ? ", reference twice more" : "");
    (void)printf(
        "# worker: weights, panels, second buffer %.1f MB, keys and values %.1f MB\n",
        mb(3.0 * weights), (double)s->rollout.kv_mb * 1.048576);
    (void)printf("# one checkpoint        %.1f MB\n", mb(3.0 * weights));
    (void)printf("# weights to a worker   %.1f MB in %.0f messages\n", mb(weights),
                 slices < 1.0 ? 1.0 : slices);
    return st;
}

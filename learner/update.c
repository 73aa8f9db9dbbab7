// The step from a batch's gradient to new parameters.
#include "trainer_state.h"

#include "tensor/ops.h"

#include <math.h>

static float learning_rate(const struct trainer_config *c, int64_t update)
{
    if (update >= c->warmup_steps)
        return c->lr;
    return c->lr * (float)update / (float)c->warmup_steps;
}

enum status trainer_update(struct trainer *t, struct batch_stats *stats,
                           const struct training_watch *watch)
{
    const struct trainer_config *c = &t->config;
    if (t->normaliser <= 0.0) { // no signal in the whole batch
        t->model->version++;
        return watch ? watch->ready(watch->context, model_outgoing(t->model).bytes)
                     : OK;
    }
    double norm = 0.0;
    TRY(training_norm(t->training, &norm));
    norm = sqrt(norm) / t->normaliser;
    if (!isfinite(norm))
        return status_fail(ERR_INTERNAL, "the gradient is not finite at update %lld",
                           (long long)t->state.updates + 1);
    double scale = 1.0 / t->normaliser;
    if (c->max_grad_norm > 0.0f && norm > (double)c->max_grad_norm)
        scale *= (double)c->max_grad_norm / norm;
    t->state.updates++;
    const struct adamw a = {
        .lr = learning_rate(c, t->state.updates),
        .beta1 = c->beta1,
        .beta2 = c->beta2,
        .epsilon = c->epsilon,
        .weight_decay = c->weight_decay,
        .grad_scale = (float)scale,
        .step = t->state.updates,
    };
    TRY(training_update(t->training, &a, watch));
    t->model->version++;
    stats->grad_norm = norm;
    stats->loss /= t->normaliser;
    return OK;
}

#include "training.h"

#include "activations.h"
#include "device.h"
#include "layout.h"

#include "base/mem.h"
#include "base/pages.h"

#include <string.h>

struct training {
    struct model *model;    // borrowed
    struct model reference; // zeroed unless wanted, or on a device
    // Of the policy, or of the reference, whose forward pass over a pack comes before
    // the policy's: never of both.
    struct activations *activations;
    float *grad; // (layout.total); NULL on a device
    struct training_moments moments;
    float *coef; // of the pack at hand
    size_t coef_capacity;
};

static const struct accelerator *device_of(const struct training *t)
{
    return t->model->accelerator;
}

static enum status keep_reference(struct training *t)
{
    const struct accelerator *a = device_of(t);
    if (a)
        return a->ops->set_weights(a->device, DEVICE_REFERENCE, t->model->params);
    TRY(model_new(&t->reference, &t->model->config));
    memcpy(t->reference.params, t->model->params,
           t->model->layout.total * sizeof *t->model->params);
    return model_repack(&t->reference);
}

static enum status make_gradient(struct training *t)
{
    size_t n = t->model->layout.total;
    if (device_of(t))
        return OK;
    TRY(pages_new(&t->grad, n));
    pages_touch(t->grad, n);
    pages_touch(t->moments.m, n);
    pages_touch(t->moments.v, n);
    return activations_new(&t->activations, t->model);
}

enum status training_new(struct training **out, struct model *m, int reference)
{
    struct training *t = NULL;
    size_t n = m->layout.total;
    enum status st;
    TRY(mem_new(&t, 1, sizeof *t));
    t->model = m;
    TRY_OUT(pages_new(&t->moments.m, n));
    TRY_OUT(pages_new(&t->moments.v, n));
    TRY_OUT(make_gradient(t));
    if (reference)
        TRY_OUT(keep_reference(t));
    *out = t;
    return OK;
out:
    training_free(t);
    return st;
}

enum status training_prepare(struct training *t, const struct pack *counts)
{
    return t->activations ? activations_prepare(t->activations, t->model, counts) : OK;
}

void training_free(struct training *t)
{
    if (!t)
        return;
    size_t n = t->model->layout.total;
    activations_free(t->activations);
    model_free(&t->reference);
    pages_free(t->moments.m, n);
    pages_free(t->moments.v, n);
    pages_free(t->grad, n);
    mem_free(t->coef);
    mem_free(t);
}

enum status training_clear(struct training *t)
{
    const struct accelerator *a = device_of(t);
    if (a)
        return a->ops->clear(a->device);
    memset(t->grad, 0, t->model->layout.total * sizeof *t->grad);
    return OK;
}

enum status training_log_probs(struct training *t, enum training_policy which,
                               const struct pack *p, float inv_temperature,
                               float *log_prob, float *entropy)
{
    const struct accelerator *a = device_of(t);
    int trained = which == POLICY_TRAINED;
    if (a)
        return a->ops->log_probs(a->device, trained ? DEVICE_LEARNER : DEVICE_REFERENCE,
                                 p, inv_temperature, log_prob, entropy);
    return model_forward(trained ? t->model : &t->reference, t->activations, p,
                         inv_temperature, log_prob, entropy);
}

// The loss's derivative by each log-prob.
static void fill_coef(float *coef, const struct pack_loss *loss, const float *log_prob,
                      int32_t n)
{
    for (int32_t j = 0; j < n; j++) {
        const struct loss_token token = {
            .weight = loss->weight[j],
            .advantage = loss->advantage[j],
            .log_prob = log_prob[j],
            .behaviour = loss->behaviour[j],
            .reference = loss->reference ? loss->reference[j] : 0.0f,
        };
        coef[j] = loss_of_token(&loss->rule, &token).d_log_prob;
    }
}

enum status training_add(struct training *t, const struct pack *p,
                         const struct pack_loss *loss, float inv_temperature,
                         float *log_prob)
{
    const struct accelerator *a = device_of(t);
    const float *coef = loss->coef;
    if (a)
        return a->ops->train(a->device, p, loss, inv_temperature, log_prob);
    TRY(model_forward(t->model, t->activations, p, inv_temperature, log_prob, NULL));
    if (!coef) {
        TRY(mem_grow(&t->coef, &t->coef_capacity, 0, (size_t)p->n_outputs,
                     sizeof *t->coef));
        fill_coef(t->coef, loss, log_prob, p->n_outputs);
        coef = t->coef;
    }
    return model_backward(t->model, t->activations, p, inv_temperature, coef, t->grad);
}

enum status training_norm(struct training *t, double *out)
{
    const struct accelerator *a = device_of(t);
    if (a)
        return a->ops->squared_norm(a->device, out);
    *out = squared_norm(t->grad, t->model->layout.total);
    return OK;
}

enum status training_gradient(struct training *t, float *out)
{
    const struct accelerator *a = device_of(t);
    if (a)
        return a->ops->get_state(a->device, DEVICE_GRADIENT, out);
    memcpy(out, t->grad, t->model->layout.total * sizeof *out);
    return OK;
}

enum status training_update(struct training *t, const struct adamw *adamw,
                            const struct training_watch *watch)
{
    const struct accelerator *a = device_of(t);
    struct model *m = t->model;
    if (a) {
        m->behind = 1;
        return a->ops->update(a->device, adamw, watch);
    }
    for (size_t at = 0; at < m->layout.total;) {
        struct param_range r = layout_range(&m->layout, &m->config, at);
        adamw_update(m->params + at, t->moments.m + at, t->moments.v + at, t->grad + at,
                     r.end - at, adamw, r.matrix);
        at = r.end;
    }
    TRY(model_repack(m));
    return watch ? watch->ready(watch->context, model_outgoing(m).bytes) : OK;
}

struct training_moments training_moments(struct training *t)
{
    return t->moments;
}

enum status training_fetch(struct training *t)
{
    const struct accelerator *a = device_of(t);
    if (!a)
        return OK;
    TRY(a->ops->get_state(a->device, DEVICE_MOMENT_1, t->moments.m));
    return a->ops->get_state(a->device, DEVICE_MOMENT_2, t->moments.v);
}

enum status training_restore(struct training *t)
{
    const struct accelerator *a = device_of(t);
    if (!a)
        return OK;
    TRY(a->ops->set_state(a->device, DEVICE_MOMENT_1, t->moments.m));
    return a->ops->set_state(a->device, DEVICE_MOMENT_2, t->moments.v);
}

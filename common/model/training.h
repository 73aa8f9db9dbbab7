// A policy in training: its gradient, its optimizer and, for a KL term, a frozen copy
// of it; on the CPU, or on the model's device where it has one.
//
//   training_clear -> training_add (any number of packs) -> training_norm,
//   training_update
//
// Deterministic: the same packs in the same order give the same bits.
#ifndef MODEL_TRAINING_H
#define MODEL_TRAINING_H

#include "model.h"

#include "tensor/ops.h"
#include "tensor/token_loss.h"

struct training;
// Borrows the model; `reference` != 0 keeps a copy of it as it is now.  ERR_NOMEM.
CHECKED enum status training_new(struct training **out, struct model *m, int reference);
// Takes the memory of packs of at most these counts (as activations_bytes reads them)
// now, not at the first of them; a larger pack is taken all the same.  ERR_NOMEM.
CHECKED enum status training_prepare(struct training *t, const struct pack *counts);
void training_free(struct training *t);

// The loss of a pack's predictions, (P) each: its derivative by the log-prob itself, or
// where coef is NULL the terms of loss_of_token.
struct pack_loss {
    const float *coef;
    struct loss_rule rule;
    const float *weight, *advantage, *behaviour, *reference;
};

enum training_policy { POLICY_TRAINED, POLICY_REFERENCE };

// As model_forward.
CHECKED enum status training_log_probs(struct training *t, enum training_policy which,
                                       const struct pack *p, float inv_temperature,
                                       float *log_prob, float *entropy);

CHECKED enum status training_clear(struct training *t); // gradient = 0
// Adds the gradient of the pack's loss; log_prob (P) under the policy as it is.
CHECKED enum status training_add(struct training *t, const struct pack *p,
                                 const struct pack_loss *loss, float inv_temperature,
                                 float *log_prob);
// The sum of squares of the gradient.
CHECKED enum status training_norm(struct training *t, double *out);
// Copies the gradient (layout.total), for tests.
CHECKED enum status training_gradient(struct training *t, float *out);
// Hears, while an update is under way, that the first `bytes` of model_outgoing are
// final: never fewer than before, at last all.  On a device "final" holds for what is
// enqueued on the broadcast stream from then on.  An error ends the update half done.
struct training_watch {
    void *context;
    enum status (*ready)(void *context, size_t bytes);
};
// AdamW on every parameter, decay on matrices alone.  `watch` may be NULL.  On a device
// the model's params on the host are the old ones until model_fetch.
CHECKED enum status training_update(struct training *t, const struct adamw *a,
                                    const struct training_watch *watch);

// AdamW's moments, (layout.total) each, in host memory and owned by `t`.  On a device
// they are as of the last training_fetch, and count there after training_restore.
struct training_moments {
    float *m, *v;
};
struct training_moments training_moments(struct training *t);
CHECKED enum status training_fetch(struct training *t);
CHECKED enum status training_restore(struct training *t);

#endif

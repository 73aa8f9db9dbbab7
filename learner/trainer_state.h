// What the trainer keeps, shared by trainer.c and update.c.  Private to the layer.
#ifndef LEARNER_TRAINER_STATE_H
#define LEARNER_TRAINER_STATE_H

#include "trainer.h"

struct trainer {
    struct trainer_config config;
    struct model *model;    // borrowed
    struct model reference; // zeroed unless kl_coef > 0
    struct activations *activations, *reference_activations;
    struct trainer_state state;
    float *grad;       // (layout.total)
    double normaliser; // of the batch so far
    // One entry an output of the pack in work.
    float *log_prob, *coef, *reference_log_prob;
    size_t capacity;
};

// Room for a pack's outputs.  ERR_NOMEM.
CHECKED enum status trainer_reserve(struct trainer *t, size_t outputs);

#endif

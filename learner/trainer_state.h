// What the trainer keeps, shared by trainer.c and update.c.  Private to the layer.
#ifndef LEARNER_TRAINER_STATE_H
#define LEARNER_TRAINER_STATE_H

#include "trainer.h"

#include "model/training.h"

struct trainer {
    struct trainer_config config;
    struct model *model; // borrowed
    struct training *training;
    struct trainer_state state;
    double normaliser; // of the batch so far
    // One entry an output of the pack in work: the loss's terms, and its log-prob.
    float *weight, *advantage, *behaviour, *reference, *log_prob;
    size_t capacity;
};

// What the trees of one pack have in common and should stand there once (pack.h).
int32_t trainer_common(const struct trainer *t, struct tree *const *trees, size_t n);

// Room for a pack's outputs.  ERR_NOMEM.
CHECKED enum status trainer_reserve(struct trainer *t, size_t outputs);

#endif

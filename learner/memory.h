// What earlier steps have shown, for branching, cutoff, reuse and credit, and what the
// run has spent.  Doubles alone, since a checkpoint stores them as they are.
#ifndef LEARNER_MEMORY_H
#define LEARNER_MEMORY_H

#include "learner/cutoff_guard.h"
#include "learner/regrow.h"
#include "tree/anova.h"
#include "tree/credit.h"

struct learner_memory {
    struct anova anova;
    struct cutoff_memory cutoff;
    struct reuse_memory reuse;
    double prompts, value; // root values: their faded count and sum
    double tokens, flops;  // generated, and of the trainer, since the run began
};

// A step has ended: what was seen before counts less.
void memory_fade(struct learner_memory *m);
// A tree of that step, as it was sampled, with its values.  ERR_NOMEM.
CHECKED enum status memory_add(struct learner_memory *m, const struct tree *fresh);

// What the credit of the next step may know.
struct credit_prior memory_prior(const struct learner_memory *m);

#endif

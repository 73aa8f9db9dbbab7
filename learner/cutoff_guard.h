// Early cutoff over the steps of a run: what the kept share of flagged steps shows of
// the partial verifier's errors, and the end of cutoff where it errs too often.
#ifndef LEARNER_CUTOFF_GUARD_H
#define LEARNER_CUTOFF_GUARD_H

#include "tree/cutoff.h"

struct cutoff_config {
    enum cutoff_mode mode;
    double keep;         // share of flagged steps that go on all the same
    double most_false;   // cutoff ends where more of those come right
    double least_probes; // but not before so many have been seen
};

// Doubles alone, since it is part of a checkpoint.
struct cutoff_memory {
    struct cutoff_stats seen; // earlier steps fade
    double ended;             // 1: the false-cut rate has passed its bound
};

// The rule of the next step.  The control of the roulette is the false-cut rate of the
// steps before, so that it does not depend on the step's own trees.
struct cutoff_rule cutoff_next(const struct cutoff_config *c,
                               const struct cutoff_memory *m);

// Takes note of a step's trees.
void cutoff_learn(const struct cutoff_config *c, struct cutoff_memory *m,
                  const struct cutoff_stats *step);

#endif

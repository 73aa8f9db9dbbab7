// The variance study on a real model: a small transformer over a tiny vocabulary, whose
// every text is enumerated by one forward pass, and trees that the rollout engine
// samples from it.  Rewards come from a table, so that values are exact.
#ifndef LAUNCH_STUDY_ENGINE_H
#define LAUNCH_STUDY_ENGINE_H

#include "study/study.h"

// Adds cells of T1, T2 and T5 to the study.  ERR_NOMEM.
CHECKED enum status study_engine(struct study *s);

#endif

// The folders that a job reads its policy and its tokenizer from: model.path and
// data.tokenizer or, where a run goes on whose folders are gone, its newest checkpoint,
// which has all that they had.
#ifndef LAUNCH_SOURCES_H
#define LAUNCH_SOURCES_H

#include "base/status.h"
#include "launch/settings.h"

#include <limits.h>

struct sources {
    char model[PATH_MAX];     // "": a policy is made
    char tokenizer[PATH_MAX]; // where both are one, `model`
};

// `resumes` says whether a checkpoint may stand in; it cannot where the starting policy
// itself is needed (train.kl_coef).  ERR_INPUT says what a path is that is no folder of
// a model.
CHECKED enum status sources_find(struct sources *out, const struct settings *s,
                                 int resumes);

#endif

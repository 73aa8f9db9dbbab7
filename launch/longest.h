// The longest paths that a data set can lead to, in tokens: what memory is sized by.
#ifndef LAUNCH_LONGEST_H
#define LAUNCH_LONGEST_H

#include "launch/job.h"

struct longest {
    int32_t prompt;
    // The prompt with what may be generated (rollout.max_new_tokens), or, where a
    // policy imitates, with the worked solution and its end; as far as the model has
    // positions.
    int32_t path;
};

enum longest_of {
    LONGEST_GENERATED = 0,
    LONGEST_IMITATED = 1,
    // All problems are encoded, where a path longer than the answer would not fit; else
    // those with the longest texts, which is as good as all and takes no time.
    LONGEST_EXACT = 2,
};

// Over a set of the loaded job's.  ERR_INPUT: imitated, but a problem has no solution.
CHECKED enum status longest_find(const struct job *job, const struct dataset *set,
                                 int what, struct longest *out);

#endif

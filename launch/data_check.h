// Whether a data set's own solutions get reward 1 from its verifier: before a run of
// days, the reward is worth a look.
#ifndef LAUNCH_DATA_CHECK_H
#define LAUNCH_DATA_CHECK_H

#include "data/dataset.h"
#include "judge/judge.h"
#include "reward/reward.h"

// How replies are graded.
struct data_check_by {
    struct judge_config judge;
    struct reward_config reward; // a command of NULL: there is no program of the user's
    const char *prefill;         // how replies begin; a solution need not begin so
};

// Prints how many do and which do not.  ERR_INPUT: no sandbox, or the user's program
// fails; ERR_NOMEM.
CHECKED enum status data_check(const struct dataset *set, const char *path,
                               const struct data_check_by *by);

// Whether this machine's Python has the modules that the tests of programs import.
// ERR_INPUT names those that it lacks.
CHECKED enum status data_check_modules(const struct dataset *set, const char *path);

#endif

// Whether a data set's own solutions get reward 1 from its verifier: before a run of
// days, the reward is worth a look.
#ifndef LAUNCH_DATA_CHECK_H
#define LAUNCH_DATA_CHECK_H

#include "data/dataset.h"
#include "judge/judge.h"

// Prints how many do and which do not.  ERR_INPUT: no sandbox; ERR_NOMEM.
CHECKED enum status data_check(const struct dataset *set, const char *path,
                               const struct judge_config *judge);

// Whether this machine's Python has the modules that the tests of programs import.
// ERR_INPUT names those that it lacks.
CHECKED enum status data_check_modules(const struct dataset *set, const char *path);

#endif

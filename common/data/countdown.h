// Generated Countdown problems with worked solutions (verify/countdown.h has the task).
//
// Problem i of a split is a pure function of (config, split, i, retry), as in
// algebra.h: the splits share none, not even between two seeds, neither depends on the
// other, and a larger set begins with the smaller one.
#ifndef DATA_COUNTDOWN_H
#define DATA_COUNTDOWN_H

#include "base/status.h"
#include "data/dataset.h"
#include "verify/countdown.h"

#include <stdint.h>

enum { COUNTDOWN_FEWEST = 3, COUNTDOWN_MOST = 6 };

struct countdown_config {
    uint64_t seed;
    int32_t train, test; // problems to make; the splits share none
    int32_t numbers;     // given, COUNTDOWN_FEWEST..COUNTDOWN_MOST; a solution uses all
    int32_t max_number;  // they are in [1, max_number]
    int32_t max_target;  // every result of a worked solution is in [1, max_target]
};

// Sane, else ERR_INPUT naming the field.
CHECKED enum status countdown_config_check(const struct countdown_config *c);

// Fills both sets (caller frees them).  ERR_INPUT where the ranges do not hold so many
// distinct problems.
CHECKED enum status countdown_generate(const struct countdown_config *c,
                                       struct dataset *train, struct dataset *test);

// Builds one problem (copies the texts); "" is no solution.  ERR_NOMEM.
CHECKED enum status countdown_problem(struct problem *out, const struct countdown *task,
                                      const char *question, const char *solution);

#endif

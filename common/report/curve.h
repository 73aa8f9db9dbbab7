// The learning curve of an arm: a moving mean over steps of each run, and over the runs
// the mean and the range.
#ifndef REPORT_CURVE_H
#define REPORT_CURVE_H

#include "runs.h"

struct curve {
    double *x, *y, *low, *high;
    size_t n;
};

void curve_free(struct curve *c);
// Of runs[0..n): series y against series x, which must not fall.  It ends where the
// shortest run does.  `steps` > 0: the moving mean's length; 0: a fifteenth of the run.
// ERR_NOMEM.
CHECKED enum status curve_of(struct curve *out, const struct run *runs, size_t n,
                             enum run_series x, enum run_series y, size_t steps);

// Where it first reaches a level; infinity where it does not.
double curve_reaches(const struct curve *c, double level);

#endif

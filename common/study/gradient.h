// The estimated gradient of a trial's trees, projected on the exact one.
// Private to study.
#ifndef STUDY_GRADIENT_H
#define STUDY_GRADIENT_H

#include "trial.h"

// One direction a depth: the exact gradient's entries of that depth, scaled to length
// 1, so that the projection of an unbiased estimate has that part's length as its mean.
struct gradient {
    int32_t directions;
    int32_t prefixes;
    double length[POLICY_MAX_DEPTH];
    double *score; // (directions, prefixes): d log pi(step | prefix) / d direction
};

void gradient_free(struct gradient *g);
// Of the root's value under `p`.  ERR_NOMEM.
CHECKED enum status gradient_of(struct gradient *out, const struct policy *p);

// Measures the trial's projections, a cell a depth that `must` hold; or, as a negative
// control, one cell of their sum that must fail.
CHECKED enum status gradient_cells(struct study *s, const struct gradient *g,
                                   const struct trial *t, const char *claim,
                                   const char *name, int must_fail);

#endif

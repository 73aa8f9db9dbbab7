// Statistics of an evaluation, free of any model.
#ifndef LEARNER_METRICS_H
#define LEARNER_METRICS_H

#include <stddef.h>
#include <stdint.h>

// Unbiased Pass@k from n samples of which c are right: 1 - C(n-c, k) / C(n, k)
// (Chen et al., arXiv 2107.03374).  k <= n.
double metrics_pass_at_k(int64_t n, int64_t c, int64_t k);

// A mean over problems and the half-width of its 95 % interval.  Samples of one problem
// are not independent, so the spread is that of the problems' means.
struct metrics_mean {
    double mean, ci95;
};
struct metrics_mean metrics_mean(const double *per_problem, size_t n);

#endif

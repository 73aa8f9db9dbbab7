// Means of per-tree numbers over many independent trees, with their standard errors.
//
// Blocks of trees run on all threads (par.h); each tree has a random key of its own and
// block sums are added in order, so the result does not depend on the thread count.
// The owner calls means_free.
#ifndef STUDY_MEASURE_H
#define STUDY_MEASURE_H

#include "base/rng.h"
#include "base/status.h"
#include "tree/tree.h"

#include <stdint.h>

// Samples one tree in `scratch` (kept between calls) and writes its n numbers, which
// are 0 before.  Called by any thread.
typedef enum status sample_fn(const void *context, struct rng_key key,
                              struct tree *scratch, double *numbers);

struct sampling {
    const void *context;
    sample_fn *sample;
    int32_t n; // numbers of a tree
};

struct means {
    int32_t n, blocks;
    int64_t trees;
    double *mean, *error; // (n), the standard error of the mean
    double *sums;         // (blocks, n)
};

void means_free(struct means *m);

// The first failure of a sample; ERR_NOMEM; ERR_INPUT for fewer than two trees.
CHECKED enum status measure(struct means *out, const struct sampling *s, int64_t trees,
                            struct rng_key key);

#endif

// The variance study: the claims of theory about tree credit, each measured on trees
// of a small policy whose exact values are enumerated, beside its prediction.
//
// What is measured is the credit code of training (tree/credit.h); an estimator that is
// known to be biased stands in a negative control that must be seen to fail.
#ifndef STUDY_STUDY_H
#define STUDY_STUDY_H

#include "cell.h"
#include "measure.h"

#include <stdint.h>

enum { STUDY_LEAST_TREES = 1000 };

struct study {
    struct cells cells; // the owner calls cells_free
    int64_t trees;      // of each measurement
    struct rng_key key; // of the next one
};

// Runs every group of cells below.  ERR_INPUT: fewer trees than STUDY_LEAST_TREES;
// ERR_NOMEM.
CHECKED enum status study_variance(struct study *s, int64_t trees, uint64_t seed);

CHECKED enum status study_values(struct study *s);     // T1, T2, T2', T2''
CHECKED enum status study_advantages(struct study *s); // T3, T4
CHECKED enum status study_gradients(struct study *s);  // T5
CHECKED enum status study_stopping(struct study *s);   // T6, T7
CHECKED enum status study_cutoff(struct study *s);     // T8
CHECKED enum status study_reuse(struct study *s);      // T9

// A measurement of its own random numbers.
CHECKED enum status study_measure(struct study *s, const struct sampling *what,
                                  struct means *out);

// Adds `c`, whose name is given as printf does.
__attribute__((format(printf, 3, 4))) CHECKED enum status
study_cell(struct study *s, struct cell c, const char *name, ...);

#endif

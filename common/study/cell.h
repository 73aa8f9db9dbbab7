// A study's cells: one prediction beside one measurement each, and the verdict.
// The owner calls cells_free.  ERR_NOMEM throughout.
#ifndef STUDY_CELL_H
#define STUDY_CELL_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

#define CELL_Z 4.0 // standard errors that chance does not reach

enum cell_relation {
    CELL_EQUAL,    // measured is predicted: |z| < CELL_Z
    CELL_AT_LEAST, // measured is not below: z > -CELL_Z
    CELL_BELOW,    // measured is below, beyond chance: z < -CELL_Z
};

struct cell {
    const char *claim;    // row of the theory, "T2"; static text, as `quantity`
    char name[48];        // printable ASCII without quotes
    const char *quantity; // what is measured
    double predicted, measured;
    double error; // standard error of `measured`
    enum cell_relation relation;
    double tolerance; // largest relative error as well; 0: any
    // 1: a negative control.  Its estimator is known to be wrong: |z| > CELL_Z is asked
    // for, or the harness could not have seen a wrong estimator.
    int must_fail;
};

double cell_z(const struct cell *c); // +-1e6 where there is no error but a difference
double cell_relative_error(const struct cell *c); // 0 where 0 is predicted
int cell_ok(const struct cell *c);

struct cells {
    struct cell *items;
    size_t n, capacity;
};

void cells_free(struct cells *cells);
CHECKED enum status cells_add(struct cells *cells, const struct cell *c);
size_t cells_failed(const struct cells *cells); // how many are not ok

// An aligned table, a line a cell.
void cells_print(const struct cells *cells, struct buf *out);
// {"study": ..., "trees": ..., "cells": [...]}, a line a cell.
void cells_json(const struct cells *cells, const char *study, int64_t trees,
                struct buf *out);

#endif

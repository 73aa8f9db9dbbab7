// One row of etreerpo grade: what is graded against what, read from JSON.
//
// Pure; the row must outlive its reading.
#ifndef LAUNCH_GRADE_ROW_H
#define LAUNCH_GRADE_ROW_H

#include "base/buf.h"
#include "base/status.h"
#include "data/dataset.h"

#include <jansson.h>

struct grade_row {
    enum verifier verifier;
    struct buf reply; // may hold NULs
    struct buf gold;  // an answer, or a program's tests
};

// Reads gold (or answer, reference) and reply (or response, completion, pred).  A row
// with fields of a known data set and without `gold` or `reference` is that problem.
// `chosen`: the verifier of answers; NULL: the row's "verifier", else math, and of a
// problem its own.  ERR_INPUT: a field is missing or no text; ERR_NOMEM.
CHECKED enum status grade_row_read(struct grade_row *out, const json_t *row,
                                   const enum verifier *chosen);
void grade_row_free(struct grade_row *r);
// The verifier compares answers: a row or the command line may choose it.
int grade_row_fits(enum verifier v);

#endif

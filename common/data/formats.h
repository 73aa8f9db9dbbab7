// From one row of a published data set to a problem; the row's fields say which set.
#ifndef DATA_FORMATS_H
#define DATA_FORMATS_H

#include "dataset.h"
#include "fields.h"

#include <jansson.h>

// data_rules, read.
struct format {
    struct fields fields;
    int by_program, any_answer;
};

// ERR_INPUT: a field is missing or not as it should be; ERR_NOMEM.  A row that cannot
// be a problem because its set left the answer or the tests out gives an empty problem.
CHECKED enum status problem_of_row(struct problem *out, const json_t *row,
                                   const struct format *format);

// The row (the caller's, json_decref) of a problem of GSM8K's or Countdown's kind.
// ERR_INPUT: a text is not UTF-8.
CHECKED enum status row_of_problem(json_t **out, const struct problem *p);

#endif

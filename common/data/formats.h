// From one row of a published data set to a problem; the row's fields say which set.
#ifndef DATA_FORMATS_H
#define DATA_FORMATS_H

#include "dataset.h"

#include <jansson.h>

// ERR_INPUT: a field is missing or not as it should be; ERR_NOMEM.  A row that cannot
// be a problem because its set left the answer or the tests out gives an empty problem.
CHECKED enum status problem_of_row(struct problem *out, const json_t *row);

#endif

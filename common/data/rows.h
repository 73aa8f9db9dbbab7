// The rows of a data file: JSON lines or one JSON array of objects, plain or gzip.
#ifndef DATA_ROWS_H
#define DATA_ROWS_H

#include "base/status.h"

#include <jansson.h>
#include <stddef.h>

// Takes one row (borrowed); *stop = 1 ends the reading.
typedef enum status rows_take(void *context, const json_t *row, int *stop);

// Gives rows [first, end) of the file to `take`, in order.  ERR_INPUT names the file,
// the line (of an array: the row) and the reason; what `take` fails with is wrapped so.
CHECKED enum status rows_read(const char *path, size_t first, size_t end,
                              rows_take *take, void *context);

#endif

// The rows of a data file: JSON lines, one JSON array of objects, objects one after the
// other however they are laid out, or one object with such an array in it; plain or
// gzip.  Byte order marks, blank lines and the ends of lines of any system are passed
// over.
#ifndef DATA_ROWS_H
#define DATA_ROWS_H

#include "base/status.h"

#include <jansson.h>
#include <stddef.h>

// Takes one row (borrowed; cell.h says how its numbers are read); *stop = 1 ends the
// reading.
typedef enum status rows_take(void *context, const json_t *row, int *stop);

struct rows_wanted {
    size_t first, end; // rows [first, end), counted from 0, blank lines not; end
                       // SIZE_MAX: all
    int skip_bad;      // 1: rows that cannot be read, or taken, are passed over
};

struct rows_seen {
    size_t rows; // up to the last that was looked at
    size_t bad;  // of those wanted
    char first_bad[400];
};

// Gives the rows that are wanted to `take`, in order.  ERR_INPUT names the file, the
// line (of an array: the row) and the reason, what `take` fails with is wrapped so; or
// says what kind of file it is, or that it has not so many rows.
CHECKED enum status rows_read(const char *path, const struct rows_wanted *wanted,
                              rows_take *take, void *context, struct rows_seen *seen);

#endif

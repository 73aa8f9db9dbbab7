// JSON as data sets have it: numbers keep their spelling, however long, and NaN and
// Infinity stand for themselves, as Python writes them.
//
// Within the json_t a number is a string with a mark in front, so that nothing is
// rounded or refused.  Private to data.
#ifndef DATA_CELL_H
#define DATA_CELL_H

#include "base/buf.h"
#include "base/status.h"

#include <jansson.h>
#include <stddef.h>

// *out = the value (json_decref) that the text is.  ERR_INPUT: not JSON: *at says at
// which byte; ERR_NOMEM.
CHECKED enum status cell_read(json_t **out, const char *text, size_t len, size_t *at);

// Bytes up to the bracket that closes the one at the beginning of the text; 0: none
// does.
size_t cell_length(const char *text, size_t len);

// Appends the value as compact JSON, numbers as they were spelled.  ERR_NOMEM.
CHECKED enum status cell_write(struct buf *out, const json_t *value);

// The spelling of a number; NULL: it is none.
const char *cell_number(const json_t *value);
// Whether nothing is said: no such value, null, or the NaN of a table's empty cell.
int cell_is_absent(const json_t *value);

// *out = a text, or a number's spelling; borrowed from the value.  ERR_INPUT: neither,
// or a NUL in it; `name` stands in the message.
CHECKED enum status cell_text(const char **out, const json_t *value, const char *name);

#endif

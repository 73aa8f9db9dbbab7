// Texts of a row, by the name or path of their field.  Private to data.
//
// What is given is borrowed from the row, but for what a buffer or a json_t takes.
// ERR_INPUT names the field and what is wrong with it.
#ifndef DATA_ROW_FIELDS_H
#define DATA_ROW_FIELDS_H

#include "base/buf.h"
#include "base/status.h"

#include <jansson.h>

// A text, or a number as it is spelled.
CHECKED enum status row_text(const char **out, const json_t *row, const char *name);
// Likewise, and not empty.
CHECKED enum status row_full_text(const char **out, const json_t *row,
                                  const char *name);
// Likewise; "" where the row has no such field.
CHECKED enum status row_optional_text(const char **out, const json_t *row,
                                      const char *name);
// A JSON document that stands as a string within the row; json_decref.
CHECKED enum status row_inner_json(json_t **out, const char *text, const char *name);
// Appends the lines of a list of strings; nothing where there is no such field.
CHECKED enum status row_lines(struct buf *out, const json_t *row, const char *name);

#endif

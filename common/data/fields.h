// Which fields of a row are its question, its answer and its solution (data.fields).
// Private to data.  The owner calls fields_close; a zeroed struct names none.
#ifndef DATA_FIELDS_H
#define DATA_FIELDS_H

#include "base/status.h"

#include <jansson.h>

struct fields {
    json_t *map; // owns the names
    // Names, or paths: "extra.answer", "messages.0.content"; NULL: the usual name.
    const char *question, *answer, *solution;
};

// Reads a JSON object of texts; NULL and "{}" name none.  ERR_INPUT names what is
// wrong.
CHECKED enum status fields_open(struct fields *out, const char *map);
void fields_close(struct fields *f);
int fields_named(const struct fields *f); // whether any is

// The value at a path; NULL: none.  A field whose name is all of the path comes first.
const json_t *field_at(const json_t *row, const char *path);

// ERR_INPUT "no field", with the fields that the row has.
CHECKED enum status field_missing(const json_t *row, const char *name);

#endif

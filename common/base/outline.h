// A YAML text of maps in maps, to any depth, as a list of its leaves in order:
// "tasks.algebra.data" with its text.  For files whose keys the user names; settings
// with known keys are config.h's.  Keys hold no dots; lists are refused.
// The owner calls outline_free.
#ifndef BASE_OUTLINE_H
#define BASE_OUTLINE_H

#include "status.h"

#include <stddef.h>

enum { OUTLINE_MAX_DEPTH = 8, OUTLINE_MAX_PATH = 256 };

struct outline_item {
    char *path, *text;
    size_t line;
};

struct outline {
    struct outline_item *items;
    size_t n, capacity;
};

void outline_free(struct outline *o);

// `name` stands in the messages.  ERR_INPUT: name, line and reason; ERR_NOMEM.
CHECKED enum status outline_read(struct outline *out, const char *text, size_t len,
                                 const char *name);

// The text of a path; NULL: it is not there.
const char *outline_get(const struct outline *o, const char *path);

#endif

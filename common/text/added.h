// The added tokens, found in text as wholes before anything else looks at it.
//
// A zeroed struct is empty; the owner calls added_free.  Reading is thread-safe.
#ifndef TEXT_ADDED_H
#define TEXT_ADDED_H

#include "vocab.h"

#include <stddef.h>
#include <stdint.h>

struct added {
    int32_t *ids;
    size_t n, capacity;
    uint8_t begins[256]; // 1: one of them begins with this byte
};

void added_free(struct added *a);

// `id` must be a piece of the vocabulary.  ERR_NOMEM.
CHECKED enum status added_note(struct added *a, const struct vocab *v, int32_t id);

// The first one in text, of those at one place the longest: its id, and the bytes
// [*from, *to) that it takes with the blanks it eats.  -1: none.
int32_t added_find(const struct added *a, const struct vocab *v, const char *text,
                   size_t len, size_t *from, size_t *to);

#endif

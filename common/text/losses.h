// How many bytes of which texts had no token and were dropped; a text counts once,
// however often it is encoded.  Any thread.
#ifndef TEXT_LOSSES_H
#define TEXT_LOSSES_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct losses;

CHECKED enum status losses_new(struct losses **out);
void losses_free(struct losses *l);

// A text lost of_byte[256] bytes.  1: the first ever.
int losses_add(struct losses *l, const char *text, size_t len, const uint32_t *of_byte);
// Adds up what was lost, into of_byte[256].
void losses_read(struct losses *l, uint64_t *of_byte);

#endif

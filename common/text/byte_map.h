// GPT-2's table between bytes and printable characters, in which vocabulary files spell
// their tokens (Radford et al., 2019).  Built on the caller's stack; pure.
#ifndef TEXT_BYTE_MAP_H
#define TEXT_BYTE_MAP_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

enum { BYTE_MAP_POINTS = 0x144 }; // code points in use are below

struct byte_map {
    uint16_t point[256];           // of a byte
    int16_t byte[BYTE_MAP_POINTS]; // of a code point; -1: none
};

void byte_map_build(struct byte_map *m);

// Appends the bytes that UTF-8 `text` spells.  0: a character is not in the table.
int byte_map_read(const struct byte_map *m, const char *text, size_t len,
                  struct buf *out);

// Appends bytes as UTF-8 characters of the table.
void byte_map_write(const struct byte_map *m, const char *bytes, size_t len,
                    struct buf *out);

#endif

// A growing byte buffer.  A failed append is remembered: append freely, check once.
// The owner calls buf_free; a zeroed struct is an empty buffer.
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

struct buf {
    uint8_t *data; // `len` bytes, always followed by a NUL that is not counted
    size_t len;
    size_t capacity;
    enum status status; // the first failure, OK until then
};

void buf_free(struct buf *b);
void buf_clear(struct buf *b); // keeps the memory and forgets the failure
void buf_append(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *b, const char *format,
                                                      ...);
const char *buf_cstr(const struct buf *b); // "" when empty

#endif

// Checked allocation: every count is multiplied without overflow, every failure is a
// status, and a test can make the n-th allocation fail.
//
// Memory is zeroed and aligned to 64 bytes (a cache line, a vector register), and
// freed with mem_free, which accepts NULL.
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "status.h"

#include <stddef.h>

// *out (any object pointer, passed by address) = count zeroed items of `size` bytes;
// count 0 gives a valid pointer.  ERR_NOMEM.
CHECKED enum status mem_new(void *out, size_t count, size_t size);

// Grows *array, holding `used` items and room for *capacity, to room for at least
// `wanted`; new items are zeroed.  Untouched on failure.  ERR_NOMEM.
CHECKED enum status mem_grow(void *array, size_t *capacity, size_t used, size_t wanted,
                             size_t size);

// *out = a copy of `count` items.  ERR_NOMEM.
CHECKED enum status mem_dup(void *out, const void *from, size_t count, size_t size);

// *out = a copy of a string.  ERR_NOMEM.
CHECKED enum status mem_strdup(char **out, const char *text);

void mem_free(void *pointer);

// a * b, ERR_NOMEM where it overflows.
CHECKED enum status mem_mul(size_t *out, size_t a, size_t b);

// Tests only: the n-th allocation of this thread from now on fails (1 = the next);
// 0 switches it off.
void mem_fail_nth(long n);

#endif

// Pieces of one block of memory, in order.  With base NULL nothing is placed and `used`
// tells how large the block must be.  Host code, pure.
#ifndef MODEL_CUDA_ARENA_H
#define MODEL_CUDA_ARENA_H

#include <stddef.h>
#include <stdint.h>

enum { ARENA_ALIGN = 256 }; // bytes; what cuBLASLt and 16-byte loads want

struct arena {
    char *base;
    size_t used;
    int overflowed; // a size did not fit into size_t
};

// `count` elements of `bytes` each; NULL for none, or where nothing is placed.
static inline void *arena_take(struct arena *a, size_t count, size_t bytes)
{
    size_t wanted, end;
    if (__builtin_mul_overflow(count, bytes, &wanted) ||
        __builtin_add_overflow(wanted, (size_t)ARENA_ALIGN - 1, &wanted) ||
        __builtin_add_overflow(a->used, wanted / ARENA_ALIGN * ARENA_ALIGN, &end)) {
        a->overflowed = 1;
        return NULL;
    }
    void *at = a->base && count > 0 ? a->base + a->used : NULL;
    a->used = end;
    return at;
}

static inline size_t arena_rows(size_t n, size_t multiple) // rounded up
{
    return (n + multiple - 1) / multiple * multiple;
}

#endif

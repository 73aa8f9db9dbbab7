#include "mem.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

static _Thread_local long fail_countdown;

void mem_fail_nth(long n)
{
    fail_countdown = n;
}

static void *allocate(size_t bytes)
{
    if (fail_countdown > 0 && --fail_countdown == 0)
        return NULL;
    size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (rounded < bytes)
        return NULL;
    return aligned_alloc(ALIGNMENT, rounded ? rounded : ALIGNMENT);
}

enum status mem_mul(size_t *out, size_t a, size_t b)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return status_fail(ERR_NOMEM, "size overflow: %zu x %zu", a, b);
    *out = product;
    return OK;
}

enum status mem_new(void *out, size_t count, size_t size)
{
    size_t bytes = 0;
    TRY(mem_mul(&bytes, count, size));
    void *fresh = allocate(bytes);
    if (!fresh)
        return status_fail(ERR_NOMEM, "cannot allocate %zu bytes", bytes);
    memset(fresh, 0, bytes);
    memcpy(out, &fresh, sizeof fresh);
    return OK;
}

enum status mem_grow(void *array, size_t *capacity, size_t used, size_t wanted,
                     size_t size)
{
    if (wanted <= *capacity)
        return OK;
    size_t target = *capacity > (size_t)-1 / 2 ? wanted : *capacity * 2;
    if (target < wanted)
        target = wanted;
    void *fresh = NULL;
    TRY(mem_new(&fresh, target, size));
    void *old;
    memcpy(&old, array, sizeof old);
    if (old)
        memcpy(fresh, old, used * size);
    free(old);
    memcpy(array, &fresh, sizeof fresh);
    *capacity = target;
    return OK;
}

enum status mem_dup(void *out, const void *from, size_t count, size_t size)
{
    void *fresh = NULL;
    TRY(mem_new(&fresh, count, size));
    if (count)
        memcpy(fresh, from, count * size);
    memcpy(out, &fresh, sizeof fresh);
    return OK;
}

enum status mem_strdup(char **out, const char *text)
{
    return mem_dup(out, text, strlen(text) + 1, 1);
}

void mem_free(void *pointer)
{
    free(pointer);
}

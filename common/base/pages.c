#include "pages.h"

#include "base/mem.h"

#include <sys/mman.h>

enum { MAPPED_FLOATS = 1 << 20 }; // 4 MiB: at least two large pages

enum status pages_new(float **out, size_t n)
{
    size_t bytes = 0;
    if (n < MAPPED_FLOATS)
        return mem_new(out, n, sizeof **out);
    TRY(mem_mul(&bytes, n, sizeof **out));
    void *map =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return status_fail(ERR_NOMEM, "cannot map %zu bytes", bytes);
    (void)madvise(map, bytes, MADV_HUGEPAGE);
    *out = map;
    return OK;
}

void pages_free(float *pointer, size_t n)
{
    if (n < MAPPED_FLOATS)
        mem_free(pointer);
    else if (pointer)
        (void)munmap(pointer, n * sizeof *pointer);
}

void pages_touch(float *pointer, size_t n)
{
    enum { PAGE_FLOATS = 1024 };
    for (size_t i = 0; i < n; i += PAGE_FLOATS)
        ((volatile float *)pointer)[i] = pointer[i];
}

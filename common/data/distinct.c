#include "distinct.h"

#include "base/hash.h"
#include "base/mem.h"

enum { TEST_SHARE = 8 }; // one text in 8 belongs to the test split

enum status distinct_init(struct distinct *d, int is_test, size_t count)
{
    size_t slots = 16;
    while (slots < 2 * count)
        slots *= 2;
    TRY(mem_new(&d->seen, slots, sizeof *d->seen));
    d->mask = slots - 1;
    d->is_test = is_test;
    return OK;
}

void distinct_free(struct distinct *d)
{
    mem_free(d->seen);
    *d = (struct distinct){0};
}

int distinct_claims(struct distinct *d, const struct buf *text)
{
    uint64_t hash = hash_bytes(HASH_START, text->data, text->len);
    if (((hash >> 32) % TEST_SHARE == 0) != d->is_test)
        return 0;
    hash += hash == 0;
    size_t i = hash & d->mask;
    for (; d->seen[i]; i = (i + 1) & d->mask)
        if (d->seen[i] == hash)
            return 0;
    d->seen[i] = hash;
    return 1;
}

// The merges of a byte-pair encoding, and their use on one word (Sennrich et al.,
// 2016).
//
// A zeroed struct is empty; the owner calls merges_free.  Reading is thread-safe.
#ifndef TEXT_MERGES_H
#define TEXT_MERGES_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct merge {
    int32_t left, right, product; // token ids
};

struct merges {
    struct merge *items; // by rank: the lower, the earlier it is applied
    size_t n, capacity;
    uint32_t *slots; // open addressing: rank + 1, 0 where free
    size_t n_slots;
};

void merges_free(struct merges *m);

// Appends the merge of the next rank; of two merges of one pair the later one holds.
CHECKED enum status merges_add(struct merges *m, struct merge merge);

// Working memory of merges_apply, kept from word to word; the owner frees it.
struct word {
    struct symbol {
        int32_t id;         // -1: merged into the symbol on its left
        int32_t prev, next; // indices; -1: none
    } * symbols;
    uint64_t *heap; // rank << 32 | index of the left symbol
    size_t n, symbols_capacity, heap_len, heap_capacity;
};

void word_free(struct word *w);
// Makes room for a word of n < 2^31 symbols and sets w->n.  ERR_NOMEM.
CHECKED enum status word_reserve(struct word *w, size_t n);

// Merges w->symbols[0..n), of which only the ids are set, until no pair has a merge:
// always the lowest rank, the leftmost first.  O(n log n).
void merges_apply(const struct merges *m, struct word *w);

#endif

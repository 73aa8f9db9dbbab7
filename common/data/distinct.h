// Which texts a split may use: those that a hash of the text gives to it, each once.
// So two splits share no text, whatever their seeds and sizes.
//
// The owner calls distinct_free; a zeroed struct is an empty set.
#ifndef DATA_DISTINCT_H
#define DATA_DISTINCT_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct distinct {
    int is_test;
    uint64_t *seen; // open addressing by the texts' hashes; 0: free
    size_t mask;
};

// Room for `count` texts of the test or the training split.  ERR_NOMEM.
CHECKED enum status distinct_init(struct distinct *d, int is_test, size_t count);
void distinct_free(struct distinct *d);

// 1: the text is of this split and new in it.  Two texts of one hash count as one.
int distinct_claims(struct distinct *d, const struct buf *text);

#endif

// Tokens and merges as files spell them, in printable characters; shared by the
// readers.
#ifndef TEXT_PIECES_H
#define TEXT_PIECES_H

#include "byte_map.h"
#include "internal.h"

#include "base/buf.h"

#include <jansson.h>
#include <stddef.h>

// Adds a vocabulary {"token": id, ...}; ids that are added tokens already are skipped.
CHECKED enum status pieces_add_all(struct tokenizer *t, json_t *vocab);

// Working memory of pieces_add_merge.
struct piece_pair {
    struct byte_map map;
    struct buf left, right;
};

void piece_pair_init(struct piece_pair *p);
void piece_pair_free(struct piece_pair *p);

// Adds the next merge, of two spelled tokens.  ERR_INPUT says why it cannot be.
CHECKED enum status pieces_add_merge(struct tokenizer *t, struct piece_pair *p,
                                     const char *left, size_t left_len,
                                     const char *right, size_t right_len);

#endif

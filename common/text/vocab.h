// The tokens: id -> bytes, and bytes -> id for those that text can encode to.
//
// A zeroed struct is empty; the owner calls vocab_free.  Reading is thread-safe.
#ifndef TEXT_VOCAB_H
#define TEXT_VOCAB_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { VOCAB_MAX_IDS = 1 << 22 };

enum piece_kind {
    PIECE_NONE,    // the id is not in use
    PIECE_TEXT,    // part of the byte-level vocabulary
    PIECE_ADDED,   // added whole, never made by encoding; its text is its content
    PIECE_SPECIAL, // added, and no text at all
    PIECE_BYTE,    // one byte that no text piece covers (SentencePiece)
};

enum { EATS_LEFT = 1, EATS_RIGHT = 2 };

struct piece {
    size_t at; // in vocab.bytes
    uint32_t len;
    enum piece_kind kind;
    uint8_t eats;  // blanks that an added token takes from the text around it
    uint8_t whole; // 1: a word that is this text encodes to this piece alone
};

struct vocab {
    struct piece *pieces;
    size_t n, capacity; // ids are below n
    struct buf bytes;
    int32_t *slots; // open addressing: id + 1 of text pieces, 0 where free
    size_t n_slots, used;
};

void vocab_free(struct vocab *v);

// ERR_INPUT: id out of range, in use, or an empty or doubled text.
CHECKED enum status vocab_add(struct vocab *v, int64_t id, const char *bytes,
                              size_t len, enum piece_kind kind);

// The text piece with these bytes; -1: none.
int32_t vocab_find(const struct vocab *v, const char *bytes, size_t len);

// The special piece with this content; -1: none.
int32_t vocab_find_special(const struct vocab *v, const char *content);

const char *vocab_bytes(const struct vocab *v, int32_t id, size_t *len);

#endif

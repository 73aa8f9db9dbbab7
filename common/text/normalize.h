// What a tokenizer does to text before it cuts it into words.
#ifndef TEXT_NORMALIZE_H
#define TEXT_NORMALIZE_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>

// SentencePiece marks a word by the space before it, and most of its vocabularies give
// the first word one too.
enum space_prefix {
    PREFIX_NONE,
    PREFIX_EVERY,        // before every stretch of text between special tokens
    PREFIX_UNLESS_SPACE, // likewise, where it does not begin with a space
    PREFIX_FIRST,        // only before a stretch that begins the text, likewise
};

struct normalizer {
    int nfc;    // Unicode normalization form C
    int spaced; // SentencePiece's alphabet: U+2581 stands for a space
    enum space_prefix prefix;
};

// Where in its text a stretch stands.
enum stretch {
    STRETCH_FIRST,     // at the start
    STRETCH_LATER,     // after a special token
    STRETCH_CONTINUES, // after text: a prefix is never put before it
};

// *out (*out_len bytes): the normalized text, either `text` itself or in `scratch`.
// Bytes that are not UTF-8 stay as they are.  ERR_NOMEM.
CHECKED enum status normalize(const struct normalizer *n, const char *text, size_t len,
                              enum stretch where, struct buf *scratch, const char **out,
                              size_t *out_len);

#endif

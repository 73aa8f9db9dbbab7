// Byte-level BPE tokenizer: Hugging Face tokenizer.json, or GPT-2's vocab + merges.
//
// Text is bytes; every byte sequence encodes, and decode(encode(x)) == x.  A tokenizer
// is immutable once loaded and may be used by several threads.
#ifndef TEXT_TOKENIZER_H
#define TEXT_TOKENIZER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"

struct tokenizer;

// Reads folder/tokenizer.json, else folder/vocab.json + folder/merges.txt.
// ERR_INPUT names the file, the place and the reason.
CHECKED enum status tokenizer_load(struct tokenizer **out, const char *folder);
void tokenizer_free(struct tokenizer *t);

// Trains a byte-level BPE of `vocab` tokens (256 bytes + merges + the special tokens)
// on text; with `alphabet_only` != 0 no merges are learnt and the vocabulary is the
// bytes that occur, plus the special tokens.  Deterministic.
CHECKED enum status tokenizer_train(struct tokenizer **out, const char *text, size_t len,
                                    int32_t vocab, int alphabet_only);
// Writes folder/tokenizer.json, loadable by Hugging Face tokenizers.  ERR_IO.
CHECKED enum status tokenizer_save(const struct tokenizer *t, const char *folder);

int32_t tokenizer_vocab(const struct tokenizer *t); // ids are below this
int32_t tokenizer_eos(const struct tokenizer *t);   // -1: none known

// A growing array of token ids; the owner calls tokens_free.
struct tokens {
    int32_t *ids;
    size_t len, capacity;
};
void tokens_free(struct tokens *t);
CHECKED enum status tokens_push(struct tokens *t, int32_t id);

// Appends the ids of `text` (no special tokens are added, none are recognised in it).
// ERR_NOMEM; ERR_INPUT where a byte has no token (alphabet-only vocabularies).
CHECKED enum status tokenizer_encode(const struct tokenizer *t, const char *text,
                                     size_t len, struct tokens *out);
// Appends the text of the ids; special tokens give nothing.  ERR_INPUT: id unknown.
CHECKED enum status tokenizer_decode(const struct tokenizer *t, const int32_t *ids,
                                     size_t n, struct buf *out);
// The bytes of one token; NULL and 0 for a special or unknown one.
const char *tokenizer_piece(const struct tokenizer *t, int32_t id, size_t *len);

// Every id whose bytes contain `needle` (step delimiters such as "\n").
CHECKED enum status tokenizer_find(const struct tokenizer *t, const char *needle,
                                   struct tokens *out);

#endif

// The parts of a tokenizer, for the files that build, use and write one.
#ifndef TEXT_INTERNAL_H
#define TEXT_INTERNAL_H

#include "added.h"
#include "losses.h"
#include "merges.h"
#include "normalize.h"
#include "splitter.h"
#include "tokenizer.h"
#include "vocab.h"

#include "base/buf.h"

enum { UNKNOWN_DROPPED = -1, UNKNOWN_ABSENT = -2 };

struct tokenizer {
    struct vocab vocab;
    struct merges merges;
    struct splitter splitter;
    struct normalizer normalizer;
    struct added added;
    int byte_level;        // its pieces are spelled in printable characters
    int32_t byte_ids[256]; // the token of one byte; -1: none
    int32_t unknown; // stands for a character without tokens; or UNKNOWN_DROPPED: none
                     // does; or UNKNOWN_ABSENT: one that is no token is named
    int fuses_unknown; // one for all in a row
    struct losses *losses;
    int32_t eos, bos;        // -1: none known
    int adds_bos;            // a text begins with bos
    int whole_words;         // a word that is a token is that token ("ignore_merges")
    struct buf json, config; // tokenizer.json and tokenizer_config.json, as read
};

CHECKED enum status tokenizer_new(struct tokenizer **out);

// Adds the merge of two text pieces, whose joined bytes must be a piece.  ERR_INPUT.
CHECKED enum status tokenizer_add_merge(struct tokenizer *t, const struct buf *left,
                                        const struct buf *right);

// Sets what follows from the vocabulary: the special tokens that files leave unsaid,
// byte_ids and eos.  `eos` is the name of the end-of-text token; NULL, or where the
// vocabulary has none such: the first usual one that is there.  ERR_NOMEM.
CHECKED enum status tokenizer_finish(struct tokenizer *t, const char *eos);

// Notes which words are tokens and also encode to them.  ERR_NOMEM.
CHECKED enum status tokenizer_mark_whole_words(struct tokenizer *t);

// Fills t from t->json.  ERR_INPUT names the place and the reason.
CHECKED enum status tokenizer_read_json(struct tokenizer *t);

enum { TOKENIZER_FILE_MAX_BYTES = 1 << 28 };

// What tokenizer_config.json and its like say; the strings are owned.
struct tokenizer_config {
    char *eos, *bos; // NULL: not named
    int adds_bos;    // add_bos_token
    int qwen2;       // tokenizer_class is one of Qwen2's
    struct config_token {
        int64_t id;
        char *content;
        int special;
        uint8_t eats; // EATS_LEFT, EATS_RIGHT
    } * added;
    size_t n_added, capacity;
};

// Fills an empty c from tokenizer_config.json; c->added only if it is wanted.
// ERR_INPUT.
CHECKED enum status tokenizer_config_read(struct tokenizer_config *c,
                                          const struct buf *text, int wants_added);
// Adds what it left unsaid and special_tokens_map.json and added_tokens.json say, each
// of which may be NULL.  ERR_INPUT names the file.
CHECKED enum status tokenizer_config_add(struct tokenizer_config *c,
                                         const char *map_path, const char *added_path);
void tokenizer_config_free(struct tokenizer_config *c);

// Fills t from a vocabulary and a list of merges, and c's added tokens.  ERR_INPUT.
CHECKED enum status tokenizer_read_bpe(struct tokenizer *t, const char *vocab_path,
                                       const char *merges_path, const char *pattern,
                                       const struct tokenizer_config *c);

#endif

// Words with their counts, and the pairs in them: the state of byte-pair training.
//
// A zeroed struct is empty; the owner calls bpe_trainer_free.
#ifndef TEXT_TRAINER_H
#define TEXT_TRAINER_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

// A distinct word of the text.
struct train_word {
    const char *bytes; // in the text
    size_t symbols;    // where its symbols begin in trainer.symbols
    uint32_t len;      // symbols left
    int64_t count;
};

// Two neighbouring symbols, wherever they occur.
struct train_pair {
    int32_t left, right;
    int64_t count;
    uint32_t *words; // where it occurs or did; a word may be named twice
    size_t n, capacity;
    int risen; // its count has risen since it was last entered in the heap
};

struct trainer {
    struct train_word *words;
    size_t n_words, words_capacity;
    uint32_t *word_slots; // open addressing: index + 1, 0 where free
    size_t n_word_slots;
    int32_t *symbols;
    size_t n_symbols, symbols_capacity;
    struct train_pair *pairs;
    size_t n_pairs, pairs_capacity;
    uint32_t *pair_slots;
    size_t n_pair_slots;
    uint32_t *risen; // the pairs of which that holds
    size_t n_risen, risen_capacity;
    struct train_entry {
        int64_t count; // what the pair's count was, or more
        uint32_t pair;
    } * heap; // highest count first, then the lower ids
    size_t heap_len, heap_capacity;
};

void bpe_trainer_free(struct trainer *t);

// Counts a word; `bytes` must live as long as the trainer.  ERR_NOMEM.
CHECKED enum status bpe_trainer_count_word(struct trainer *t, const char *bytes,
                                           size_t len);

// Turns the words into symbols by byte_ids and counts the pairs.  ERR_NOMEM.
CHECKED enum status bpe_trainer_start(struct trainer *t, const int32_t *byte_ids);

// The pair that occurs most often, of equals the one of the lowest ids; 0: no pair
// occurs twice.
int bpe_trainer_best(struct trainer *t, uint32_t *pair);

// Replaces the pair by `product` in all words.  ERR_NOMEM.
CHECKED enum status bpe_trainer_merge(struct trainer *t, uint32_t pair,
                                      int32_t product);

#endif

#include "trainer.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

void bpe_trainer_free(struct trainer *t)
{
    for (size_t i = 0; i < t->n_pairs; i++)
        mem_free(t->pairs[i].words);
    mem_free(t->words);
    mem_free(t->word_slots);
    mem_free(t->symbols);
    mem_free(t->pairs);
    mem_free(t->pair_slots);
    mem_free(t->risen);
    mem_free(t->heap);
    *t = (struct trainer){0};
}

static size_t word_slot(const struct trainer *t, const char *bytes, size_t len)
{
    size_t mask = t->n_word_slots - 1;
    size_t i = hash_bytes(HASH_START, bytes, len) & mask;
    for (; t->word_slots[i]; i = (i + 1) & mask) {
        const struct train_word *word = &t->words[t->word_slots[i] - 1];
        if (word->len == len && memcmp(word->bytes, bytes, len) == 0)
            break;
    }
    return i;
}

// Doubles a table of slots that is half full: `used` items are to be entered anew.
static enum status grow_slots(uint32_t **slots, size_t *n_slots, size_t used,
                              int *grown)
{
    *grown = 0;
    if (2 * (used + 1) <= *n_slots)
        return OK;
    size_t wanted = *n_slots ? 2 * *n_slots : 1024;
    uint32_t *fresh = NULL;
    TRY(mem_new(&fresh, wanted, sizeof *fresh));
    mem_free(*slots);
    *slots = fresh;
    *n_slots = wanted;
    *grown = 1;
    return OK;
}

static enum status reserve_word(struct trainer *t)
{
    int grown;
    if (t->n_words >= UINT32_MAX - 1)
        return status_fail(ERR_INPUT, "too many distinct words");
    TRY(mem_grow(&t->words, &t->words_capacity, t->n_words, t->n_words + 1,
                 sizeof *t->words));
    TRY(grow_slots(&t->word_slots, &t->n_word_slots, t->n_words, &grown));
    for (size_t i = 0; grown && i < t->n_words; i++)
        t->word_slots[word_slot(t, t->words[i].bytes, t->words[i].len)] =
            (uint32_t)i + 1;
    return OK;
}

enum status bpe_trainer_count_word(struct trainer *t, const char *bytes, size_t len)
{
    TRY(reserve_word(t));
    size_t slot = word_slot(t, bytes, len);
    if (!t->word_slots[slot]) {
        t->words[t->n_words] = (struct train_word){bytes, 0, (uint32_t)len, 0};
        t->word_slots[slot] = (uint32_t)++t->n_words;
    }
    t->words[t->word_slots[slot] - 1].count++;
    return OK;
}

static size_t pair_slot(const struct trainer *t, int32_t left, int32_t right)
{
    size_t mask = t->n_pair_slots - 1;
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t i = (key * 0x9e3779b97f4a7c15u) >> 32 & mask;
    for (; t->pair_slots[i]; i = (i + 1) & mask) {
        const struct train_pair *pair = &t->pairs[t->pair_slots[i] - 1];
        if (pair->left == left && pair->right == right)
            break;
    }
    return i;
}

static enum status reserve_pair(struct trainer *t)
{
    int grown;
    if (t->n_pairs >= UINT32_MAX - 1)
        return status_fail(ERR_INPUT, "too many distinct pairs");
    TRY(mem_grow(&t->pairs, &t->pairs_capacity, t->n_pairs, t->n_pairs + 1,
                 sizeof *t->pairs));
    TRY(grow_slots(&t->pair_slots, &t->n_pair_slots, t->n_pairs, &grown));
    for (size_t i = 0; grown && i < t->n_pairs; i++)
        t->pair_slots[pair_slot(t, t->pairs[i].left, t->pairs[i].right)] =
            (uint32_t)i + 1;
    return OK;
}

// The pair's index; a new one has the count 0.
static enum status find_pair(struct trainer *t, int32_t left, int32_t right,
                             uint32_t *index)
{
    TRY(reserve_pair(t));
    size_t slot = pair_slot(t, left, right);
    if (!t->pair_slots[slot]) {
        t->pairs[t->n_pairs] = (struct train_pair){.left = left, .right = right};
        t->pair_slots[slot] = (uint32_t)++t->n_pairs;
    }
    *index = t->pair_slots[slot] - 1;
    return OK;
}

static enum status note_rise(struct trainer *t, uint32_t index)
{
    struct train_pair *pair = &t->pairs[index];
    if (pair->risen)
        return OK;
    TRY(mem_grow(&t->risen, &t->risen_capacity, t->n_risen, t->n_risen + 1,
                 sizeof *t->risen));
    t->risen[t->n_risen++] = index;
    pair->risen = 1;
    return OK;
}

// Adds `count` (which may be negative) occurrences of a pair in a word.
static enum status count_pair(struct trainer *t, int32_t left, int32_t right,
                              uint32_t word, int64_t count)
{
    uint32_t index = 0;
    TRY(find_pair(t, left, right, &index));
    struct train_pair *pair = &t->pairs[index];
    pair->count += count;
    if (count < 0)
        return OK;
    TRY(note_rise(t, index));
    if (pair->n && pair->words[pair->n - 1] == word)
        return OK;
    TRY(mem_grow(&pair->words, &pair->capacity, pair->n, pair->n + 1,
                 sizeof *pair->words));
    pair->words[pair->n++] = word;
    return OK;
}

static int goes_before(const struct trainer *t, struct train_entry a,
                       struct train_entry b)
{
    const struct train_pair *x = &t->pairs[a.pair], *y = &t->pairs[b.pair];
    if (a.count != b.count)
        return a.count > b.count;
    return x->left != y->left ? x->left < y->left : x->right < y->right;
}

static enum status heap_push(struct trainer *t, uint32_t pair)
{
    struct train_entry entry = {t->pairs[pair].count, pair};
    TRY(mem_grow(&t->heap, &t->heap_capacity, t->heap_len, t->heap_len + 1,
                 sizeof *t->heap));
    size_t i = t->heap_len++;
    for (; i > 0 && goes_before(t, entry, t->heap[(i - 1) / 2]); i = (i - 1) / 2)
        t->heap[i] = t->heap[(i - 1) / 2];
    t->heap[i] = entry;
    return OK;
}

// Puts `entry` in the place of the top.
static void heap_replace(struct trainer *t, struct train_entry entry)
{
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= t->heap_len)
            break;
        if (child + 1 < t->heap_len &&
            goes_before(t, t->heap[child + 1], t->heap[child]))
            child++;
        if (!goes_before(t, t->heap[child], entry))
            break;
        t->heap[i] = t->heap[child];
        i = child;
    }
    t->heap[i] = entry;
}

static void heap_pop(struct trainer *t)
{
    struct train_entry last = t->heap[--t->heap_len];
    if (t->heap_len)
        heap_replace(t, last);
}

// So the heap has an entry for each pair with its count or more.
static enum status enter_risen(struct trainer *t)
{
    for (; t->n_risen; t->n_risen--) {
        uint32_t index = t->risen[t->n_risen - 1];
        TRY(heap_push(t, index));
        t->pairs[index].risen = 0;
    }
    return OK;
}

enum status bpe_trainer_start(struct trainer *t, const int32_t *byte_ids)
{
    for (size_t i = 0; i < t->n_words; i++) {
        struct train_word *word = &t->words[i];
        TRY(mem_grow(&t->symbols, &t->symbols_capacity, t->n_symbols,
                     t->n_symbols + word->len, sizeof *t->symbols));
        word->symbols = t->n_symbols;
        t->n_symbols += word->len;
        int32_t *symbols = t->symbols + word->symbols;
        for (uint32_t k = 0; k < word->len; k++)
            symbols[k] = byte_ids[(unsigned char)word->bytes[k]];
        for (uint32_t k = 1; k < word->len; k++)
            TRY(count_pair(t, symbols[k - 1], symbols[k], (uint32_t)i, word->count));
    }
    return enter_risen(t);
}

int bpe_trainer_best(struct trainer *t, uint32_t *pair)
{
    while (t->heap_len && t->heap[0].count >= 2) {
        struct train_entry top = t->heap[0];
        int64_t now = t->pairs[top.pair].count;
        if (now == top.count) {
            heap_pop(t);
            *pair = top.pair;
            return 1;
        }
        // A count only falls without a new entry: this one sinks to where it belongs.
        heap_replace(t, (struct train_entry){now, top.pair});
    }
    return 0;
}

// Replaces the pair within one word, and moves the counts of its neighbours.
static enum status merge_word(struct trainer *t, uint32_t index, int32_t left,
                              int32_t right, int32_t product)
{
    struct train_word *word = &t->words[index];
    int32_t *s = t->symbols + word->symbols;
    int64_t count = word->count;
    uint32_t kept = 0;
    for (uint32_t k = 0; k < word->len; k++, kept++) {
        if (k + 1 == word->len || s[k] != left || s[k + 1] != right) {
            s[kept] = s[k];
            continue;
        }
        if (kept) {
            TRY(count_pair(t, s[kept - 1], left, index, -count));
            TRY(count_pair(t, s[kept - 1], product, index, count));
        }
        if (k + 2 < word->len) {
            TRY(count_pair(t, right, s[k + 2], index, -count));
            TRY(count_pair(t, product, s[k + 2], index, count));
        }
        s[kept] = product;
        k++;
    }
    word->len = kept;
    return OK;
}

enum status bpe_trainer_merge(struct trainer *t, uint32_t pair, int32_t product)
{
    int32_t left = t->pairs[pair].left, right = t->pairs[pair].right;
    // The loop may move t->pairs and add to other pairs' lists, never to this one's.
    for (size_t i = 0; i < t->pairs[pair].n; i++)
        TRY(merge_word(t, t->pairs[pair].words[i], left, right, product));
    t->pairs[pair].count = 0;
    return enter_risen(t);
}

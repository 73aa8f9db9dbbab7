// From text to ids: added tokens, normalization, words, merges.
#include "internal.h"
#include "utf8.h"

#include "base/log.h"
#include "base/mem.h"

#include <string.h>

// One call of an encoder.
struct encoding {
    const struct tokenizer *tokenizer;
    struct tokens *out;
    struct word word;
    int32_t waiting; // an unknown token that is not in the word yet; -1: none
    struct buf text; // normalized
    uint32_t *lost;  // dropped so far, by byte; NULL: none
    int marks;       // 1: while the tokenizer is made
};

static enum status emit_word(struct encoding *e)
{
    for (int32_t i = e->word.n ? 0 : -1; i >= 0; i = e->word.symbols[i].next)
        TRY(tokens_push(e->out, e->word.symbols[i].id));
    return OK;
}

static int lacking(const struct tokenizer *t)
{
    int n = 0;
    for (int byte = 0; byte < 256; byte++)
        n += t->byte_ids[byte] < 0;
    return n;
}

// Counts bytes that no token stands for.
static enum status drop(struct encoding *e, const char *bytes, size_t n)
{
    if (!e->lost)
        TRY(mem_new(&e->lost, 256, sizeof *e->lost));
    for (size_t i = 0; i < n; i++)
        e->lost[(unsigned char)bytes[i]]++;
    return OK;
}

// The first loss of all is told at once.
static void report_losses(const struct encoding *e, const char *text, size_t len)
{
    int byte = 0;
    if (!e->lost || !losses_add(e->tokenizer->losses, text, len, e->lost))
        return;
    while (!e->lost[byte])
        byte++;
    log_info("the vocabulary has no token for byte 0x%02x (%d of 256 have none): texts "
             "lose such bytes, as with Hugging Face",
             (unsigned)byte, lacking(e->tokenizer));
}

// A symbol, of which the word has at most as many as bytes.
static void push(struct word *w, int32_t id)
{
    w->symbols[w->n++].id = id;
}

static int has_bytes(const struct tokenizer *t, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (t->byte_ids[(unsigned char)bytes[i]] < 0)
            return 0;
    return 1;
}

// The character at the front and its token; -1: none.  Where bytes are spelled, a byte
// is a character.
static int32_t character(const struct tokenizer *t, const char *bytes, size_t len,
                         size_t *width)
{
    *width = 1;
    if (!t->normalizer.spaced)
        return t->byte_ids[(unsigned char)*bytes];
    size_t n = utf8_width(bytes, len);
    *width = n ? n : 1;
    return n ? vocab_find(&t->vocab, bytes, n) : -1;
}

static void push_waiting(struct encoding *e)
{
    if (e->waiting >= 0)
        push(&e->word, e->waiting);
    e->waiting = -1;
}

static enum status push_unknown(struct encoding *e, const char *bytes, size_t width)
{
    const struct tokenizer *t = e->tokenizer;
    if (t->unknown == UNKNOWN_ABSENT && !e->marks)
        return status_fail(ERR_INPUT, "byte 0x%02x has no token, and unk_token is none",
                           (unsigned)(unsigned char)*bytes);
    if (t->unknown < 0)
        return drop(e, bytes, width);
    if (!t->fuses_unknown)
        push_waiting(e);
    e->waiting = t->unknown;
    return OK;
}

// A symbol a character; of one that is no token, a symbol a byte, else the unknown
// token, which waits for the next character that is one, past bytes: so does Hugging
// Face's.
static enum status characters_to_symbols(struct encoding *e, const char *bytes,
                                         size_t len)
{
    const struct tokenizer *t = e->tokenizer;
    size_t width;
    e->word.n = 0;
    e->waiting = -1;
    for (size_t i = 0; i < len; i += width) {
        int32_t id = character(t, bytes + i, len - i, &width);
        if (id >= 0) {
            push_waiting(e);
            push(&e->word, id);
        } else if (t->normalizer.spaced && has_bytes(t, bytes + i, width)) {
            for (size_t k = 0; k < width; k++)
                push(&e->word, t->byte_ids[(unsigned char)bytes[i + k]]);
        } else {
            TRY(push_unknown(e, bytes + i, width));
        }
    }
    push_waiting(e);
    return OK;
}

// The common case of a symbol a byte, all of them tokens.
static enum status bytes_to_symbols(struct encoding *e, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int32_t id = e->tokenizer->byte_ids[(unsigned char)bytes[i]];
        if (id < 0)
            return characters_to_symbols(e, bytes, len);
        e->word.symbols[i].id = id;
    }
    return OK;
}

static enum status encode_word(void *context, const char *bytes, size_t len)
{
    struct encoding *e = context;
    const struct tokenizer *t = e->tokenizer;
    int32_t whole = vocab_find(&t->vocab, bytes, len);
    if (whole >= 0 && (t->whole_words || t->vocab.pieces[whole].whole))
        return tokens_push(e->out, whole);
    TRY(word_reserve(&e->word, len));
    if (t->normalizer.spaced)
        TRY(characters_to_symbols(e, bytes, len));
    else
        TRY(bytes_to_symbols(e, bytes, len));
    merges_apply(&t->merges, &e->word);
    return emit_word(e);
}

static enum status encode_stretch(struct encoding *e, const char *text, size_t len,
                                  enum stretch where)
{
    const char *words = NULL;
    size_t words_len = 0;
    TRY(normalize(&e->tokenizer->normalizer, text, len, where, &e->text, &words,
                  &words_len));
    return splitter_run(&e->tokenizer->splitter, words, words_len, encode_word, e);
}

// Added tokens as wholes, the stretches between them as text.
static enum status encode_with_added(struct encoding *e, const char *text, size_t len,
                                     enum stretch where)
{
    const struct tokenizer *t = e->tokenizer;
    while (len) {
        size_t from = len, to = len;
        int32_t id = added_find(&t->added, &t->vocab, text, len, &from, &to);
        if (from)
            TRY(encode_stretch(e, text, from, where));
        if (id >= 0)
            TRY(tokens_push(e->out, id));
        where = STRETCH_LATER;
        text += to;
        len -= to;
    }
    return OK;
}

enum how { AS_TEXT, WITH_ADDED };

static enum status encode(const struct tokenizer *t, const char *text, size_t len,
                          enum how how, enum stretch where, struct tokens *out)
{
    struct encoding e = {.tokenizer = t, .out = out};
    size_t before = out->len;
    enum status st;
    if (len >= INT32_MAX / 2)
        return status_fail(ERR_INPUT, "text of %zu bytes", len);
    if (how == WITH_ADDED)
        st = encode_with_added(&e, text, len, where);
    else
        st = encode_stretch(&e, text, len, where);
    if (st != OK)
        out->len = before;
    else
        report_losses(&e, text, len);
    mem_free(e.lost);
    word_free(&e.word);
    buf_free(&e.text);
    return st;
}

enum status tokenizer_encode(const struct tokenizer *t, const char *text, size_t len,
                             struct tokens *out)
{
    return encode(t, text, len, AS_TEXT, STRETCH_FIRST, out);
}

enum status tokenizer_encode_more(const struct tokenizer *t, const char *text,
                                  size_t len, struct tokens *out)
{
    return encode(t, text, len, AS_TEXT, STRETCH_CONTINUES, out);
}

enum status tokenizer_encode_special(const struct tokenizer *t, const char *text,
                                     size_t len, struct tokens *out)
{
    return encode(t, text, len, WITH_ADDED, STRETCH_FIRST, out);
}

enum status tokenizer_encode_special_more(const struct tokenizer *t, const char *text,
                                          size_t len, struct tokens *out)
{
    return encode(t, text, len, WITH_ADDED, STRETCH_CONTINUES, out);
}

// Whether a word that is this token encodes to it alone: merges need not lead there.
static enum status mark_whole(struct tokenizer *t, struct encoding *e, int32_t id)
{
    size_t len;
    const char *bytes = vocab_bytes(&t->vocab, id, &len);
    e->out->len = 0;
    TRY(encode_word(e, bytes, len));
    t->vocab.pieces[id].whole = e->out->len == 1 && e->out->ids[0] == id;
    return OK;
}

enum status tokenizer_mark_whole_words(struct tokenizer *t)
{
    struct tokens ids = {0};
    struct encoding e = {.tokenizer = t, .out = &ids, .marks = 1};
    enum status st = OK;
    for (int32_t id = 0; id < tokenizer_vocab(t) && st == OK; id++)
        if (t->vocab.pieces[id].kind == PIECE_TEXT)
            st = mark_whole(t, &e, id);
    mem_free(e.lost);
    word_free(&e.word);
    tokens_free(&ids);
    return st;
}

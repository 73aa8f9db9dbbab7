// From text to ids: added tokens, normalization, words, merges.
#include "internal.h"
#include "utf8.h"

#include <string.h>

// One call of an encoder.
struct encoding {
    const struct tokenizer *tokenizer;
    struct tokens *out;
    struct word word;
    struct buf text; // normalized
};

static enum status emit_word(struct encoding *e)
{
    for (int32_t i = 0; i >= 0; i = e->word.symbols[i].next)
        TRY(tokens_push(e->out, e->word.symbols[i].id));
    return OK;
}

static enum status no_token(char byte)
{
    return status_fail(ERR_INPUT, "byte 0x%02x has no token",
                       (unsigned)(unsigned char)byte);
}

// A symbol a byte.
static enum status bytes_to_symbols(struct encoding *e, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int32_t id = e->tokenizer->byte_ids[(unsigned char)bytes[i]];
        if (id < 0)
            return no_token(bytes[i]);
        e->word.symbols[i].id = id;
    }
    return OK;
}

// A symbol a character; of one that is no token, a symbol a byte.
static enum status characters_to_symbols(struct encoding *e, const char *bytes,
                                         size_t len)
{
    const struct tokenizer *t = e->tokenizer;
    size_t n = 0;
    for (size_t i = 0; i < len;) {
        size_t width = utf8_width(bytes + i, len - i);
        int32_t id = width ? vocab_find(&t->vocab, bytes + i, width) : -1;
        width = width ? width : 1;
        if (id >= 0)
            e->word.symbols[n++].id = id;
        for (size_t k = 0; id < 0 && k < width; k++)
            e->word.symbols[n++].id = t->byte_ids[(unsigned char)bytes[i + k]];
        i += width;
    }
    e->word.n = n;
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
    struct encoding e = {.tokenizer = t, .out = &ids};
    enum status st = OK;
    for (int32_t id = 0; id < tokenizer_vocab(t) && st == OK; id++)
        if (t->vocab.pieces[id].kind == PIECE_TEXT)
            st = mark_whole(t, &e, id);
    word_free(&e.word);
    tokens_free(&ids);
    return st;
}

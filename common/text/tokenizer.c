#include "tokenizer.h"

#include "internal.h"

#include "base/mem.h"

#include <string.h>

const char TOKENIZER_PATTERN_GPT2[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| "
                                      "?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const char TOKENIZER_PATTERN_QWEN2[] =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

enum status tokenizer_new(struct tokenizer **out)
{
    struct tokenizer *t = NULL;
    TRY(mem_new(&t, 1, sizeof *t));
    t->eos = -1;
    *out = t;
    return OK;
}

void tokenizer_free(struct tokenizer *t)
{
    if (!t)
        return;
    vocab_free(&t->vocab);
    merges_free(&t->merges);
    splitter_free(&t->splitter);
    buf_free(&t->json);
    buf_free(&t->config);
    mem_free(t);
}

enum status tokenizer_add_merge(struct tokenizer *t, const struct buf *left,
                                const struct buf *right)
{
    struct merge merge = {vocab_find(&t->vocab, buf_cstr(left), left->len),
                          vocab_find(&t->vocab, buf_cstr(right), right->len), -1};
    if (merge.left < 0 || merge.right < 0)
        return status_fail(ERR_INPUT, "its %s part is not in the vocabulary",
                           merge.left < 0 ? "left" : "right");
    struct buf joined = {0};
    buf_append(&joined, left->data, left->len);
    buf_append(&joined, right->data, right->len);
    enum status st = joined.status;
    if (st == OK) {
        merge.product = vocab_find(&t->vocab, buf_cstr(&joined), joined.len);
        st = merge.product < 0
                 ? status_fail(ERR_INPUT, "what it makes is not in the vocabulary")
                 : merges_add(&t->merges, merge);
    }
    buf_free(&joined);
    return st;
}

static int is_made_by_merge(const struct tokenizer *t, int32_t id)
{
    for (size_t i = 0; i < t->merges.n; i++)
        if (t->merges.items[i].product == id)
            return 1;
    return 0;
}

// The special token of this name, -1: none.  In files that do not say which tokens are
// special, a name that no merge makes is one (Qwen2's </s> is plain text).
static int32_t special_named(struct tokenizer *t, const char *name)
{
    size_t len = strlen(name);
    int32_t id = vocab_find(&t->vocab, name, len);
    if (id >= 0 && len > 1 && !is_made_by_merge(t, id))
        t->vocab.pieces[id].kind = PIECE_SPECIAL;
    return vocab_find_special(&t->vocab, name);
}

enum status tokenizer_finish(struct tokenizer *t, const char *eos)
{
    static const char *const names[] = {"<|endoftext|>", "<|im_end|>",
                                        "<|end_of_text|>", "</s>", "<eos>"};
    if (eos && (t->eos = special_named(t, eos)) < 0)
        return status_fail(
            ERR_INPUT, "eos_token \"%.80s\" is not a special token of the vocabulary",
            eos);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int32_t id = special_named(t, names[i]);
        if (t->eos < 0)
            t->eos = id;
    }
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        t->byte_ids[byte] = vocab_find(&t->vocab, &c, 1);
    }
    return OK;
}

int32_t tokenizer_vocab(const struct tokenizer *t)
{
    return (int32_t)t->vocab.n;
}

int32_t tokenizer_eos(const struct tokenizer *t)
{
    return t->eos;
}

void tokens_free(struct tokens *t)
{
    mem_free(t->ids);
    *t = (struct tokens){0};
}

enum status tokens_push(struct tokens *t, int32_t id)
{
    TRY(mem_grow(&t->ids, &t->capacity, t->len, t->len + 1, sizeof *t->ids));
    t->ids[t->len++] = id;
    return OK;
}

// One call of tokenizer_encode.
struct encoding {
    const struct tokenizer *tokenizer;
    struct tokens *out;
    struct word word;
};

static enum status emit_word(struct encoding *e)
{
    for (int32_t i = 0; i >= 0; i = e->word.symbols[i].next)
        TRY(tokens_push(e->out, e->word.symbols[i].id));
    return OK;
}

static enum status encode_word(void *context, const char *bytes, size_t len)
{
    struct encoding *e = context;
    const struct tokenizer *t = e->tokenizer;
    int32_t whole = t->whole_words ? vocab_find(&t->vocab, bytes, len) : -1;
    if (whole >= 0)
        return tokens_push(e->out, whole);
    TRY(word_reserve(&e->word, len));
    for (size_t i = 0; i < len; i++) {
        int32_t id = t->byte_ids[(unsigned char)bytes[i]];
        if (id < 0)
            return status_fail(ERR_INPUT, "byte 0x%02x has no token",
                               (unsigned)(unsigned char)bytes[i]);
        e->word.symbols[i].id = id;
    }
    merges_apply(&t->merges, &e->word);
    return emit_word(e);
}

enum status tokenizer_encode(const struct tokenizer *t, const char *text, size_t len,
                             struct tokens *out)
{
    struct encoding e = {.tokenizer = t, .out = out};
    size_t before = out->len;
    if (len >= INT32_MAX)
        return status_fail(ERR_INPUT, "text of %zu bytes", len);
    enum status st = splitter_run(&t->splitter, text, len, encode_word, &e);
    if (st != OK)
        out->len = before;
    word_free(&e.word);
    return st;
}

static enum piece_kind kind_of(const struct tokenizer *t, int32_t id)
{
    return id < 0 || (size_t)id >= t->vocab.n ? PIECE_NONE : t->vocab.pieces[id].kind;
}

enum status tokenizer_decode(const struct tokenizer *t, const int32_t *ids, size_t n,
                             struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        if (kind_of(t, ids[i]) == PIECE_NONE)
            return status_fail(ERR_INPUT, "token %d at %zu is not in the vocabulary",
                               ids[i], i);
    size_t before = out->len, len;
    for (size_t i = 0; i < n; i++) {
        const char *piece = tokenizer_piece(t, ids[i], &len);
        buf_append(out, piece, len);
    }
    if (out->status != OK)
        out->len = before;
    return out->status;
}

const char *tokenizer_piece(const struct tokenizer *t, int32_t id, size_t *len)
{
    enum piece_kind kind = kind_of(t, id);
    *len = 0;
    if (kind != PIECE_TEXT && kind != PIECE_ADDED)
        return NULL;
    return vocab_bytes(&t->vocab, id, len);
}

enum status tokenizer_find(const struct tokenizer *t, const char *needle,
                           struct tokens *out)
{
    size_t before = out->len, len;
    for (int32_t id = 0; id < tokenizer_vocab(t); id++) {
        const char *piece = tokenizer_piece(t, id, &len);
        if (!piece || !memmem(piece, len, needle, strlen(needle)))
            continue;
        enum status st = tokens_push(out, id);
        if (st != OK) {
            out->len = before;
            return st;
        }
    }
    return OK;
}

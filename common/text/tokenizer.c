#include "tokenizer.h"

#include "internal.h"

#include "base/log.h"
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
    t->eos = t->bos = -1;
    t->unknown = UNKNOWN_DROPPED;
    enum status st = losses_new(&t->losses);
    if (st == OK)
        *out = t;
    else
        mem_free(t);
    return st;
}

void tokenizer_free(struct tokenizer *t)
{
    if (!t)
        return;
    vocab_free(&t->vocab);
    merges_free(&t->merges);
    splitter_free(&t->splitter);
    added_free(&t->added);
    losses_free(t->losses);
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

// The token of each byte; SentencePiece's fall back on them for every character.
static void find_bytes(struct tokenizer *t)
{
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        t->byte_ids[byte] = t->normalizer.spaced ? -1 : vocab_find(&t->vocab, &c, 1);
    }
    for (int32_t id = 0; t->normalizer.spaced && id < tokenizer_vocab(t); id++)
        if (t->vocab.pieces[id].kind == PIECE_BYTE) {
            size_t len;
            const char *bytes = vocab_bytes(&t->vocab, id, &len);
            t->byte_ids[(unsigned char)*bytes] = id;
        }
}

// The token that the folder names as the end is special, whatever its own entry says.
static int32_t end_named(struct tokenizer *t, const char *name)
{
    int32_t id = special_named(t, name);
    for (int32_t i = 0; id < 0 && i < tokenizer_vocab(t); i++) {
        size_t len;
        const char *bytes = vocab_bytes(&t->vocab, i, &len);
        if (t->vocab.pieces[i].kind == PIECE_ADDED && len == strlen(name) &&
            memcmp(bytes, name, len) == 0) {
            t->vocab.pieces[i].kind = PIECE_SPECIAL;
            id = i;
        }
    }
    if (id < 0)
        log_warn("eos_token \"%.80s\" is no token of the vocabulary: it ends no text",
                 name);
    return id;
}

enum status tokenizer_finish(struct tokenizer *t, const char *eos)
{
    static const char *const names[] = {"<|endoftext|>", "<|im_end|>",
                                        "<|end_of_text|>", "</s>", "<eos>"};
    if (eos)
        t->eos = end_named(t, eos);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int32_t id = special_named(t, names[i]);
        if (t->eos < 0)
            t->eos = id;
    }
    find_bytes(t);
    return t->whole_words ? OK : tokenizer_mark_whole_words(t);
}

int32_t tokenizer_vocab(const struct tokenizer *t)
{
    return (int32_t)t->vocab.n;
}

int32_t tokenizer_eos(const struct tokenizer *t)
{
    return t->eos;
}

int32_t tokenizer_bos(const struct tokenizer *t)
{
    return t->bos;
}

int tokenizer_adds_bos(const struct tokenizer *t)
{
    return t->adds_bos;
}

uint64_t tokenizer_dropped(const struct tokenizer *t, struct buf *which)
{
    uint64_t sum = 0, of_byte[256];
    losses_read(t->losses, of_byte);
    for (int byte = 0; byte < 256; byte++) {
        if (of_byte[byte])
            buf_printf(which, "%s0x%02x", which->len ? ", " : "", (unsigned)byte);
        sum += of_byte[byte];
    }
    return sum;
}

int32_t tokenizer_special(const struct tokenizer *t, const char *name)
{
    return vocab_find_special(&t->vocab, name);
}

int32_t tokenizer_added_in(const struct tokenizer *t, const char *text, size_t len,
                           size_t *from, size_t *to)
{
    return added_find(&t->added, &t->vocab, text, len, from, to);
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

int tokenizer_is_text(const struct tokenizer *t, int32_t id)
{
    enum piece_kind kind = kind_of(t, id);
    return kind == PIECE_TEXT || kind == PIECE_BYTE;
}

const char *tokenizer_piece(const struct tokenizer *t, int32_t id, size_t *len)
{
    enum piece_kind kind = kind_of(t, id);
    *len = 0;
    if (kind != PIECE_TEXT && kind != PIECE_ADDED && kind != PIECE_BYTE)
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

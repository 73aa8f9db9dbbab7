#include "byte_map.h"
#include "internal.h"
#include "pieces.h"

#include "base/file.h"
#include "json/json.h"

#include <string.h>

static enum status add_added(struct tokenizer *t, const struct tokenizer_config *c)
{
    for (size_t i = 0; i < c->n_added; i++) {
        const struct config_token *token = &c->added[i];
        TRY(vocab_add(&t->vocab, token->id, token->content, strlen(token->content),
                      token->special ? PIECE_SPECIAL : PIECE_ADDED));
        t->vocab.pieces[token->id].eats = token->eats;
        TRY(added_note(&t->added, &t->vocab, (int32_t)token->id));
    }
    return OK;
}

static enum status read_vocab(struct tokenizer *t, const char *path)
{
    json_t *root = NULL;
    TRY(json_parse_file(&root, NULL, path, TOKENIZER_FILE_MAX_BYTES));
    enum status st = status_wrap(pieces_add_all(t, root), "%s", path);
    json_decref(root);
    return st;
}

static enum status read_line(struct tokenizer *t, struct piece_pair *pair,
                             const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len);
    if (!space || memchr(space + 1, ' ', len - (size_t)(space + 1 - line)))
        return status_fail(ERR_INPUT, "not two tokens with a space between");
    size_t left_len = (size_t)(space - line);
    return pieces_add_merge(t, pair, line, left_len, space + 1, len - left_len - 1);
}

static enum status read_merges(struct tokenizer *t, const struct buf *text,
                               const char *path)
{
    struct piece_pair pair;
    const char *p = buf_cstr(text), *end = p + text->len;
    enum status st = OK;
    piece_pair_init(&pair);
    for (size_t number = 1; p < end && st == OK; number++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((newline ? newline : end) - p);
        if (len && p[len - 1] == '\r')
            len--;
        int header = number == 1 && len >= 8 && memcmp(p, "#version", 8) == 0;
        if (len && !header)
            st = status_wrap(read_line(t, &pair, p, len), "%s:%zu", path, number);
        p = newline ? newline + 1 : end;
    }
    piece_pair_free(&pair);
    return st;
}

enum status tokenizer_read_bpe(struct tokenizer *t, const char *vocab_path,
                               const char *merges_path, const char *pattern,
                               const struct tokenizer_config *c)
{
    struct buf text = {0};
    enum status st = OK;
    TRY_OUT(splitter_add(&t->splitter, pattern, 0));
    t->normalizer.nfc = strcmp(pattern, TOKENIZER_PATTERN_QWEN2) == 0;
    TRY_OUT(add_added(t, c));
    TRY_OUT(read_vocab(t, vocab_path));
    TRY_OUT(file_read(&text, merges_path, TOKENIZER_FILE_MAX_BYTES));
    TRY_OUT(read_merges(t, &text, merges_path));
out:
    buf_free(&text);
    return st;
}

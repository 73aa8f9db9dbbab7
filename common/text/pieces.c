#include "pieces.h"

#include <stdio.h>
#include <string.h>

// The bytes that a spelled token stands for.  0: it cannot be one.
static int read_spelling(const struct tokenizer *t, const struct byte_map *map,
                         const char *spelled, size_t len, struct buf *out)
{
    static const char mark[] = "\xe2\x96\x81"; // U+2581
    if (!t->normalizer.spaced)
        return byte_map_read(map, spelled, len, out);
    for (size_t i = 0; i < len;) {
        int is_mark = len - i >= 3 && memcmp(spelled + i, mark, 3) == 0;
        buf_char(out, is_mark ? ' ' : spelled[i]);
        i += is_mark ? 3 : 1;
    }
    return 1;
}

// SentencePiece spells the token of a byte <0x0A>.
static int byte_token(const struct tokenizer *t, const char *spelled, size_t len,
                      char *byte)
{
    unsigned value = 0;
    int used = 0;
    if (!t->normalizer.spaced || len != 6 ||
        sscanf(spelled, "<0x%2X>%n", &value, &used) != 1 || used != 6)
        return 0;
    *byte = (char)value;
    return 1;
}

static enum status add_piece(struct tokenizer *t, const struct byte_map *map,
                             struct buf *bytes, const char *spelled, size_t len,
                             int64_t id)
{
    struct vocab *v = &t->vocab;
    if (id >= 0 && id < (int64_t)v->n &&
        (v->pieces[id].kind == PIECE_ADDED || v->pieces[id].kind == PIECE_SPECIAL))
        return OK;
    char byte;
    if (!len) // of no text; nothing encodes to it
        return OK;
    if (byte_token(t, spelled, len, &byte))
        return vocab_add(v, id, &byte, 1, PIECE_BYTE);
    buf_clear(bytes);
    if (!read_spelling(t, map, spelled, len, bytes))
        return vocab_add(v, id, spelled, len, PIECE_ADDED); // only ever decoded
    TRY(bytes->status);
    return vocab_add(v, id, buf_cstr(bytes), bytes->len, PIECE_TEXT);
}

enum status pieces_add_all(struct tokenizer *t, json_t *vocab)
{
    struct byte_map map;
    struct buf bytes = {0};
    const char *key;
    size_t len;
    json_t *value;
    enum status st = OK;
    if (!json_is_object(vocab))
        return status_fail(ERR_INPUT, "the vocabulary is not a JSON object");
    byte_map_build(&map);
    json_object_keylen_foreach(vocab, key, len, value)
    {
        st = json_is_integer(value)
                 ? add_piece(t, &map, &bytes, key, len, json_integer_value(value))
                 : status_fail(ERR_INPUT, "the id of \"%.80s\" is not an integer", key);
        if (st != OK)
            break;
    }
    buf_free(&bytes);
    return st;
}

void piece_pair_init(struct piece_pair *p)
{
    *p = (struct piece_pair){0};
    byte_map_build(&p->map);
}

void piece_pair_free(struct piece_pair *p)
{
    buf_free(&p->left);
    buf_free(&p->right);
}

enum status pieces_add_merge(struct tokenizer *t, struct piece_pair *p,
                             const char *left, size_t left_len, const char *right,
                             size_t right_len)
{
    buf_clear(&p->left);
    buf_clear(&p->right);
    if (!read_spelling(t, &p->map, left, left_len, &p->left) ||
        !read_spelling(t, &p->map, right, right_len, &p->right))
        return status_fail(ERR_INPUT, "a token of it is not byte-level");
    TRY(p->left.status);
    TRY(p->right.status);
    return tokenizer_add_merge(t, &p->left, &p->right);
}

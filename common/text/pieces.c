#include "pieces.h"

static enum status add_piece(struct tokenizer *t, const struct byte_map *map,
                             struct buf *bytes, const char *spelled, size_t len,
                             int64_t id)
{
    struct vocab *v = &t->vocab;
    if (id >= 0 && id < (int64_t)v->n &&
        (v->pieces[id].kind == PIECE_ADDED || v->pieces[id].kind == PIECE_SPECIAL))
        return OK;
    buf_clear(bytes);
    if (!byte_map_read(map, spelled, len, bytes))
        return status_fail(ERR_INPUT, "token \"%.80s\" is not byte-level", spelled);
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
    if (!byte_map_read(&p->map, left, left_len, &p->left) ||
        !byte_map_read(&p->map, right, right_len, &p->right))
        return status_fail(ERR_INPUT, "a token of it is not byte-level");
    TRY(p->left.status);
    TRY(p->right.status);
    return tokenizer_add_merge(t, &p->left, &p->right);
}

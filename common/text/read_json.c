#include "internal.h"
#include "pieces.h"
#include "read_pipeline.h"

#include "json/json.h"

#include <string.h>

// Options of the model that would change what text encodes to.
static enum status check_model(const json_t *model)
{
    static const char *const options[] = {"dropout", "continuing_subword_prefix",
                                          "end_of_word_suffix"};
    // GPT-2's own file is older than the field.
    const json_t *type = json_object_get(model, "type");
    if (!json_is_object(model))
        return status_fail(ERR_INPUT, "no field \"model\"");
    if (type && strcmp(json_type_of(model), "BPE") != 0)
        return json_unsupported("model", json_type_of(model));
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (json_is_set(json_object_get(model, options[i])))
            return json_unsupported("model option", options[i]);
    return OK;
}

// How an added token is found in text.
static enum status note_added(struct tokenizer *t, const json_t *token)
{
    int32_t id = (int32_t)json_integer_value(json_object_get(token, "id"));
    struct piece *piece = &t->vocab.pieces[id];
    if (json_is_set(json_object_get(token, "single_word")))
        return json_unsupported("added token with", "single_word");
    if (json_is_set(json_object_get(token, "lstrip")))
        piece->eats |= EATS_LEFT;
    if (json_is_set(json_object_get(token, "rstrip")))
        piece->eats |= EATS_RIGHT;
    return added_note(&t->added, &t->vocab, id);
}

static enum status add_added(struct tokenizer *t, const json_t *root)
{
    const json_t *token, *all = json_object_get(root, "added_tokens");
    size_t i;
    json_array_foreach(all, i, token)
    {
        const json_t *id = json_object_get(token, "id");
        const json_t *content = json_object_get(token, "content");
        int special = json_is_true(json_object_get(token, "special"));
        if (!json_is_integer(id) || !json_is_string(content))
            return status_fail(ERR_INPUT, "added_tokens[%zu]: no id or no content", i);
        TRY(status_wrap(vocab_add(&t->vocab, json_integer_value(id),
                                  json_string_value(content),
                                  json_string_length(content),
                                  special ? PIECE_SPECIAL : PIECE_ADDED),
                        "added_tokens[%zu]", i));
        TRY(status_wrap(note_added(t, token), "added_tokens[%zu]", i));
    }
    return OK;
}

// "left right" or ["left", "right"].
static enum status add_merge(struct tokenizer *t, struct piece_pair *pair,
                             const json_t *merge)
{
    const json_t *left = json_array_get(merge, 0), *right = json_array_get(merge, 1);
    if (json_is_string(left) && json_is_string(right) && json_array_size(merge) == 2)
        return pieces_add_merge(t, pair, json_string_value(left),
                                json_string_length(left), json_string_value(right),
                                json_string_length(right));
    const char *text = json_string_value(merge);
    const char *space = text ? strchr(text, ' ') : NULL;
    if (!space || strchr(space + 1, ' '))
        return status_fail(ERR_INPUT, "neither \"a b\" nor [\"a\", \"b\"]");
    return pieces_add_merge(t, pair, text, (size_t)(space - text), space + 1,
                            strlen(space + 1));
}

static enum status add_merges(struct tokenizer *t, const json_t *merges)
{
    struct piece_pair pair;
    const json_t *merge;
    size_t i;
    enum status st = OK;
    if (!json_is_array(merges))
        return status_fail(ERR_INPUT, "model.merges is not an array");
    piece_pair_init(&pair);
    json_array_foreach(merges, i, merge)
    {
        st = status_wrap(add_merge(t, &pair, merge), "model.merges[%zu]", i);
        if (st != OK)
            break;
    }
    piece_pair_free(&pair);
    return st;
}

// What stands for a character that the vocabulary does not have.
static void read_unknown(struct tokenizer *t, const json_t *model)
{
    const json_t *name = json_object_get(model, "unk_token");
    t->fuses_unknown = json_is_true(json_object_get(model, "fuse_unk"));
    if (!json_is_string(name))
        return;
    const json_t *id =
        json_object_get(json_object_get(model, "vocab"), json_string_value(name));
    json_int_t value = json_is_integer(id) ? json_integer_value(id) : -1;
    int is_id = value >= 0 && value < (json_int_t)t->vocab.n;
    t->unknown = is_id ? (int32_t)value : UNKNOWN_ABSENT;
}

static enum status read_root(struct tokenizer *t, const json_t *root)
{
    const json_t *model = json_object_get(root, "model");
    TRY(check_model(model));
    t->normalizer.spaced = json_is_set(json_object_get(model, "byte_fallback"));
    t->whole_words = json_is_true(json_object_get(model, "ignore_merges"));
    TRY(add_added(t, root));
    TRY(tokenizer_read_pipeline(t, root));
    TRY(status_wrap(pieces_add_all(t, json_object_get(model, "vocab")), "model.vocab"));
    read_unknown(t, model);
    return add_merges(t, json_object_get(model, "merges"));
}

enum status tokenizer_read_json(struct tokenizer *t)
{
    json_t *root = NULL;
    TRY(json_parse(&root, buf_cstr(&t->json), t->json.len));
    enum status st = read_root(t, root);
    json_decref(root);
    return st;
}

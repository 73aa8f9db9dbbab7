#include "byte_map.h"
#include "internal.h"

#include "base/file.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

// Everything written is UTF-8, so what jansson refuses below is for want of memory.
static enum status no_memory(void)
{
    return status_fail(ERR_NOMEM, "no memory for the tokenizer's JSON");
}

// The text of a piece as files spell it.
static enum status spell(const struct tokenizer *t, const struct byte_map *map,
                         int32_t id, struct buf *out)
{
    size_t len;
    const char *bytes = vocab_bytes(&t->vocab, id, &len);
    buf_clear(out);
    if (t->vocab.pieces[id].kind == PIECE_TEXT)
        byte_map_write(map, bytes, len, out);
    else
        buf_append(out, bytes, len);
    return out->status;
}

static enum status add_vocab(const struct tokenizer *t, json_t *model)
{
    struct byte_map map;
    struct buf text = {0};
    enum status st = OK;
    json_t *vocab = json_object();
    if (json_object_set_new(model, "vocab", vocab) != 0)
        return no_memory();
    byte_map_build(&map);
    for (int32_t id = 0; id < tokenizer_vocab(t) && st == OK; id++) {
        if (t->vocab.pieces[id].kind == PIECE_NONE)
            continue;
        st = spell(t, &map, id, &text);
        if (st == OK && json_object_set_new(vocab, buf_cstr(&text), json_integer(id)))
            st = no_memory();
    }
    buf_free(&text);
    return st;
}

static enum status add_merge(const struct tokenizer *t, const struct byte_map *map,
                             const struct merge *merge, json_t *merges)
{
    struct buf left = {0}, right = {0};
    enum status st = OK;
    TRY_OUT(spell(t, map, merge->left, &left));
    TRY_OUT(spell(t, map, merge->right, &right));
    if (json_array_append_new(
            merges, json_sprintf("%s %s", buf_cstr(&left), buf_cstr(&right))) != 0)
        st = no_memory();
out:
    buf_free(&left);
    buf_free(&right);
    return st;
}

static enum status add_merges(const struct tokenizer *t, json_t *model)
{
    struct byte_map map;
    json_t *merges = json_array();
    if (json_object_set_new(model, "merges", merges) != 0)
        return no_memory();
    byte_map_build(&map);
    for (size_t i = 0; i < t->merges.n; i++)
        TRY(add_merge(t, &map, &t->merges.items[i], merges));
    return OK;
}

static enum status add_added(const struct tokenizer *t, json_t *root)
{
    json_t *added = json_array();
    if (json_object_set_new(root, "added_tokens", added) != 0)
        return no_memory();
    for (int32_t id = 0; id < tokenizer_vocab(t); id++) {
        enum piece_kind kind = t->vocab.pieces[id].kind;
        size_t len;
        const char *content = vocab_bytes(&t->vocab, id, &len);
        int eats = t->vocab.pieces[id].eats;
        if (kind != PIECE_ADDED && kind != PIECE_SPECIAL)
            continue;
        json_t *token =
            json_pack("{s:i, s:s%, s:b, s:b, s:b, s:b, s:b}", "id", id, "content",
                      content, len, "single_word", 0, "lstrip", (eats & EATS_LEFT) != 0,
                      "rstrip", (eats & EATS_RIGHT) != 0, "normalized", 0, "special",
                      kind == PIECE_SPECIAL);
        if (json_array_append_new(added, token) != 0)
            return no_memory();
    }
    return OK;
}

// All stages as Split, then the spelling of bytes alone: one form for every source.
static enum status add_pre_tokenizer(const struct tokenizer *t, json_t *root)
{
    json_t *parts = json_array();
    if (json_object_set_new(
            root, "pre_tokenizer",
            json_pack("{s:s, s:o}", "type", "Sequence", "pretokenizers", parts)) != 0)
        return no_memory();
    for (size_t i = 0; i < t->splitter.n; i++) {
        int literal;
        const char *pattern = splitter_pattern(&t->splitter, i, &literal);
        if (json_array_append_new(
                parts, json_pack("{s:s, s:{s:s}, s:s, s:b}", "type", "Split", "pattern",
                                 literal ? "String" : "Regex", pattern, "behavior",
                                 "Isolated", "invert", 0)) != 0)
            return no_memory();
    }
    json_t *bytes = json_pack("{s:s, s:b, s:b, s:b}", "type", "ByteLevel",
                              "add_prefix_space", 0, "trim_offsets", 1, "use_regex", 0);
    return json_array_append_new(parts, bytes) ? no_memory() : OK;
}

static enum status add_model(const struct tokenizer *t, json_t *root)
{
    json_t *model =
        json_pack("{s:s, s:n, s:n, s:n, s:n, s:b, s:b, s:b}", "type", "BPE", "dropout",
                  "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
                  "fuse_unk", 0, "byte_fallback", 0, "ignore_merges", t->whole_words);
    if (json_object_set_new(root, "model", model) != 0)
        return no_memory();
    TRY(add_vocab(t, model));
    return add_merges(t, model);
}

static enum status add_all(const struct tokenizer *t, json_t *root)
{
    json_t *decoder =
        json_pack("{s:s, s:b, s:b, s:b}", "type", "ByteLevel", "add_prefix_space", 1,
                  "trim_offsets", 1, "use_regex", 1);
    TRY(add_added(t, root));
    TRY(add_pre_tokenizer(t, root));
    if (json_object_set_new(root, "decoder", decoder) != 0)
        return no_memory();
    return add_model(t, root);
}

static enum status dump(struct buf *out, const json_t *root)
{
    char *text = json_dumps(root, JSON_INDENT(1));
    if (!text)
        return no_memory();
    buf_str(out, text);
    buf_char(out, '\n');
    free(text);
    return out->status;
}

static enum status make_json(const struct tokenizer *t, struct buf *out)
{
    json_t *root = json_pack("{s:s, s:n, s:n, s:n, s:n}", "version", "1.0",
                             "truncation", "padding", "normalizer", "post_processor");
    if (!root)
        return no_memory();
    enum status st = OK;
    if (t->normalizer.nfc &&
        json_object_set_new(root, "normalizer", json_pack("{s:s}", "type", "NFC")) != 0)
        st = no_memory();
    if (st == OK)
        st = add_all(t, root);
    if (st == OK)
        st = dump(out, root);
    json_decref(root);
    return st;
}

static enum status make_config(const struct tokenizer *t, struct buf *out)
{
    size_t len = 0;
    const char *eos = t->eos < 0 ? NULL : vocab_bytes(&t->vocab, t->eos, &len);
    json_t *root = json_pack(
        "{s:s, s:o, s:b}", "tokenizer_class", "PreTrainedTokenizerFast", "eos_token",
        eos ? json_stringn(eos, len) : json_null(), "clean_up_tokenization_spaces", 0);
    if (!root)
        return no_memory();
    enum status st = dump(out, root);
    json_decref(root);
    return st;
}

// Writes `kept`, the file as it was read, or what `make` gives where there is none.
static enum status save(const struct tokenizer *t, const char *folder, const char *name,
                        const struct buf *kept,
                        enum status (*make)(const struct tokenizer *, struct buf *))
{
    char path[PATH_MAX];
    struct buf made = {0};
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (n < 0 || n >= PATH_MAX)
        return status_fail(ERR_INPUT, "%.64s...: path too long", folder);
    enum status st = kept->len ? OK : make(t, &made);
    if (st == OK)
        st = file_write(path, kept->len ? kept->data : made.data,
                        kept->len ? kept->len : made.len);
    buf_free(&made);
    return st;
}

enum status tokenizer_save(const struct tokenizer *t, const char *folder)
{
    TRY(file_make_dirs(folder));
    TRY(save(t, folder, "tokenizer.json", &t->json, make_json));
    return save(t, folder, "tokenizer_config.json", &t->config, make_config);
}

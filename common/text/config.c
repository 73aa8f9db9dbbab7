// The small files beside a vocabulary: tokenizer_config.json, special_tokens_map.json
// and added_tokens.json.
#include "internal.h"

#include "base/mem.h"
#include "json/json.h"

#include <stdlib.h>
#include <string.h>

void tokenizer_config_free(struct tokenizer_config *c)
{
    for (size_t i = 0; i < c->n_added; i++)
        mem_free(c->added[i].content);
    mem_free(c->added);
    mem_free(c->eos);
    mem_free(c->bos);
    *c = (struct tokenizer_config){0};
}

// A token is written as a string or as an object with "content".
static const char *content_of(const json_t *token)
{
    if (json_is_object(token))
        token = json_object_get(token, "content");
    return json_string_value(token);
}

// Unless an earlier file has named it.
static enum status read_named(char **out, const json_t *root, const char *key)
{
    const json_t *token = json_object_get(root, key);
    if (*out || !token || json_is_null(token))
        return OK;
    const char *content = content_of(token);
    if (!content)
        return status_fail(ERR_INPUT, "%s is not a token", key);
    return mem_strdup(out, content);
}

static enum status add_token(struct tokenizer_config *c, const char *key, int64_t id,
                             const char *content, struct config_token how)
{
    if (id < 0 || id >= VOCAB_MAX_IDS || !content || !*content)
        return status_fail(ERR_INPUT, "\"%.40s\" is not a token", key);
    TRY(mem_grow(&c->added, &c->capacity, c->n_added, c->n_added + 1,
                 sizeof *c->added));
    how.id = id;
    TRY(mem_strdup(&how.content, content));
    c->added[c->n_added++] = how;
    return OK;
}

static enum status read_decoder(struct tokenizer_config *c, json_t *added)
{
    const char *key;
    json_t *token;
    json_object_foreach(added, key, token)
    {
        char *end = NULL;
        long id = strtol(key, &end, 10);
        const struct config_token how = {
            .special = json_is_true(json_object_get(token, "special")),
            .eats = (json_is_true(json_object_get(token, "lstrip")) ? EATS_LEFT : 0) |
                    (json_is_true(json_object_get(token, "rstrip")) ? EATS_RIGHT : 0),
        };
        TRY(status_wrap(
            add_token(c, key, *end || end == key ? -1 : id, content_of(token), how),
            "added_tokens_decoder"));
    }
    return OK;
}

enum status tokenizer_config_read(struct tokenizer_config *c, const struct buf *text,
                                  int wants_added)
{
    json_t *root = NULL;
    enum status st = OK;
    TRY(json_parse(&root, buf_cstr(text), text->len));
    const char *class = json_string_value(json_object_get(root, "tokenizer_class"));
    if (!json_is_object(root)) {
        st = status_fail(ERR_INPUT, "not a JSON object");
        goto out;
    }
    c->qwen2 = class && strncmp(class, "Qwen2Tokenizer", strlen("Qwen2Tokenizer")) == 0;
    c->adds_bos = json_is_true(json_object_get(root, "add_bos_token"));
    TRY_OUT(read_named(&c->eos, root, "eos_token"));
    TRY_OUT(read_named(&c->bos, root, "bos_token"));
    if (wants_added)
        TRY_OUT(read_decoder(c, json_object_get(root, "added_tokens_decoder")));
out:
    json_decref(root);
    return st;
}

// Whether a map of special tokens, some of them lists, names this one.
static int names(const json_t *map, const char *content)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)map, key, value)
    {
        const char *one = content_of(value);
        int found = one && strcmp(one, content) == 0;
        for (size_t i = 0; i < json_array_size(value) && !found; i++) {
            one = content_of(json_array_get(value, i));
            found = one && strcmp(one, content) == 0;
        }
        if (found)
            return 1;
    }
    return 0;
}

// {"content": id, ...}, of folders older than added_tokens_decoder.
static enum status read_added(struct tokenizer_config *c, const char *path,
                              const json_t *special)
{
    json_t *root = NULL, *id;
    const char *content;
    enum status st;
    TRY(json_parse_file(&root, NULL, path, TOKENIZER_FILE_MAX_BYTES));
    json_object_foreach(root, content, id)
    {
        st = add_token(c, content, json_is_integer(id) ? json_integer_value(id) : -1,
                       content,
                       (struct config_token){.special = names(special, content)});
        TRY_OUT(status_wrap(st, "%s", path));
    }
    st = OK;
out:
    json_decref(root);
    return st;
}

enum status tokenizer_config_add(struct tokenizer_config *c, const char *map_path,
                                 const char *added_path)
{
    json_t *map = NULL;
    enum status st = OK;
    if (map_path)
        TRY_OUT(json_parse_file(&map, NULL, map_path, TOKENIZER_FILE_MAX_BYTES));
    TRY_OUT(status_wrap(read_named(&c->eos, map, "eos_token"), "%s", map_path));
    TRY_OUT(status_wrap(read_named(&c->bos, map, "bos_token"), "%s", map_path));
    if (added_path && !c->n_added)
        TRY_OUT(read_added(c, added_path, map));
out:
    json_decref(map);
    return st;
}

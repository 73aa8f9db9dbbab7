// The special tokens of a checkpoint as a template sees them.
#include "sources.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static int is_standard(const char *key)
{
    static const char *const names[] = {"bos_token", "eos_token", "unk_token",
                                        "sep_token", "pad_token", "cls_token",
                                        "mask_token"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(key, names[i]) == 0)
            return 1;
    return 0;
}

static int ends_in_token(const char *key)
{
    static const char ending[] = "_token";
    size_t len = strlen(key), n = sizeof ending - 1;
    return len > n && strcmp(key + len - n, ending) == 0;
}

// A token is a text, or an object with its content; NULL: it is none.
static json_t *content_of(json_t *token)
{
    if (json_is_object(token))
        token = json_object_get(token, "content");
    return json_is_string(token) ? token : NULL;
}

// Of a name that is not standard an object counts only if it says that it is a token.
static json_t *token_of(const char *key, json_t *value)
{
    if (json_is_object(value) && !is_standard(key) && !json_object_get(value, "__type"))
        return NULL;
    return content_of(value);
}

static int put(json_t *out, const char *key, json_t *token)
{
    return token ? json_object_set(out, key, token) : 0;
}

static int put_map(json_t *out, json_t *map)
{
    const char *key;
    json_t *value;
    int bad = 0;
    json_object_foreach(map, key, value) bad |= put(out, key, content_of(value));
    return bad;
}

// tokenizer_config.json: every *_token, and the tokens with names of their own.
static int put_config(json_t *out, json_t *config)
{
    const char *key;
    json_t *value;
    int bad = 0;
    json_object_foreach(config, key, value)
    {
        if (ends_in_token(key))
            bad |= put(out, key, token_of(key, value));
    }
    bad |= put_map(out, json_object_get(config, "extra_special_tokens"));
    return bad | put_map(out, json_object_get(config, "model_specific_special_tokens"));
}

// special_tokens_map.json is of folders from before added_tokens_decoder.
static int put_special_map(json_t *out, const struct sources *s)
{
    const char *key;
    json_t *value;
    int bad = 0;
    if (json_object_get(s->config, "added_tokens_decoder"))
        return 0;
    json_object_foreach(s->special_map, key, value)
    {
        if (ends_in_token(key))
            bad |= put(out, key, content_of(value));
    }
    return bad;
}

enum status sources_tokens(char **out, const struct sources *s)
{
    json_t *tokens = json_object();
    char *text = NULL;
    if (tokens && !put_config(tokens, s->config) && !put_special_map(tokens, s))
        text = json_dumps(tokens, JSON_COMPACT);
    enum status st = text ? mem_strdup(out, text)
                          : status_fail(ERR_NOMEM, "special tokens: out of memory");
    free(text);
    json_decref(tokens);
    return st;
}

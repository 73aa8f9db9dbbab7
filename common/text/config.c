#include "internal.h"

#include "base/mem.h"

#include <jansson.h>
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

static enum status read_named(char **out, const json_t *root, const char *key)
{
    const json_t *token = json_object_get(root, key);
    if (!token || json_is_null(token))
        return OK;
    const char *content = content_of(token);
    if (!content)
        return status_fail(ERR_INPUT, "%s is not a token", key);
    return mem_strdup(out, content);
}

static enum status add_token(struct tokenizer_config *c, const char *key,
                             const json_t *token)
{
    char *end = NULL;
    long id = strtol(key, &end, 10);
    const char *content = content_of(token);
    if (*end || end == key || id < 0 || id >= VOCAB_MAX_IDS || !content)
        return status_fail(ERR_INPUT, "added_tokens_decoder: \"%.40s\" is not a token",
                           key);
    TRY(mem_grow(&c->added, &c->capacity, c->n_added, c->n_added + 1,
                 sizeof *c->added));
    struct config_token *added = &c->added[c->n_added];
    TRY(mem_strdup(&added->content, content));
    added->id = id;
    added->special = json_is_true(json_object_get(token, "special"));
    c->n_added++;
    return OK;
}

static enum status read_root(struct tokenizer_config *c, json_t *root)
{
    const char *key,
        *class = json_string_value(json_object_get(root, "tokenizer_class"));
    json_t *token, *added = json_object_get(root, "added_tokens_decoder");
    if (!json_is_object(root))
        return status_fail(ERR_INPUT, "not a JSON object");
    c->qwen2 = class && strncmp(class, "Qwen2Tokenizer", strlen("Qwen2Tokenizer")) == 0;
    TRY(read_named(&c->eos, root, "eos_token"));
    TRY(read_named(&c->bos, root, "bos_token"));
    c->adds_bos = json_is_true(json_object_get(root, "add_bos_token"));
    json_object_foreach(added, key, token) TRY(add_token(c, key, token));
    return OK;
}

enum status tokenizer_config_read(struct tokenizer_config *out, const struct buf *text)
{
    struct tokenizer_config c = {0};
    json_error_t error;
    json_t *root =
        json_loadb(buf_cstr(text), text->len, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return status_fail(ERR_INPUT, "line %d: %s", error.line, error.text);
    enum status st = read_root(&c, root);
    json_decref(root);
    if (st != OK)
        tokenizer_config_free(&c);
    else
        *out = c;
    return st;
}

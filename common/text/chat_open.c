// Which chat format a checkpoint uses, from the text of its template.
#include "chat.h"
#include "internal.h"

#include "base/mem.h"

#include <jansson.h>
#include <string.h>

// The template in tokenizer_config.json: a text, or a list of named ones of which
// "default" counts.  NULL: none.
static const char *template_of(const json_t *config)
{
    const json_t *value = json_object_get(config, "chat_template");
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        const char *name = json_string_value(json_object_get(item, "name"));
        if (name && strcmp(name, "default") == 0)
            return json_string_value(json_object_get(item, "template"));
    }
    return json_string_value(value);
}

// The literal system prompt of a ChatML template: what stands between the system turn's
// opening and the end of the turn, where both are within one string.  The template's
// other branches name a variable there, so that a quote comes first.
static enum status find_system(const char *text, char **out)
{
    static const char open[] = "<|im_start|>system";
    for (const char *at = strstr(text, open); at; at = strstr(at, open)) {
        at += sizeof open - 1;
        at += strncmp(at, "\\n", 2) == 0 ? 2 : *at == '\n';
        const char *end = strstr(at, "<|im_end|>");
        size_t len = end ? (size_t)(end - at) : 0;
        if (!len || memchr(at, '\'', len) || memchr(at, '"', len) ||
            memchr(at, '{', len))
            continue;
        TRY(mem_new(out, len + 1, 1));
        memcpy(*out, at, len);
        return OK;
    }
    return OK;
}

static void read_spaces(const char *text, struct chat *c)
{
    c->space_in = strstr(text, "[INST] ") != NULL;
    c->space_out = strstr(text, " [/INST]") != NULL;
    c->space_reply = strstr(text, "' ' ") != NULL || strstr(text, "\" \" ") != NULL;
}

static enum status recognise(struct chat *c, const char *text)
{
    if (strstr(text, "<|im_start|>") && strstr(text, "<|im_end|>")) {
        c->format = CHAT_CHATML;
        return find_system(text, &c->system);
    }
    if (strstr(text, "<|start_header_id|>")) {
        c->format = CHAT_LLAMA3;
        c->dated = strstr(text, "Cutting Knowledge Date") != NULL;
        return OK;
    }
    if (strstr(text, "[INST]")) {
        c->format = strstr(text, "<<SYS>>") ? CHAT_LLAMA2 : CHAT_MISTRAL;
        read_spaces(text, c);
        return OK;
    }
    return status_fail(ERR_INPUT, "the tokenizer's chat template is none of chatml, "
                                  "llama2, llama3, mistral; name one, or none");
}

static enum status by_name(struct chat *c, const char *name)
{
    static const char *const names[] = {"none", "chatml", "llama2", "llama3",
                                        "mistral"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            c->format = (enum chat_format)i;
            c->space_in = c->space_out = c->space_reply = 1;
            return OK;
        }
    return status_fail(ERR_INPUT,
                       "chat template %.32s: not auto, none, chatml, "
                       "llama2, llama3 or mistral",
                       name);
}

static enum status by_config(struct chat *c, const struct tokenizer *t)
{
    json_error_t error;
    if (t->chat.len)
        return recognise(c, buf_cstr(&t->chat));
    if (!t->config.len)
        return OK;
    json_t *config = json_loadb(buf_cstr(&t->config), t->config.len, 0, &error);
    const char *text = template_of(config);
    enum status st = text ? recognise(c, text) : OK;
    json_decref(config);
    return st;
}

// A format whose turns this vocabulary cannot end would never stop.
static enum status check_end(const struct chat *c, const struct tokenizer *t)
{
    if (c->format == CHAT_NONE || chat_end(c, t) >= 0)
        return OK;
    return status_fail(ERR_INPUT, "the chat template ends its turns by a token that "
                                  "the tokenizer does not have");
}

enum status chat_open(struct chat *out, const struct tokenizer *t, const char *name)
{
    struct chat c = {0};
    enum status st;
    if (strcmp(name, "auto") == 0)
        TRY_OUT(by_config(&c, t));
    else
        TRY_OUT(by_name(&c, name));
    TRY_OUT(check_end(&c, t));
    *out = c;
    c = (struct chat){0};
out:
    chat_close(&c);
    return st;
}

void chat_close(struct chat *c)
{
    mem_free(c->system);
    *c = (struct chat){0};
}

#include "exchange.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static enum status no_memory(void)
{
    return status_fail(ERR_NOMEM, "chat template: out of memory");
}

// *out = the text as JSON, null for NULL.
static enum status text_of(json_t **out, const char *text, const char *what)
{
    *out = text ? json_string(text) : json_null();
    if (*out)
        return OK;
    return status_fail(ERR_INPUT, "%s: not UTF-8 text: \"%.40s\"", what, text);
}

// Takes both values.
static enum status append_pair(json_t *list, json_t *first, json_t *second)
{
    json_t *pair = json_pack("[o, o]", first, second);
    return pair && json_array_append_new(list, pair) == 0 ? OK : no_memory();
}

static enum status add_head(json_t *list, const struct chat_request *r)
{
    for (size_t i = 0; i < r->n_head; i++) {
        json_t *text = NULL;
        TRY(text_of(&text, r->head[i].text, r->head[i].role));
        json_t *message =
            json_pack("{s:s, s:o}", "role", r->head[i].role, "content", text);
        if (!message || json_array_append_new(list, message) != 0)
            return no_memory();
    }
    return OK;
}

static enum status add_turns(json_t *list, const struct chat_request *r)
{
    for (size_t i = 0; i < r->n_turns; i++) {
        json_t *question = NULL, *reply = NULL;
        TRY(text_of(&question, r->turns[i].question, "a question"));
        enum status st = text_of(&reply, r->turns[i].reply, "a solution");
        if (st != OK) {
            json_decref(question);
            return st;
        }
        TRY(append_pair(list, question, reply));
    }
    return OK;
}

// The special tokens, and over them the settings.
static enum status make_variables(json_t **out, const struct chat_request *r)
{
    json_error_t error;
    json_t *variables = json_loads(r->template->tokens, 0, &error);
    json_t *kwargs = json_loads(r->kwargs, 0, &error);
    int bad = !kwargs || !variables || json_object_update(variables, kwargs) != 0;
    json_decref(kwargs);
    if (bad) {
        json_decref(variables);
        return status_fail(ERR_INPUT, "prompt.template_kwargs: %s", error.text);
    }
    *out = variables;
    return OK;
}

// Takes the value.
static enum status set(json_t *root, const char *key, json_t *value)
{
    return value && json_object_set_new(root, key, value) == 0 ? OK : no_memory();
}

static enum status set_date(json_t *root, const char *date)
{
    int year = 0, month = 0, day = 0;
    if (sscanf(date, "%d-%d-%d", &year, &month, &day) != 3)
        return status_fail(ERR_INPUT, "prompt.date: '%.32s' is not YYYY-MM-DD", date);
    return set(root, "date", json_pack("[i, i, i]", year, month, day));
}

static enum status make_request(json_t *root, const struct chat_request *r)
{
    json_t *variables = NULL, *text = NULL;
    TRY(set_date(root, r->date));
    TRY(set(root, "most_bytes", json_integer(CHAT_TEXT_MAX_BYTES)));
    TRY(make_variables(&variables, r));
    TRY(set(root, "variables", variables));
    TRY(text_of(&text, r->template->text, r->template->origin));
    TRY(set(root, "template", text));
    TRY(set(root, "head", json_array()));
    TRY(set(root, "turns", json_array()));
    TRY(add_head(json_object_get(root, "head"), r));
    return add_turns(json_object_get(root, "turns"), r);
}

enum status chat_write_request(struct buf *out, const struct chat_request *r)
{
    json_t *root = json_object();
    enum status st = root ? make_request(root, r) : no_memory();
    char *text = st == OK ? json_dumps(root, JSON_COMPACT) : NULL;
    if (st == OK && !text)
        st = no_memory();
    if (text) {
        buf_str(out, text);
        st = out->status;
    }
    free(text);
    json_decref(root);
    return st;
}

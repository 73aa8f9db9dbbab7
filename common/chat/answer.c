#include "exchange.h"

#include "base/mem.h"

#include <jansson.h>

static enum status no_answer(const char *what)
{
    return status_fail(ERR_PROTOCOL, "chat template: %s in the answer", what);
}

// The rest of one text; JSON's null: there is none.
static enum status take_rest(struct chat_texts *t, size_t i, const json_t *text)
{
    struct chat_span *span = &t->spans[i];
    span->from = span->to = t->rests.len;
    if (json_is_null(text))
        return OK;
    if (!json_is_string(text))
        return no_answer("what is no text");
    buf_append(&t->rests, json_string_value(text), json_string_length(text));
    span->to = t->rests.len;
    span->there = 1;
    return t->rests.status;
}

static enum status begin_texts(struct chat_texts *t, const json_t *root,
                               const struct chat_request *r)
{
    const json_t *head = json_object_get(root, "head");
    if (!json_is_string(head))
        return no_answer("no head");
    buf_append(&t->head, json_string_value(head), json_string_length(head));
    TRY(t->head.status);
    t->n = r->n_turns;
    return mem_new(&t->spans, t->n, sizeof *t->spans);
}

static enum status take_asks(struct chat_texts *t, const json_t *root)
{
    const json_t *list = json_object_get(root, "asks");
    if (json_array_size(list) != t->n)
        return no_answer("a wrong number of texts");
    for (size_t i = 0; i < t->n; i++) {
        TRY(take_rest(t, i, json_array_get(list, i)));
        if (!t->spans[i].there)
            return no_answer("a text less");
    }
    return OK;
}

// The list has those that were asked for.
static enum status take_wholes(struct chat_texts *t, const json_t *root,
                               const struct chat_request *r)
{
    const json_t *list = json_object_get(root, "wholes");
    size_t next = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (!r->turns[i].reply)
            continue;
        if (next == json_array_size(list))
            return no_answer("a wrong number of replies");
        TRY(take_rest(t, i, json_array_get(list, next++)));
    }
    return next == json_array_size(list) ? OK : no_answer("replies that nobody asked");
}

static enum status take_all(struct chat_rendering *out, const json_t *root,
                            const struct chat_request *r)
{
    const char *error = json_string_value(json_object_get(root, "error"));
    const char *refusal = json_string_value(json_object_get(root, "refusal"));
    if (error)
        return status_fail(ERR_INPUT, "%.1000s", error);
    TRY(begin_texts(&out->asks, root, r));
    TRY(begin_texts(&out->wholes, root, r));
    TRY(take_asks(&out->asks, root));
    TRY(take_wholes(&out->wholes, root, r));
    return refusal ? mem_strdup(&out->refusal, refusal) : OK;
}

enum status chat_read_answer(struct chat_rendering *out, const struct chat_request *r,
                             const struct buf *answer)
{
    json_error_t error;
    json_t *root = json_loadb(buf_cstr(answer), answer->len, JSON_ALLOW_NUL, &error);
    if (!root)
        return status_fail(ERR_PROTOCOL, "chat template: the answer is not JSON: %s",
                           error.text);
    enum status st = take_all(out, root, r);
    json_decref(root);
    return st;
}

int chat_has_text(const struct chat_texts *t, size_t i)
{
    return i < t->n && t->spans[i].there;
}

void chat_append_text(struct buf *out, const struct chat_texts *t, size_t i)
{
    const struct chat_span *span = &t->spans[i];
    buf_append(out, t->head.data, t->head.len);
    if (span->to > span->from)
        buf_append(out, t->rests.data + span->from, span->to - span->from);
}

static void texts_free(struct chat_texts *t)
{
    buf_free(&t->head);
    buf_free(&t->rests);
    mem_free(t->spans);
    *t = (struct chat_texts){0};
}

void chat_rendering_free(struct chat_rendering *r)
{
    texts_free(&r->asks);
    texts_free(&r->wholes);
    mem_free(r->refusal);
    *r = (struct chat_rendering){0};
}

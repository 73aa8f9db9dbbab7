#include "launch/reply_end.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdint.h>
#include <string.h>

enum { SHOWN = 24 }; // bytes of a text in a message

struct shown {
    char text[2 * SHOWN + 1];
};

static int is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// [*from, *to) without the blanks at its ends.
static void trim(const char *text, size_t *from, size_t *to)
{
    while (*to > *from && is_blank(text[*to - 1]))
        --*to;
    while (*from < *to && is_blank(text[*from]))
        ++*from;
}

// The last place of `what` at or behind `least`; SIZE_MAX: there is none.
static size_t find_last(const struct buf *text, size_t least, const char *what)
{
    size_t len = strlen(what), found = SIZE_MAX;
    const char *data = buf_cstr(text);
    for (size_t at = least; at + len <= text->len; at++)
        if (memcmp(data + at, what, len) == 0)
            found = at;
    return found;
}

// The first added token in [*from, *to) that is more than blanks; -1: none.
static int32_t token_in(const struct tokenizer *t, const char *text, size_t *from,
                        size_t *to)
{
    for (size_t at = *from, end = *to; at < end;) {
        size_t begins = 0, ends = 0;
        int32_t id = tokenizer_added_in(t, text + at, end - at, &begins, &ends);
        if (id < 0)
            return -1;
        *from = at + begins;
        *to = at + ends;
        trim(text, from, to);
        if (*to > *from)
            return id;
        at += ends;
    }
    return -1;
}

// In one line; whole characters.
static struct shown show(const char *text, size_t len)
{
    struct shown s = {""};
    size_t at = 0;
    while (len && ((unsigned char)*text & 0xc0) == 0x80) {
        text++;
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            s.text[at++] = '\\';
        s.text[at++] = text[i] == '\n' ? 'n' : is_blank(text[i]) ? ' ' : text[i];
    }
    return s;
}

static enum status no_token(const char *text, size_t from, size_t to)
{
    trim(text, &from, &to);
    if (from == to)
        return OK;
    return status_fail(ERR_INPUT,
                       "it ends a reply by \"%s\", of which nothing is a token of the "
                       "tokenizer: no reply would end",
                       show(text + from, to - from < SHOWN ? to - from : SHOWN).text);
}

static enum status find_in(char **out, int32_t *id, const struct tokenizer *t,
                           const struct buf *whole)
{
    const char *text = buf_cstr(whole), *reply = strstr(text, REPLY_END_REPLY);
    size_t to = whole->len;
    char *copy = NULL;
    if (!reply) {
        log_info(
            "the chat template does not show a reply as it is: the end of the text "
            "ends one");
        return OK;
    }
    size_t from = (size_t)(reply - text) + strlen(REPLY_END_REPLY);
    int32_t found = token_in(t, text, &from, &to);
    if (found < 0)
        return no_token(text, from, to);
    TRY(mem_new(&copy, to - from + 1, 1));
    memcpy(copy, text + from, to - from);
    *out = copy;
    *id = found;
    return OK;
}

enum status reply_end_find(char **text, int32_t *id, const struct tokenizer *t,
                           const struct chat_rendering *r, size_t turn)
{
    struct buf whole = {0};
    *text = NULL;
    *id = -1;
    if (!chat_has_text(&r->wholes, turn)) {
        log_info(
            "the chat template refuses a conversation with its reply (%s): the end "
            "of the text ends one",
            r->refusal ? r->refusal : "no reason");
        return OK;
    }
    chat_append_text(&whole, &r->wholes, turn);
    enum status st = whole.status;
    if (st == OK)
        st = find_in(text, id, t, &whole);
    buf_free(&whole);
    return st;
}

// The last bytes of a text, for a message.
static struct shown show_tail(const struct buf *text)
{
    size_t len = text->len < SHOWN ? text->len : SHOWN;
    return show(buf_cstr(text) + text->len - len, len);
}

static enum status cut(struct buf *out, const struct buf *ask, const struct buf *whole,
                       const char *end_text)
{
    if (whole->len < ask->len || memcmp(buf_cstr(whole), buf_cstr(ask), ask->len) != 0)
        return status_fail(
            ERR_INPUT,
            "the chat template renders a finished reply otherwise than "
            "it begins one (the prompt ends in \"%s\"): sft needs one "
            "that does not, by prompt.template or prompt.template_kwargs",
            show_tail(ask).text);
    size_t end = end_text ? find_last(whole, ask->len, end_text) : whole->len;
    if (end == SIZE_MAX)
        return status_fail(ERR_INPUT, "the chat template ends this reply without %s",
                           end_text);
    buf_append(out, whole->data + ask->len, end - ask->len);
    return out->status;
}

enum status reply_end_cut(struct buf *out, const struct chat_rendering *r, size_t turn,
                          const char *prefill, const char *end_text)
{
    struct buf ask = {0}, whole = {0};
    if (!chat_has_text(&r->wholes, turn))
        return status_fail(ERR_INPUT, "the chat template refuses the reply: %s",
                           r->refusal ? r->refusal : "no reason");
    chat_append_text(&ask, &r->asks, turn);
    buf_str(&ask, prefill);
    chat_append_text(&whole, &r->wholes, turn);
    enum status st = ask.status != OK ? ask.status : whole.status;
    if (st == OK)
        st = cut(out, &ask, &whole, end_text);
    buf_free(&ask);
    buf_free(&whole);
    return st;
}

int reply_end_has_special(const struct tokenizer *t, const char *text)
{
    size_t len = strlen(text), piece_len = 0;
    for (size_t at = 0; at < len;) {
        size_t from = 0, to = 0;
        int32_t id = tokenizer_added_in(t, text + at, len - at, &from, &to);
        if (id < 0)
            return 0;
        if (!tokenizer_piece(t, id, &piece_len))
            return 1;
        at += to;
    }
    return 0;
}

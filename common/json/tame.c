// Text that jansson reads, of JSON that it refuses.
#include "json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SHOWN = 64, ESCAPE = 6 }; // \uXXXX

struct tamer {
    const char *text;
    size_t len, at;
    struct buf *out;
    size_t depth;
};

static int starts(const struct tamer *t, const char *word)
{
    size_t n = strlen(word);
    return t->len - t->at >= n && memcmp(t->text + t->at, word, n) == 0;
}

// The four digits behind \u at `at`; -1: that does not stand there.
static long escape_at(const struct tamer *t, size_t at)
{
    char digits[5] = "", *end = NULL;
    if (t->len - at < ESCAPE || t->text[at] != '\\' || t->text[at + 1] != 'u')
        return -1;
    memcpy(digits, t->text + at + 2, 4);
    long value = strtol(digits, &end, 16);
    return end == digits + 4 ? value : -1;
}

static int is_high(long point)
{
    return point >= 0xd800 && point < 0xdc00;
}

static int is_low(long point)
{
    return point >= 0xdc00 && point < 0xe000;
}

static void copy(struct tamer *t, size_t n)
{
    size_t left = t->len - t->at;
    n = n < left ? n : left;
    buf_append(t->out, t->text + t->at, n);
    t->at += n;
}

static void put_instead(struct tamer *t, size_t n, const char *other)
{
    buf_str(t->out, other);
    t->at += n;
}

static void tame_escape(struct tamer *t, int is_key)
{
    long point = escape_at(t, t->at);
    if (point < 0)
        copy(t, 2);
    else if (is_high(point) && is_low(escape_at(t, t->at + ESCAPE)))
        copy(t, 2 * (size_t)ESCAPE);
    else if (is_high(point) || is_low(point))
        put_instead(t, ESCAPE, "\\ufffd");
    else if (point == 0 && is_key)
        put_instead(t, ESCAPE, "\\u2400");
    else
        copy(t, ESCAPE);
}

static void tame_string(struct tamer *t)
{
    size_t end = json_string_end(t->text, t->len, t->at), next = end;
    while (next < t->len && json_is_blank(t->text[next]))
        next++;
    int is_key = next < t->len && t->text[next] == ':';
    copy(t, 1);
    while (t->at < end)
        if (t->text[t->at] == '\\')
            tame_escape(t, is_key);
        else
            copy(t, 1);
}

static size_t number_bytes(const struct tamer *t)
{
    size_t n = 0;
    while (t->at + n < t->len && strchr("+-.0123456789eE", t->text[t->at + n]) &&
           t->text[t->at + n])
        n++;
    return n;
}

// The whole of it must be a number as JSON writes one, or jansson is left to refuse it.
static enum status tame_number(struct tamer *t)
{
    size_t n = number_bytes(t);
    struct buf number = {0};
    char *end = NULL;
    buf_append(&number, t->text + t->at, n);
    TRY(number.status);
    const char *digits = buf_cstr(&number);
    int is_real = strpbrk(digits, ".eE") != NULL;
    int is_huge = isinf(strtod(digits, &end)) && *end == 0;
    errno = 0;
    int is_long = !is_real && (strtoll(digits, &end, 10), errno == ERANGE) && *end == 0;
    if (is_huge)
        buf_printf(t->out, "\"%.*s\"", NUMBER_SHOWN, digits);
    else
        buf_printf(t->out, "%s%s", digits, is_long ? ".0" : "");
    t->at += n;
    buf_free(&number);
    return OK;
}

// Past the container that begins here, unread.
static void skip_container(struct tamer *t)
{
    size_t open = 0;
    do {
        char c = t->text[t->at];
        open += c == '[' || c == '{';
        open -= c == ']' || c == '}';
        t->at = c == '"' ? json_string_end(t->text, t->len, t->at) : t->at + 1;
    } while (open && t->at < t->len);
}

static void tame_container(struct tamer *t)
{
    if (t->depth < JSON_DEEPEST) {
        t->depth++;
        copy(t, 1);
        return;
    }
    skip_container(t);
    buf_str(t->out, "null");
}

static int tame_word(struct tamer *t)
{
    static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (starts(t, words[i])) {
            buf_printf(t->out, "\"%s\"", words[i]);
            t->at += strlen(words[i]);
            return 1;
        }
    return 0;
}

static enum status tame_next(struct tamer *t)
{
    char c = t->text[t->at];
    if (c == '"')
        tame_string(t);
    else if (c == '[' || c == '{')
        tame_container(t);
    else if (tame_word(t))
        return OK;
    else if (c == '-' || (c >= '0' && c <= '9'))
        return tame_number(t);
    else {
        t->depth -= t->depth > 0 && (c == ']' || c == '}');
        copy(t, 1);
    }
    return OK;
}

enum status json_tame(struct buf *out, const char *text, size_t len)
{
    struct tamer t = {text, len, json_mark_bytes(text, len), out, 0};
    while (t.at < len)
        TRY(tame_next(&t));
    return out->status;
}

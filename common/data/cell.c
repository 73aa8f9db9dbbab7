#include "cell.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// No text has the mark but by escape: two control characters.
#define MARK         "\x01\x02"
#define MARK_ESCAPED "\"\\u0001\\u0002"

static size_t digits(const char *p, const char *end)
{
    const char *from = p;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return (size_t)(p - from);
}

// Length of the JSON number, NaN or Infinity at p; 0: none.
static size_t number_length(const char *p, const char *end)
{
    static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
    const char *from = p;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if ((size_t)(end - p) >= n && memcmp(p, words[i], n) == 0)
            return n;
    }
    p += p < end && *p == '-';
    size_t whole = digits(p, end);
    if (!whole || (whole > 1 && *p == '0'))
        return 0;
    p += whole;
    if (p < end && *p == '.') {
        size_t n = digits(p + 1, end);
        if (!n)
            return 0;
        p += 1 + n;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        const char *exponent = p + 1;
        exponent += exponent < end && (*exponent == '+' || *exponent == '-');
        size_t n = digits(exponent, end);
        if (!n)
            return 0;
        p = exponent + n;
    }
    return (size_t)(p - from);
}

// A number is followed by what ends a value; a key may not be one.
static int ends_value(const char *p, const char *end)
{
    if (p < end && (isalnum((unsigned char)*p) || *p == '.' || *p == '-' || *p == '+'))
        return 0;
    while (p < end && strchr(" \t\r\n", *p) && *p)
        p++;
    return p == end || *p != ':';
}

static size_t string_length(const char *p, const char *end)
{
    const char *from = p++;
    while (p < end && *p != '"')
        p += *p == '\\' && p + 1 < end ? 2 : 1;
    return (size_t)(p < end ? p + 1 - from : end - from);
}

// Writes the text with every number as a marked string, until `most` bytes are written;
// returns how far it came.
static size_t mark_numbers(struct buf *out, const char *text, size_t len, size_t most)
{
    const char *p = text, *end = text + len;
    while (p < end && out->len < most) {
        size_t number = strchr("-0123456789NI", *p) && *p ? number_length(p, end) : 0;
        if (number && ends_value(p + number, end)) {
            buf_str(out, MARK_ESCAPED);
            buf_append(out, p, number);
            buf_char(out, '"');
            p += number;
            continue;
        }
        size_t n = *p == '"' ? string_length(p, end) : number ? number : 1;
        buf_append(out, p, n);
        p += n;
    }
    return (size_t)(p - text);
}

// The byte of the text that stands at byte `at` of its marked form.
static size_t unmarked(const char *text, size_t len, size_t at)
{
    struct buf scratch = {0};
    size_t from = mark_numbers(&scratch, text, len, at);
    size_t beyond = scratch.len > at ? scratch.len - at : 0; // within a long string
    buf_free(&scratch);
    return from > beyond ? from - beyond : 0;
}

enum status cell_read(json_t **out, const char *text, size_t len, size_t *at)
{
    struct buf marked = {0};
    json_error_t error = {0};
    size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY;
    mark_numbers(&marked, text, len, (size_t)-1);
    enum status st = marked.status;
    json_t *value =
        st == OK ? json_loadb(buf_cstr(&marked), marked.len, flags, &error) : NULL;
    buf_free(&marked);
    TRY(st);
    if (value) {
        *out = value;
        return OK;
    }
    *at = unmarked(text, len, error.position > 0 ? (size_t)error.position : 0);
    if (strstr(error.text, "unable to decode byte"))
        return status_fail(ERR_INPUT, "not UTF-8: %s", error.text);
    return status_fail(ERR_INPUT, "not JSON: %s", error.text);
}

size_t cell_length(const char *text, size_t len)
{
    size_t open = 0;
    for (const char *p = text, *end = text + len; p < end;) {
        if (*p == '"') {
            p += string_length(p, end);
            continue;
        }
        open += *p == '{' || *p == '[';
        open -= open && (*p == '}' || *p == ']');
        p++;
        if (open == 0)
            return (size_t)(p - text);
    }
    return 0;
}

enum status cell_write(struct buf *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        return status_fail(ERR_NOMEM, "cannot write a JSON row");
    const char *p = text;
    for (const char *mark; (mark = strstr(p, MARK_ESCAPED)) != NULL;) {
        const char *number = mark + sizeof MARK_ESCAPED - 1;
        const char *end = strchr(number, '"');
        buf_append(out, p, (size_t)(mark - p));
        buf_append(out, number, (size_t)(end - number));
        p = end + 1;
    }
    buf_str(out, p);
    free(text);
    return out->status;
}

const char *cell_number(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && strncmp(text, MARK, sizeof MARK - 1) == 0 ? text + sizeof MARK - 1
                                                             : NULL;
}

int cell_is_absent(const json_t *value)
{
    const char *number = cell_number(value);
    return !value || json_is_null(value) || (number && strcmp(number, "NaN") == 0);
}

static const char *kind_of(const json_t *value)
{
    return json_is_object(value)    ? "an object"
           : json_is_array(value)   ? "a list"
           : json_is_boolean(value) ? "true or false"
           : json_is_null(value)    ? "null"
                                    : "no text";
}

enum status cell_text(const char **out, const json_t *value, const char *name)
{
    const char *text = cell_number(value);
    if (text && strchr("NI", text[*text == '-']))
        return status_fail(ERR_INPUT, "\"%s\" is %s", name, text);
    if (!text)
        text = json_string_value(value);
    if (!text)
        return status_fail(ERR_INPUT, "\"%s\" is not a string, but %s", name,
                           kind_of(value));
    if (json_is_string(value) && !cell_number(value) &&
        strlen(text) != json_string_length(value))
        return status_fail(ERR_INPUT, "\"%s\" contains a NUL", name);
    *out = text;
    return OK;
}

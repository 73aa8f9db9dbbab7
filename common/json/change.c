#include "json.h"

#include <string.h>

struct walk {
    const char *text;
    size_t len, at;
};

static void skip_blanks(struct walk *w)
{
    while (w->at < w->len && json_is_blank(w->text[w->at]))
        w->at++;
}

// Past the value that begins here, without the blanks behind it.
static void skip_value(struct walk *w)
{
    size_t open = 0;
    for (; w->at < w->len; w->at++) {
        char c = w->text[w->at];
        if (c == '"') {
            w->at = json_string_end(w->text, w->len, w->at) - 1;
            continue;
        }
        if (!open && (c == ',' || c == '}' || json_is_blank(c)))
            return;
        open += c == '[' || c == '{';
        open -= c == ']' || c == '}';
    }
}

static const char *value_for(const struct json_change *changes, size_t n,
                             const char *key, size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(changes[i].key) == len && memcmp(changes[i].key, key, len) == 0)
            return changes[i].value;
    return NULL;
}

enum status json_change_members(struct buf *out, const char *text, size_t len,
                                const struct json_change *changes, size_t n)
{
    struct walk w = {text, len, json_mark_bytes(text, len)};
    size_t copied = w.at;
    while (w.at < len) {
        // Every string met here is a key: values are skipped with their colons.
        if (text[w.at] != '"') {
            w.at++;
            continue;
        }
        size_t key = w.at + 1;
        w.at = json_string_end(text, len, w.at);
        const char *value = value_for(changes, n, text + key, w.at - 1 - key);
        skip_blanks(&w);
        w.at += w.at < len; // the colon
        skip_blanks(&w);
        if (value) {
            buf_append(out, text + copied, w.at - copied);
            buf_str(out, value);
        }
        skip_value(&w);
        copied = value ? w.at : copied;
    }
    buf_append(out, text + copied, len - copied);
    return out->status;
}

#include "config_value.h"

#include "config_json.h"

#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *field(const struct config_key *key, void *settings)
{
    return (char *)settings + key->offset;
}

void config_value_allowed(const struct config_key *key, struct buf *out)
{
    switch (key->type) {
    case CONFIG_INT:
        buf_printf(out, "a whole number from %.0f to %.0f", key->min, key->max);
        break;
    case CONFIG_FLOAT:
        buf_printf(out, "a number from %g to %g", key->min, key->max);
        break;
    case CONFIG_STRING:
        buf_str(out, "text");
        break;
    case CONFIG_CHOICE:
        buf_printf(out, "one of %s", key->choices);
        break;
    case CONFIG_INTS:
        buf_printf(out, "a list of 1 to %d whole numbers from %.0f to %.0f",
                   CONFIG_MAX_INTS, key->min, key->max);
        break;
    case CONFIG_LIST:
        buf_str(out, "a list: [a, b]");
        break;
    case CONFIG_MAP:
        buf_str(out, "a map: {a: b}");
        break;
    }
}

static enum status refuse(const struct config_key *key, const char *text)
{
    struct buf allowed = {0};
    config_value_allowed(key, &allowed);
    enum status st = status_fail(ERR_INPUT, "%s: '%.60s' is not %s", key->name, text,
                                 buf_cstr(&allowed));
    buf_free(&allowed);
    return st;
}

// The number at *text within the key's bounds; moves *text behind it.
static int parse_int(const struct config_key *key, const char **text, int64_t *out)
{
    char *end;
    errno = 0;
    long long value = strtoll(*text, &end, 10);
    if (end == *text || errno || (double)value < key->min || (double)value > key->max)
        return 0;
    *text = end;
    *out = value;
    return 1;
}

static enum status set_int(const struct config_key *key, int64_t *out, const char *text)
{
    const char *end = text;
    int64_t value;
    if (!parse_int(key, &end, &value) || *end)
        return refuse(key, text);
    *out = value;
    return OK;
}

static enum status set_float(const struct config_key *key, double *out,
                             const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value) || value < key->min || value > key->max)
        return refuse(key, text);
    *out = value;
    return OK;
}

static int is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);
    for (const char *word = choices; word; word = strchr(word, '|')) {
        word += *word == '|';
        size_t n = strcspn(word, "|");
        if (n == len && memcmp(word, text, n) == 0)
            return 1;
    }
    return 0;
}

static enum status set_string(const struct config_key *key, char **out,
                              const char *text)
{
    if (key->type == CONFIG_CHOICE && !is_choice(key->choices, text))
        return refuse(key, text);
    char *copy = NULL;
    TRY(mem_strdup(&copy, text));
    mem_free(*out);
    *out = copy;
    return OK;
}

static const char *skip_spaces(const char *p)
{
    return p + strspn(p, " \t");
}

// "[4, 2]" or "4,2".
static enum status set_ints(const struct config_key *key, struct config_ints *out,
                            const char *text)
{
    struct config_ints list = {0};
    const char *p = skip_spaces(text);
    int bracket = *p == '[';
    for (p += bracket;;) {
        p = skip_spaces(p);
        if (list.n == CONFIG_MAX_INTS || !parse_int(key, &p, &list.items[list.n]))
            return refuse(key, text);
        list.n++;
        p = skip_spaces(p);
        if (*p != ',')
            break;
        p++;
    }
    if (bracket && *p == ']')
        p = skip_spaces(p + 1);
    else if (bracket)
        return refuse(key, text);
    if (*p)
        return refuse(key, text);
    *out = list;
    return OK;
}

// As JSON, whichever of YAML's ways it was written in.
static enum status set_json(const struct config_key *key, char **out, const char *text)
{
    struct buf json = {0};
    char first = key->type == CONFIG_LIST ? '[' : '{', *copy = NULL;
    enum status st;
    TRY_OUT(status_wrap(config_json_text(&json, text), "%s: '%.60s'", key->name, text));
    if (*buf_cstr(&json) != first) {
        st = refuse(key, text);
        goto out;
    }
    TRY_OUT(mem_strdup(&copy, buf_cstr(&json)));
    mem_free(*out);
    *out = copy;
out:
    buf_free(&json);
    return st;
}

enum status config_value_set(const struct config_key *key, void *settings,
                             const char *text)
{
    switch (key->type) {
    case CONFIG_INT:
        return set_int(key, field(key, settings), text);
    case CONFIG_FLOAT:
        return set_float(key, field(key, settings), text);
    case CONFIG_STRING:
    case CONFIG_CHOICE:
        return set_string(key, field(key, settings), text);
    case CONFIG_INTS:
        return set_ints(key, field(key, settings), text);
    case CONFIG_LIST:
    case CONFIG_MAP:
        return set_json(key, field(key, settings), text);
    }
    return status_fail(ERR_INTERNAL, "%s: no such type", key->name);
}

// A double-quoted YAML scalar.
static void print_quoted(struct buf *out, const char *text)
{
    buf_char(out, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            buf_printf(out, "\\%c", *p);
        else if ((unsigned char)*p < 0x20)
            buf_printf(out, "\\x%02x", (unsigned)*p);
        else
            buf_char(out, *p);
    }
    buf_char(out, '"');
}

void config_value_print(const struct config_key *key, const void *settings,
                        struct buf *out)
{
    const void *at = (const char *)settings + key->offset;
    if (key->type == CONFIG_INT) {
        buf_printf(out, "%lld", (long long)*(const int64_t *)at);
    } else if (key->type == CONFIG_FLOAT) {
        buf_printf(out, "%.17g", *(const double *)at);
    } else if (key->type == CONFIG_INTS) {
        const struct config_ints *list = at;
        for (int64_t i = 0; i < list->n; i++)
            buf_printf(out, "%s%lld", i ? ", " : "[", (long long)list->items[i]);
        buf_char(out, ']');
    } else if (key->type == CONFIG_LIST || key->type == CONFIG_MAP) {
        buf_str(out, *(char *const *)at); // JSON is YAML
    } else {
        print_quoted(out, *(char *const *)at);
    }
}

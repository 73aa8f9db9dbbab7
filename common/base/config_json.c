#include "config_json.h"

#include <string.h>

static void add_string(struct buf *out, const char *text)
{
    buf_char(out, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            buf_printf(out, "\\%c", *p);
        else if ((unsigned char)*p < 0x20)
            buf_printf(out, "\\u%04x", (unsigned)*p);
        else
            buf_char(out, *p);
    }
    buf_char(out, '"');
}

static const char *skip_digits(const char *p)
{
    return p + strspn(p, "0123456789");
}

// By JSON's grammar: no leading zeros, digits on both sides of the point.
static int is_number(const char *text)
{
    const char *p = text + (*text == '-'), *end = skip_digits(p);
    if (end == p || (*p == '0' && end != p + 1))
        return 0;
    if (*end == '.') {
        p = end + 1;
        end = skip_digits(p);
        if (end == p)
            return 0;
    }
    if (*end == 'e' || *end == 'E') {
        p = end + 1 + (end[1] == '-' || end[1] == '+');
        end = skip_digits(p);
        if (end == p)
            return 0;
    }
    return *end == '\0';
}

static void add_scalar(struct buf *out, const yaml_event_t *e)
{
    static const char *const words[] = {"true", "false", "null"};
    const char *text = (const char *)e->data.scalar.value;
    int typed = 0;
    if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        typed = is_number(text);
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            typed |= strcmp(text, words[i]) == 0;
    }
    if (typed)
        buf_str(out, text);
    else
        add_string(out, text);
}

static enum status next(yaml_parser_t *p, yaml_event_t *e)
{
    if (yaml_parser_parse(p, e))
        return OK;
    return status_fail(ERR_INPUT, "%s", p->problem ? p->problem : "not YAML");
}

static enum status add_value(struct buf *out, yaml_parser_t *p, const yaml_event_t *e,
                             int depth);

// One item of a list, or a key with its value, that begins with `e`.
static enum status add_item(struct buf *out, yaml_parser_t *p, const yaml_event_t *e,
                            int is_map, int depth)
{
    yaml_event_t value;
    if (!is_map)
        return add_value(out, p, e, depth);
    if (e->type != YAML_SCALAR_EVENT)
        return status_fail(ERR_INPUT, "a key must be plain text");
    add_string(out, (const char *)e->data.scalar.value);
    buf_char(out, ':');
    TRY(next(p, &value));
    enum status st = add_value(out, p, &value, depth);
    yaml_event_delete(&value);
    return st;
}

static enum status add_items(struct buf *out, yaml_parser_t *p, int is_map, int depth)
{
    buf_char(out, is_map ? '{' : '[');
    for (size_t n = 0;; n++) {
        yaml_event_t e;
        TRY(next(p, &e));
        int end = e.type == YAML_MAPPING_END_EVENT || e.type == YAML_SEQUENCE_END_EVENT;
        if (!end && n > 0)
            buf_char(out, ',');
        enum status st = end ? OK : add_item(out, p, &e, is_map, depth);
        yaml_event_delete(&e);
        TRY(st);
        if (end)
            break;
    }
    buf_char(out, is_map ? '}' : ']');
    return out->status;
}

static enum status add_value(struct buf *out, yaml_parser_t *p, const yaml_event_t *e,
                             int depth)
{
    if (depth > CONFIG_JSON_MAX_DEPTH)
        return status_fail(ERR_INPUT, "lists and maps too deep in each other");
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        add_scalar(out, e);
        return out->status;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return add_items(out, p, e->type == YAML_MAPPING_START_EVENT, depth + 1);
    default:
        return status_fail(ERR_INPUT, "a text, a list or a map must stand here");
    }
}

enum status config_json_event(struct buf *out, yaml_parser_t *p,
                              const yaml_event_t *first)
{
    return add_value(out, p, first, 0);
}

// The value between the events that begin a stream and a document.
static enum status read_text(struct buf *out, yaml_parser_t *p)
{
    yaml_event_t e;
    int is_frame;
    do {
        TRY(next(p, &e));
        is_frame =
            e.type == YAML_STREAM_START_EVENT || e.type == YAML_DOCUMENT_START_EVENT;
        if (is_frame)
            yaml_event_delete(&e);
    } while (is_frame);
    enum status st = config_json_event(out, p, &e);
    yaml_event_delete(&e);
    TRY(st);
    TRY(next(p, &e)); // the document's end, without another value before it
    yaml_event_delete(&e);
    return OK;
}

enum status config_json_text(struct buf *out, const char *text)
{
    yaml_parser_t p;
    if (!yaml_parser_initialize(&p))
        return status_fail(ERR_NOMEM, "cannot start the YAML parser");
    yaml_parser_set_input_string(&p, (const unsigned char *)text, strlen(text));
    enum status st = read_text(out, &p);
    yaml_parser_delete(&p);
    return st;
}

// Reading settings: YAML by libyaml's events, which carry line numbers.
#include "config.h"
#include "config_json.h"
#include "config_value.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct reader {
    const struct config_schema *schema;
    void *settings;
    const char *path;
    yaml_parser_t parser;
    yaml_event_t event; // the current one, valid where has_event
    int has_event;
    char *seen; // one byte a key: 1 where the file has set it
};

static size_t line_of(const struct reader *r)
{
    return r->event.start_mark.line + 1;
}

static enum status next(struct reader *r)
{
    if (r->has_event)
        yaml_event_delete(&r->event);
    r->has_event = 0;
    if (!yaml_parser_parse(&r->parser, &r->event))
        return status_fail(ERR_INPUT, "%s:%zu: %s", r->path,
                           r->parser.problem_mark.line + 1,
                           r->parser.problem ? r->parser.problem : "not YAML");
    r->has_event = 1;
    return OK;
}

static const char *scalar(const struct reader *r)
{
    return (const char *)r->event.data.scalar.value;
}

// Edit distance, for "did you mean": names are short.
static size_t distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    size_t row[MAX + 1], n = strlen(b);
    if (n > MAX || strlen(a) > MAX)
        return MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t change = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            size_t least = row[j] < diagonal ? row[j] + 1 : diagonal + 1;
            row[j + 1] = change < least ? change : least;
        }
    }
    return row[n];
}

static const struct config_key *closest(const struct config_schema *s, const char *name)
{
    const struct config_key *best = s->keys;
    for (size_t i = 1; i < s->n; i++)
        if (distance(s->keys[i].name, name) < distance(best->name, name))
            best = &s->keys[i];
    return best;
}

// s->n: there is none.
static size_t index_of(const struct config_schema *s, const char *name)
{
    size_t i = 0;
    while (i < s->n && strcmp(s->keys[i].name, name) != 0)
        i++;
    return i;
}

static enum status find(const struct config_schema *s, const char *name, size_t *index)
{
    *index = index_of(s, name);
    if (*index < s->n)
        return OK;
    return status_fail(ERR_INPUT, "%s: no such key; did you mean %s?", name,
                       closest(s, name)->name);
}

enum status config_set(const struct config_schema *schema, void *settings,
                       const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    char name[128];
    size_t index;
    if (!equals || (size_t)(equals - assignment) >= sizeof name)
        return status_fail(ERR_INPUT, "'%s' is not key=value", assignment);
    (void)snprintf(name, sizeof name, "%.*s", (int)(equals - assignment), assignment);
    TRY(find(schema, name, &index));
    return config_value_set(&schema->keys[index], settings, equals + 1);
}

// The value of a key: as JSON where the key's type is that, else a scalar, or a list of
// scalars joined by commas.
static enum status read_value(struct reader *r, const struct config_key *key,
                              struct buf *text)
{
    const char *name = key->name;
    size_t line = line_of(r);
    TRY(next(r));
    if (key->type == CONFIG_LIST || key->type == CONFIG_MAP)
        return status_wrap(config_json_event(text, &r->parser, &r->event), "%s:%zu: %s",
                           r->path, line, name);
    if (r->event.type == YAML_SCALAR_EVENT) {
        buf_str(text, scalar(r));
        return text->status;
    }
    if (r->event.type != YAML_SEQUENCE_START_EVENT)
        return status_fail(ERR_INPUT, "%s:%zu: %s: a value or a list must follow",
                           r->path, line_of(r), name);
    for (;;) {
        TRY(next(r));
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return text->status;
        if (r->event.type != YAML_SCALAR_EVENT)
            return status_fail(ERR_INPUT, "%s:%zu: %s: a list holds plain values only",
                               r->path, line_of(r), name);
        buf_printf(text, "%s%s", text->len ? "," : "", scalar(r));
    }
}

// Sets key `name` to the value that follows.
static enum status set_key(struct reader *r, const char *name)
{
    struct buf text = {0};
    size_t index = 0, line = line_of(r);
    enum status st = find(r->schema, name, &index);
    if (st != OK)
        return status_wrap(st, "%s:%zu", r->path, line);
    if (r->seen[index]++)
        return status_fail(ERR_INPUT, "%s:%zu: %s: set twice", r->path, line, name);
    TRY_OUT(read_value(r, &r->schema->keys[index], &text));
    st = status_wrap(
        config_value_set(&r->schema->keys[index], r->settings, buf_cstr(&text)),
        "%s:%zu", r->path, line);
out:
    buf_free(&text);
    return st;
}

static enum status read_key(struct reader *r, const char *section)
{
    char name[128];
    if (r->event.type != YAML_SCALAR_EVENT)
        return status_fail(ERR_INPUT, "%s:%zu: a key must be plain text", r->path,
                           line_of(r));
    (void)snprintf(name, sizeof name, "%s.%s", section, scalar(r));
    return set_key(r, name);
}

// A section with its keys, or a key of no section.
static enum status read_section(struct reader *r)
{
    char section[64];
    if (r->event.type != YAML_SCALAR_EVENT)
        return status_fail(ERR_INPUT, "%s:%zu: a section's name must be plain text",
                           r->path, line_of(r));
    (void)snprintf(section, sizeof section, "%s", scalar(r));
    if (index_of(r->schema, section) < r->schema->n)
        return set_key(r, section);
    TRY(next(r));
    if (r->event.type != YAML_MAPPING_START_EVENT)
        return status_fail(ERR_INPUT, "%s:%zu: %s: 'key: value' lines must follow",
                           r->path, line_of(r), section);
    for (;;) {
        TRY(next(r));
        if (r->event.type == YAML_MAPPING_END_EVENT)
            return OK;
        TRY(read_key(r, section));
    }
}

static enum status read_document(struct reader *r)
{
    do {
        TRY(next(r));
    } while (r->event.type == YAML_STREAM_START_EVENT ||
             r->event.type == YAML_DOCUMENT_START_EVENT);
    if (r->event.type == YAML_STREAM_END_EVENT)
        return OK; // an empty file sets nothing
    if (r->event.type != YAML_MAPPING_START_EVENT)
        return status_fail(ERR_INPUT, "%s:%zu: sections must stand at the top", r->path,
                           line_of(r));
    for (;;) {
        TRY(next(r));
        if (r->event.type == YAML_MAPPING_END_EVENT)
            return OK;
        TRY(read_section(r));
    }
}

enum status config_load(const struct config_schema *schema, void *settings,
                        const char *path)
{
    struct reader r = {.schema = schema, .settings = settings, .path = path};
    FILE *file = fopen(path, "rb");
    enum status st;
    if (!file)
        return status_fail(ERR_INPUT, "%s: %s", path, strerror(errno));
    if (!yaml_parser_initialize(&r.parser)) {
        (void)fclose(file);
        return status_fail(ERR_NOMEM, "%s: cannot start the YAML parser", path);
    }
    yaml_parser_set_input_file(&r.parser, file);
    TRY_OUT(mem_new(&r.seen, schema->n, 1));
    st = read_document(&r);
out:
    if (r.has_event)
        yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    mem_free(r.seen);
    (void)fclose(file);
    return st;
}

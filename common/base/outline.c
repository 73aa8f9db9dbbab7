#include "outline.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct walk {
    struct outline *out;
    const char *name;
    yaml_parser_t parser;
    char path[OUTLINE_MAX_PATH];
    size_t lengths[OUTLINE_MAX_DEPTH + 1]; // of the path, by depth of maps
    int depth, want_value;
};

void outline_free(struct outline *o)
{
    for (size_t i = 0; i < o->n; i++) {
        mem_free(o->items[i].path);
        mem_free(o->items[i].text);
    }
    mem_free(o->items);
    *o = (struct outline){0};
}

static enum status fail_at(const struct walk *w, const yaml_mark_t *mark,
                           const char *why)
{
    return status_fail(ERR_INPUT, "%s:%zu: %s", w->name, mark->line + 1, why);
}

static enum status take_key(struct walk *w, const yaml_event_t *e)
{
    const char *key = (const char *)e->data.scalar.value;
    size_t at = w->lengths[w->depth];
    int n = snprintf(w->path + at, sizeof w->path - at, "%s%s", at > 0 ? "." : "", key);
    if (!key[0] || strchr(key, '.'))
        return fail_at(w, &e->start_mark, "a key is plain text without dots");
    if (n < 0 || (size_t)n >= sizeof w->path - at)
        return fail_at(w, &e->start_mark, "keys too long");
    if (outline_get(w->out, w->path))
        return fail_at(w, &e->start_mark, "set twice");
    w->want_value = 1;
    return OK;
}

static enum status take_value(struct walk *w, const yaml_event_t *e)
{
    struct outline *o = w->out;
    TRY(mem_grow(&o->items, &o->capacity, o->n, o->n + 1, sizeof *o->items));
    struct outline_item *item = &o->items[o->n++];
    *item = (struct outline_item){.line = e->start_mark.line + 1};
    w->want_value = 0;
    TRY(mem_strdup(&item->path, w->path));
    return mem_strdup(&item->text, (const char *)e->data.scalar.value);
}

static enum status enter(struct walk *w, const yaml_event_t *e)
{
    if (w->depth == OUTLINE_MAX_DEPTH)
        return fail_at(w, &e->start_mark, "maps too deep in each other");
    if (w->depth > 0 && !w->want_value)
        return fail_at(w, &e->start_mark, "a key is plain text");
    w->lengths[w->depth + 1] = w->depth > 0 ? strlen(w->path) : 0;
    w->depth++;
    w->want_value = 0;
    return OK;
}

static enum status take(struct walk *w, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_MAPPING_START_EVENT:
        return enter(w, e);
    case YAML_MAPPING_END_EVENT:
        w->depth--;
        return OK;
    case YAML_SCALAR_EVENT:
        if (w->depth == 0)
            return fail_at(w, &e->start_mark, "a map of keys must stand here");
        return w->want_value ? take_value(w, e) : take_key(w, e);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_ALIAS_EVENT:
        return fail_at(w, &e->start_mark, "lists and aliases are not read here");
    default:
        return OK;
    }
}

static enum status walk_events(struct walk *w)
{
    for (int more = 1; more;) {
        yaml_event_t e;
        if (!yaml_parser_parse(&w->parser, &e))
            return fail_at(w, &w->parser.problem_mark,
                           w->parser.problem ? w->parser.problem : "not YAML");
        more = e.type != YAML_STREAM_END_EVENT;
        enum status st = take(w, &e);
        yaml_event_delete(&e);
        TRY(st);
    }
    return OK;
}

enum status outline_read(struct outline *out, const char *text, size_t len,
                         const char *name)
{
    struct outline read = {0};
    struct walk w = {.out = &read, .name = name};
    if (!yaml_parser_initialize(&w.parser))
        return status_fail(ERR_NOMEM, "%s: no memory for its parser", name);
    yaml_parser_set_input_string(&w.parser, (const unsigned char *)text, len);
    enum status st = walk_events(&w);
    yaml_parser_delete(&w.parser);
    if (st != OK)
        outline_free(&read);
    *out = read;
    return st;
}

const char *outline_get(const struct outline *o, const char *path)
{
    for (size_t i = 0; i < o->n; i++)
        if (strcmp(o->items[i].path, path) == 0)
            return o->items[i].text;
    return NULL;
}

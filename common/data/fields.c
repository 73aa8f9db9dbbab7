#include "fields.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

static enum status take_name(struct fields *f, const char *key, const json_t *value)
{
    const char *name = json_string_value(value);
    const char **to = strcmp(key, "question") == 0   ? &f->question
                      : strcmp(key, "answer") == 0   ? &f->answer
                      : strcmp(key, "solution") == 0 ? &f->solution
                                                     : NULL;
    if (!to)
        return status_fail(
            ERR_INPUT, "data.fields: %.40s is none of question, answer, solution", key);
    if (!name || !*name)
        return status_fail(ERR_INPUT, "data.fields: %s is not the name of a field",
                           key);
    *to = name;
    return OK;
}

enum status fields_open(struct fields *out, const char *map)
{
    struct fields f = {0};
    json_error_t error;
    const char *key;
    json_t *value;
    if (!map || !*map)
        return OK;
    f.map = json_loads(map, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(f.map)) {
        json_decref(f.map);
        return status_fail(ERR_INPUT, "data.fields is a map, {question: NAME}: %s",
                           map);
    }
    json_object_foreach(f.map, key, value)
    {
        enum status st = take_name(&f, key, value);
        if (st != OK) {
            json_decref(f.map);
            return st;
        }
    }
    *out = f;
    return OK;
}

void fields_close(struct fields *f)
{
    json_decref(f->map);
    *f = (struct fields){0};
}

int fields_named(const struct fields *f)
{
    return f->question || f->answer || f->solution;
}

// One step of a path: a field, or an item of a list.
static const json_t *step(const json_t *value, const char *name, size_t len)
{
    char key[256];
    if (json_is_array(value) && len > 0 && strspn(name, "0123456789") >= len)
        return json_array_get(value, strtoul(name, NULL, 10));
    if (len >= sizeof key)
        return NULL;
    memcpy(key, name, len);
    key[len] = 0;
    return json_object_get(value, key);
}

const json_t *field_at(const json_t *row, const char *path)
{
    while (row) {
        const json_t *whole = step(row, path, strlen(path));
        const char *dot = strchr(path, '.');
        if (whole || !dot)
            return whole;
        row = step(row, path, (size_t)(dot - path));
        path = dot + 1;
    }
    return NULL;
}

enum status field_missing(const json_t *row, const char *name)
{
    struct buf names = {0};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)row, key, value)
    {
        (void)value;
        if (names.len < 160)
            buf_printf(&names, "%s%.40s", names.len ? ", " : "", key);
    }
    enum status st =
        status_fail(ERR_INPUT, "no field \"%s\" (it has: %s; data.fields names others)",
                    name, names.len ? buf_cstr(&names) : "none");
    buf_free(&names);
    return st;
}

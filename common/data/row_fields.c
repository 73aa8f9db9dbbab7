#include "row_fields.h"

#include "cell.h"
#include "fields.h"

enum status row_text(const char **out, const json_t *row, const char *name)
{
    const json_t *value = field_at(row, name);
    return value ? cell_text(out, value, name) : field_missing(row, name);
}

enum status row_full_text(const char **out, const json_t *row, const char *name)
{
    TRY(row_text(out, row, name));
    return **out ? OK : status_fail(ERR_INPUT, "\"%s\" is empty", name);
}

enum status row_optional_text(const char **out, const json_t *row, const char *name)
{
    *out = "";
    return cell_is_absent(field_at(row, name)) ? OK : row_text(out, row, name);
}

enum status row_inner_json(json_t **out, const char *text, const char *name)
{
    json_error_t error;
    *out = json_loads(text, JSON_DECODE_ANY, &error);
    if (*out)
        return OK;
    return status_fail(ERR_INPUT, "\"%s\" holds no JSON: %s", name, error.text);
}

enum status row_lines(struct buf *out, const json_t *row, const char *name)
{
    const json_t *list = json_object_get(row, name);
    if (list && !json_is_array(list))
        return status_fail(ERR_INPUT, "\"%s\" is not a list", name);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *line = json_string_value(item);
        if (!line || cell_number(item))
            return status_fail(ERR_INPUT, "\"%s\"[%zu] is not a string", name, i);
        buf_str(out, line);
        buf_char(out, '\n');
    }
    return out->status;
}

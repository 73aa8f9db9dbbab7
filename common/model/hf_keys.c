#include "hf_keys.h"

#include "base/mem.h"

#include <math.h>

int key_is_set(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return value && !json_is_null(value);
}

static int is_whole(const json_t *value, double *out)
{
    *out = json_number_value(value);
    return json_is_integer(value) || (json_is_real(value) && *out == floor(*out));
}

enum status key_int(const json_t *object, const char *key, int32_t *out)
{
    const json_t *value = json_object_get(object, key);
    if (!key_is_set(object, key))
        return OK;
    double n;
    if (!is_whole(value, &n) || n < INT32_MIN || n > INT32_MAX)
        return status_fail(ERR_INPUT, "%s is not a 32-bit integer", key);
    *out = (int32_t)n;
    return OK;
}

enum status key_required_int(const json_t *object, const char *key, int32_t *out)
{
    if (!key_is_set(object, key))
        return status_fail(ERR_INPUT, "%s is missing", key);
    return key_int(object, key, out);
}

enum status key_number(const json_t *object, const char *key, double *out)
{
    const json_t *value = json_object_get(object, key);
    if (!key_is_set(object, key))
        return OK;
    if (!json_is_number(value))
        return status_fail(ERR_INPUT, "%s is not a number", key);
    *out = json_number_value(value);
    return OK;
}

enum status key_bool(const json_t *object, const char *key, int32_t *out)
{
    const json_t *value = json_object_get(object, key);
    if (!key_is_set(object, key))
        return OK;
    if (!json_is_boolean(value))
        return status_fail(ERR_INPUT, "%s is not true or false", key);
    *out = json_is_true(value);
    return OK;
}

static enum status add_id(const json_t *value, const char *key, int32_t below,
                          int32_t **ids, size_t *n)
{
    double id;
    size_t capacity = *n;
    if (json_is_null(value))
        return OK;
    if (!is_whole(value, &id))
        return status_fail(ERR_INPUT, "%s is not a token id or a list of some", key);
    if (id < 0 || id >= below)
        return OK;
    for (size_t i = 0; i < *n; i++)
        if ((*ids)[i] == (int32_t)id)
            return OK;
    TRY(mem_grow(ids, &capacity, *n, *n + 1, sizeof **ids));
    (*ids)[(*n)++] = (int32_t)id;
    return OK;
}

enum status key_ids(const json_t *object, const char *key, int32_t below, int32_t **ids,
                    size_t *n)
{
    const json_t *value = json_object_get(object, key);
    if (!key_is_set(object, key))
        return OK;
    if (!json_is_array(value))
        return add_id(value, key, below, ids, n);
    for (size_t i = 0; i < json_array_size(value); i++)
        TRY(add_id(json_array_get(value, i), key, below, ids, n));
    return OK;
}

enum status key_refuse_true(const json_t *object, const char *key)
{
    int32_t set = 0;
    TRY(key_bool(object, key, &set));
    return set ? status_fail(ERR_INPUT, "%s is true, which is not supported", key) : OK;
}

#include "hf_keys.h"

int key_is_set(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return value && !json_is_null(value);
}

enum status key_int(const json_t *object, const char *key, int32_t *out)
{
    const json_t *value = json_object_get(object, key);
    if (!key_is_set(object, key))
        return OK;
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < INT32_MIN || n > INT32_MAX)
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

enum status key_refuse_true(const json_t *object, const char *key)
{
    int32_t set = 0;
    TRY(key_bool(object, key, &set));
    return set ? status_fail(ERR_INPUT, "%s is true, which is not supported", key) : OK;
}

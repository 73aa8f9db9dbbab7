#include "fields.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static enum status refuse(const struct fields *f, const char *key, const char *why)
{
    return status_fail(ERR_PROTOCOL, "%s: %s: %s", f->message ? f->message : "message",
                       key, why);
}

static enum status find(const struct fields *f, const char *key,
                        const struct field **out)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < f->n; i++) {
        const struct field *at = &f->items[i];
        if (at->key_len == len && memcmp(at->key, key, len) == 0) {
            *out = at;
            return OK;
        }
    }
    return refuse(f, key, "missing");
}

enum status field_u64(const struct fields *f, const char *key, uint64_t *out)
{
    const struct field *at = NULL;
    TRY(find(f, key, &at));
    if (at->kind != FIELD_UINT)
        return refuse(f, key, "not an unsigned number");
    *out = at->number.u;
    return OK;
}

enum status field_int(const struct fields *f, const char *key, int64_t min, int64_t max,
                      int64_t *out)
{
    const struct field *at = NULL;
    int64_t value = 0;
    TRY(find(f, key, &at));
    if (at->kind == FIELD_UINT && at->number.u <= INT64_MAX)
        value = (int64_t)at->number.u;
    else if (at->kind == FIELD_INT)
        value = at->number.i;
    else
        return refuse(f, key, "not a whole number");
    if (value < min || value > max)
        return refuse(f, key, "out of range");
    *out = value;
    return OK;
}

enum status field_i32(const struct fields *f, const char *key, int32_t min, int32_t max,
                      int32_t *out)
{
    int64_t value = 0;
    TRY(field_int(f, key, min, max, &value));
    *out = (int32_t)value;
    return OK;
}

enum status field_double(const struct fields *f, const char *key, double min,
                         double max, double *out)
{
    const struct field *at = NULL;
    TRY(find(f, key, &at));
    if (at->kind != FIELD_FLOAT || !isfinite(at->number.f))
        return refuse(f, key, "not a finite number");
    if (at->number.f < min || at->number.f > max)
        return refuse(f, key, "out of range");
    *out = at->number.f;
    return OK;
}

enum status field_str(const struct fields *f, const char *key, const char **out,
                      size_t *len)
{
    const struct field *at = NULL;
    TRY(find(f, key, &at));
    if (at->kind != FIELD_STR)
        return refuse(f, key, "not text");
    *out = (const char *)at->bytes;
    *len = at->len;
    return OK;
}

enum status field_items(const struct fields *f, const char *key, size_t size,
                        size_t max, const uint8_t **out, size_t *count)
{
    const struct field *at = NULL;
    TRY(find(f, key, &at));
    if (at->kind != FIELD_BIN)
        return refuse(f, key, "not bytes");
    if (at->len % size != 0)
        return refuse(f, key, "not whole items");
    if (at->len / size > max)
        return refuse(f, key, "too many items");
    *out = at->bytes;
    *count = at->len / size;
    return OK;
}

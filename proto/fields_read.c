// The reader of msgpack's format (github.com/msgpack/msgpack, spec.md), as far as our
// messages go: a map of string keys to numbers, text and bytes.  Values of other kinds
// under keys that we do not know are stepped over.
#include "fields.h"

#include <string.h>

struct cursor {
    const uint8_t *at, *end;
};

static enum status cut(void)
{
    return status_fail(ERR_PROTOCOL, "message: cut off, or a length beyond its end");
}

static size_t left(const struct cursor *c)
{
    return (size_t)(c->end - c->at);
}

static enum status read_byte(struct cursor *c, uint8_t *out)
{
    if (left(c) < 1)
        return cut();
    *out = *c->at++;
    return OK;
}

// A big-endian number of 1, 2, 4 or 8 bytes.
static enum status read_big(struct cursor *c, size_t bytes, uint64_t *out)
{
    uint64_t value = 0;
    if (left(c) < bytes)
        return cut();
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | *c->at++;
    *out = value;
    return OK;
}

static enum status take(struct cursor *c, size_t len, const uint8_t **out)
{
    if (left(c) < len)
        return cut();
    *out = c->at;
    c->at += len;
    return OK;
}

static void set_int(struct field *out, int64_t value)
{
    if (value < 0) {
        out->kind = FIELD_INT;
        out->number.i = value;
    } else {
        out->kind = FIELD_UINT;
        out->number.u = (uint64_t)value;
    }
}

static int64_t sign_extend(uint64_t value, size_t bytes)
{
    unsigned shift = (unsigned)(64 - 8 * bytes);
    return (int64_t)(value << shift) >> shift;
}

static enum status read_float(struct cursor *c, size_t bytes, struct field *out)
{
    uint64_t bits = 0;
    TRY(read_big(c, bytes, &bits));
    out->kind = FIELD_FLOAT;
    if (bytes == 4) {
        uint32_t narrow = (uint32_t)bits;
        float value;
        memcpy(&value, &narrow, sizeof value);
        out->number.f = (double)value;
    } else {
        memcpy(&out->number.f, &bits, sizeof bits);
    }
    return OK;
}

static enum status read_bytes(struct cursor *c, enum field_kind kind,
                              size_t length_bytes, uint64_t len, struct field *out)
{
    if (length_bytes)
        TRY(read_big(c, length_bytes, &len));
    TRY(take(c, (size_t)len, &out->bytes));
    out->kind = kind;
    out->len = (size_t)len;
    return OK;
}

static enum status read_number(struct cursor *c, uint8_t tag, struct field *out)
{
    size_t bytes = (size_t)1 << (tag & 3);
    uint64_t value = 0;
    TRY(read_big(c, bytes, &value));
    if (tag >= 0xd0) {
        set_int(out, sign_extend(value, bytes));
    } else {
        out->kind = FIELD_UINT;
        out->number.u = value;
    }
    return OK;
}

// An extension: a type byte and then its bytes, as many as the tag or a length says.
static enum status skip_extension(struct cursor *c, uint8_t tag)
{
    const uint8_t *bytes;
    uint64_t len = 0;
    if (tag >= 0xd4)
        len = (uint64_t)1 << (tag - 0xd4);
    else
        TRY(read_big(c, (size_t)1 << (tag - 0xc7), &len));
    return take(c, len + 1, &bytes);
}

// A value whose tag, 0xc0 to 0xdf, is followed by its number or its length.
static enum status read_wide(struct cursor *c, uint8_t tag, struct field *out,
                             uint64_t *nested)
{
    if (tag == 0xc0 || tag == 0xc2 || tag == 0xc3) // nil, false, true
        return OK;
    if (tag == 0xc1)
        return status_fail(ERR_PROTOCOL, "message: unknown format byte 0x%02x", tag);
    if (tag <= 0xc6)
        return read_bytes(c, FIELD_BIN, (size_t)1 << (tag - 0xc4), 0, out);
    if (tag <= 0xc9 || (tag >= 0xd4 && tag <= 0xd8))
        return skip_extension(c, tag);
    if (tag <= 0xcb)
        return read_float(c, tag == 0xca ? 4 : 8, out);
    if (tag <= 0xd3)
        return read_number(c, tag, out);
    if (tag <= 0xdb)
        return read_bytes(c, FIELD_STR, (size_t)1 << (tag - 0xd9), 0, out);
    uint64_t count = 0;
    TRY(read_big(c, tag % 2 ? 4 : 2, &count));
    *nested = tag >= 0xde ? 2 * count : count;
    return OK;
}

// One value.  *nested counts the values that follow it as its parts (arrays and maps).
static enum status read_value(struct cursor *c, struct field *out, uint64_t *nested)
{
    uint8_t tag = 0;
    *nested = 0;
    out->kind = FIELD_OTHER;
    TRY(read_byte(c, &tag));
    if (tag >= 0xc0 && tag <= 0xdf)
        return read_wide(c, tag, out, nested);
    if (tag >= 0xa0 && tag <= 0xbf)
        return read_bytes(c, FIELD_STR, 0, tag & 0x1f, out);
    if (tag <= 0x7f || tag >= 0xe0)
        set_int(out, (int8_t)tag);
    else if (tag <= 0x8f)
        *nested = 2 * (uint64_t)(tag & 0x0f);
    else
        *nested = tag & 0x0f;
    return OK;
}

// A value with all its parts.  Each part takes a byte at least, so a count beyond the
// bytes left is refused at once, and the walk is bounded by the message's length.
static enum status read_whole(struct cursor *c, struct field *out)
{
    uint64_t pending = 0, nested = 0;
    TRY(read_value(c, out, &pending));
    while (pending > 0) {
        struct field part;
        if (pending > left(c))
            return cut();
        TRY(read_value(c, &part, &nested));
        pending += nested - 1;
    }
    return OK;
}

static enum status read_key(struct cursor *c, struct field *out)
{
    struct field key = {0};
    uint64_t nested;
    TRY(read_value(c, &key, &nested));
    if (key.kind != FIELD_STR)
        return status_fail(ERR_PROTOCOL, "message: a key that is not text");
    out->key = (const char *)key.bytes;
    out->key_len = key.len;
    return OK;
}

// The map's head: how many pairs follow.
static enum status read_map(struct cursor *c, uint64_t *pairs)
{
    uint8_t tag = 0;
    TRY(read_byte(c, &tag));
    if (tag >= 0x80 && tag <= 0x8f) {
        *pairs = tag & 0x0f;
        return OK;
    }
    if (tag != 0xde && tag != 0xdf)
        return status_fail(ERR_PROTOCOL, "message: not a map");
    return read_big(c, tag == 0xde ? 2 : 4, pairs);
}

// The key just read is not one of those before it.
static enum status check_new_key(const struct fields *f)
{
    const struct field *now = &f->items[f->n];
    for (size_t i = 0; i < f->n; i++)
        if (f->items[i].key_len == now->key_len &&
            memcmp(f->items[i].key, now->key, now->key_len) == 0)
            return status_fail(ERR_PROTOCOL, "message: a key that comes twice");
    return OK;
}

enum status fields_read(struct fields *out, const uint8_t *bytes, size_t len)
{
    struct cursor c = {bytes, bytes + len};
    struct fields f = {0};
    uint64_t pairs = 0;
    TRY(read_map(&c, &pairs));
    if (pairs > FIELDS_MAX)
        return status_fail(ERR_PROTOCOL, "message: more than %d keys", FIELDS_MAX);
    for (; f.n < pairs; f.n++) {
        TRY(read_key(&c, &f.items[f.n]));
        TRY(check_new_key(&f));
        TRY(read_whole(&c, &f.items[f.n]));
    }
    if (left(&c) > 0)
        return status_fail(ERR_PROTOCOL, "message: %zu bytes behind its end", left(&c));
    *out = f;
    return OK;
}

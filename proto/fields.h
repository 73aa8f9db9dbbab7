// A message's map as a flat list of fields, read from bytes that may be hostile: every
// length is held against the bytes left before it is used, and nothing is allocated.
// (msgpack-c's own unpacker allocates from a declared count before it sees the data.)
// Private to proto.
#ifndef PROTO_FIELDS_H
#define PROTO_FIELDS_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum field_kind {
    FIELD_UINT,
    FIELD_INT,
    FIELD_FLOAT,
    FIELD_STR,
    FIELD_BIN,
    FIELD_OTHER
};

struct field {
    const char *key;
    size_t key_len;
    enum field_kind kind;
    union {
        uint64_t u;
        int64_t i; // negative
        double f;
    } number;
    const uint8_t *bytes; // of a str or bin
    size_t len;
};

enum { FIELDS_MAX = 48 };

struct fields {
    struct field items[FIELDS_MAX];
    size_t n;
    const char *message; // its name, for errors
};

// Reads one map with string keys, none of them twice, that fills the bytes exactly.
// ERR_PROTOCOL.
CHECKED enum status fields_read(struct fields *out, const uint8_t *bytes, size_t len);

// A field by its key.  ERR_PROTOCOL names message and key where it is missing, of
// another kind, or outside [min, max].
CHECKED enum status field_u64(const struct fields *f, const char *key, uint64_t *out);
CHECKED enum status field_int(const struct fields *f, const char *key, int64_t min,
                              int64_t max, int64_t *out);
CHECKED enum status field_i32(const struct fields *f, const char *key, int32_t min,
                              int32_t max, int32_t *out);
CHECKED enum status field_double(const struct fields *f, const char *key, double min,
                                 double max, double *out); // finite
CHECKED enum status field_str(const struct fields *f, const char *key, const char **out,
                              size_t *len);
// A bin of whole items of `size` bytes, at most `max` of them; *out is unaligned.
CHECKED enum status field_items(const struct fields *f, const char *key, size_t size,
                                size_t max, const uint8_t **out, size_t *count);

#endif

// JSON files as programs of every kind write them, read by jansson.
//
// What jansson refuses and nobody need be stopped by is let through: a byte order mark,
// numbers that no machine number holds, NaN and Infinity as Python writes them, half a
// surrogate pair, \u0000, nesting that nobody reads, a key given twice (the last one
// counts).  Stateless; any thread.
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include "base/buf.h"
#include "base/status.h"

#include <jansson.h>
#include <stddef.h>

enum { JSON_DEEPEST = 256 };

// *out, the caller's: json_decref.  An integer of 64 bits is exact, a longer one is a
// real; a number that is no finite double is the string of its characters, so that who
// reads it finds no number there; containers below JSON_DEEPEST are null; in a key
// U+0000 is U+2400.  ERR_INPUT: "line N: why".
CHECKED enum status json_parse(json_t **out, const char *text, size_t len);

// The same of a file of at most max_bytes, whose bytes `kept`, unless it is NULL, gets
// too.  ERR_INPUT names it; a git-lfs pointer is told by name.
CHECKED enum status json_parse_file(json_t **out, struct buf *kept, const char *path,
                                    size_t max_bytes);

// json_parse's second try: text as above, changed to what jansson reads.  Private.
CHECKED enum status json_tame(struct buf *out, const char *text, size_t len);

// A member of an object, and its new value as JSON text.
struct json_change {
    const char *key, *value;
};

// Appends the JSON object `text` with other values for the members of these keys; every
// other byte stays, but for a byte order mark.  Keys that it does not have stay away.
// `text` must be what json_parse accepts as an object.  ERR_NOMEM.
CHECKED enum status json_change_members(struct buf *out, const char *text, size_t len,
                                        const struct json_change *changes, size_t n);

// Bytes of the byte order mark at the front: 3 or 0.
size_t json_mark_bytes(const char *text, size_t len);
// The end of the string that begins with the quote at text[at]: one past its closing
// quote, len where it has none.
size_t json_string_end(const char *text, size_t len, size_t at);
int json_is_blank(char c);

#endif

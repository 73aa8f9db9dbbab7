// Configuration by a table: YAML files (`section:` then `key: value` lines, or a plain
// `key: value` at the top), key=value arguments, and the documentation of every key
// come from one description.
//
// Errors are ERR_INPUT and name file, line, key, reason and what is allowed.
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum config_type {
    CONFIG_INT,    // int64_t
    CONFIG_FLOAT,  // double
    CONFIG_STRING, // char *, owned by the settings
    CONFIG_CHOICE, // char *, one of `choices`
    CONFIG_INTS,   // struct config_ints
    CONFIG_LIST,   // char *, a JSON array: of texts, or what its reader allows
    CONFIG_MAP,    // char *, a JSON object, likewise
};

enum { CONFIG_MAX_INTS = 16 };

struct config_ints {
    int64_t items[CONFIG_MAX_INTS];
    int64_t n;
};

struct config_key {
    const char *name; // "section.key", or "key" of no section: these stand first
    enum config_type type;
    size_t offset;       // of the field in the settings struct
    const char *initial; // default, as a user would write it
    double min, max;     // of numbers, and of each item of a list
    const char *choices; // CONFIG_CHOICE: words separated by '|'
    const char *unit;    // "" where there is none
    const char *doc;     // one line
};

struct config_schema {
    const struct config_key *keys; // keys of a section stand together
    size_t n;
};

// Sets every key of a zeroed settings struct to its default.
CHECKED enum status config_defaults(const struct config_schema *schema, void *settings);
CHECKED enum status config_load(const struct config_schema *schema, void *settings,
                                const char *path);
// One "section.key=value".
CHECKED enum status config_set(const struct config_schema *schema, void *settings,
                               const char *assignment);
// Frees the strings.
void config_free(const struct config_schema *schema, void *settings);

// The settings as YAML that loads back to the same; units and meanings as comments.
CHECKED enum status config_print(const struct config_schema *schema,
                                 const void *settings, struct buf *out);
// Every key as a Markdown table.
CHECKED enum status config_describe(const struct config_schema *schema,
                                    struct buf *out);

#endif

// YAML values whose shape a table cannot say (lists of texts, maps) as compact JSON
// text, for those who read JSON.  Plain words are typed as JSON types them (true, 12,
// 0.5, null), quoted ones are texts.  Private to base/config.
#ifndef BASE_CONFIG_JSON_H
#define BASE_CONFIG_JSON_H

#include "base/buf.h"
#include "base/status.h"

#include <yaml.h>

enum { CONFIG_JSON_MAX_DEPTH = 8 };

// Appends the value that begins with `first`, the parser's last event; leaves the
// parser behind the value.  ERR_INPUT: an alias, a key that is no text, too deep, not
// YAML (no place: the caller adds it); ERR_NOMEM.
CHECKED enum status config_json_event(struct buf *out, yaml_parser_t *p,
                                      const yaml_event_t *first);

// Appends the one value that a text holds.  Errors as above.
CHECKED enum status config_json_text(struct buf *out, const char *text);

#endif

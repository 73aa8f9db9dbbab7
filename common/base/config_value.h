// One configured value: from text into its field, and back.  Private to base/config.
#ifndef BASE_CONFIG_VALUE_H
#define BASE_CONFIG_VALUE_H

#include "base/config.h"

// Parses `text` into the key's field.  The message has no place: the caller adds it.
CHECKED enum status config_value_set(const struct config_key *key, void *settings,
                                     const char *text);
// As a user would write it.
void config_value_print(const struct config_key *key, const void *settings,
                        struct buf *out);
// What the key allows, for messages and tables.
void config_value_allowed(const struct config_key *key, struct buf *out);

#endif

// The template texts that stand in a folder, by name.  Private to chat/.
#ifndef CHAT_SOURCES_H
#define CHAT_SOURCES_H

#include "base/buf.h"
#include "base/status.h"

#include <jansson.h>

enum { CHAT_FILE_MAX_BYTES = 1 << 28 };

struct sources {
    json_t *texts; // {name: text, ...}; a single one is called "default"
    json_t *config,
        *special_map; // tokenizer_config.json, special_tokens_map.json or NULL
    const char *file; // which of the folder's files has the texts; ""
};

// ERR_INPUT names the file; the owner calls sources_free in any case.
CHECKED enum status sources_read(struct sources *s, const char *folder);
void sources_free(struct sources *s);

// *out = the special tokens of both files, by name, as JSON text.  ERR_NOMEM.
CHECKED enum status sources_tokens(char **out, const struct sources *s);

#endif

// Which chat template a checkpoint has, and the special tokens that it may name: read
// from a Hugging Face folder by transformers' rules.
//
// Template files win over tokenizer_config.json, and that over the old
// chat_template.json; several templates have names, of which "default" counts.
// Stateless; any thread.
#ifndef CHAT_TEMPLATE_H
#define CHAT_TEMPLATE_H

#include "base/status.h"

struct chat_template {
    char *text;   // Jinja's; NULL: there is none
    char *origin; // where it is from, for people
    char *tokens; // {"bos_token": "<s>", ...} in JSON; NULL where there is no template
};

// `choice`: auto for the folder's own, if it has one; none; the name of one of several;
// a file's path.  ERR_INPUT names the file or the choice and the reason.  The owner
// calls chat_template_free; a zeroed struct is empty.
CHECKED enum status chat_template_find(struct chat_template *out, const char *folder,
                                       const char *choice);
void chat_template_free(struct chat_template *t);

#endif

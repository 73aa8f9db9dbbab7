// Chat templates: a conversation as the token ids that a chat model was trained on.
//
// A checkpoint states its template as a Jinja program.  It is not run: its text is
// recognised as one of the formats below, of which the families that this program loads
// use no other, and its default system prompt is read out of it.  Tools, images and
// reasoning history are left out.  Read-only after chat_open; any thread.
#ifndef TEXT_CHAT_H
#define TEXT_CHAT_H

#include "tokenizer.h"

#include "base/status.h"

#include <stddef.h>

enum chat_format {
    CHAT_NONE,    // no template: the caller joins texts as it likes
    CHAT_CHATML,  // Qwen2, Qwen2.5, Qwen3, SmolLM2
    CHAT_LLAMA2,  //
    CHAT_LLAMA3,  // 3.0; 3.1 and later state their knowledge date in the system turn
    CHAT_MISTRAL, // the spaces around [INST] are read out of the template
};

enum chat_role { CHAT_SYSTEM, CHAT_USER, CHAT_ASSISTANT };

struct chat_message {
    enum chat_role role;
    const char *text;
};

struct chat {
    enum chat_format format;
    char *system;            // used where no message is a system prompt; NULL: none
    int dated;               // CHAT_LLAMA3: with the knowledge date
    int space_in, space_out; // CHAT_MISTRAL: "[INST] " and " [/INST]"
    int space_reply;         // CHAT_LLAMA2, CHAT_MISTRAL: " " before a reply
};

// `name`: none, chatml, llama2, llama3, mistral, or auto for what the tokenizer's
// folder says (tokenizer_config.json or chat_template.jinja; none where it says
// nothing). ERR_INPUT: an unknown name, or a template that is none of these.
CHECKED enum status chat_open(struct chat *out, const struct tokenizer *t,
                              const char *name);
void chat_close(struct chat *c);

// The token that ends the policy's turn; -1: the format or the vocabulary has none.
int32_t chat_end(const struct chat *c, const struct tokenizer *t);

// Appends the ids of the conversation, up to where the assistant is to write next.  At
// most one system message, the first.  The texts' own bytes never become special
// tokens.  ERR_INPUT, ERR_NOMEM.
CHECKED enum status chat_encode(const struct chat *c, const struct tokenizer *t,
                                const struct chat_message *messages, size_t n,
                                struct tokens *out);
// The same as text, for people.
void chat_text(const struct chat *c, const struct chat_message *messages, size_t n,
               struct buf *out);

#endif

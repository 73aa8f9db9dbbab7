// Where a policy's reply begins and ends in what a chat template renders.  Stateless.
#ifndef LAUNCH_REPLY_END_H
#define LAUNCH_REPLY_END_H

#include "chat/render.h"
#include "text/tokenizer.h"

// A turn whose rendering shows how the template ends a reply.
#define REPLY_END_QUESTION "What is 2+3?"
#define REPLY_END_REPLY    "It is 5."

// *id: the first added token behind that reply in turn `turn`, *text its text, the
// caller's to free.  -1 and NULL where the template writes nothing there, or refuses
// such a conversation (then the log says so).  ERR_INPUT: it writes what is no token of
// this tokenizer, so that no reply would end; ERR_NOMEM.
CHECKED enum status reply_end_find(char **text, int32_t *id, const struct tokenizer *t,
                                   const struct chat_rendering *r, size_t turn);

// Appends what of the whole text stands between the prompt with `prefill` and the last
// `end_text` (NULL: the end).  ERR_INPUT: the prompt is not how the whole text begins,
// or there is none.
CHECKED enum status reply_end_cut(struct buf *out, const struct chat_rendering *r,
                                  size_t turn, const char *prefill,
                                  const char *end_text);

// Whether the text holds a special token's text.
int reply_end_has_special(const struct tokenizer *t, const char *text);

#endif

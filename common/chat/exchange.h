// What the Python program is asked and what it answers, as JSON.  Private to chat/.
#ifndef CHAT_EXCHANGE_H
#define CHAT_EXCHANGE_H

#include "render.h"

enum { CHAT_TEXT_MAX_BYTES = 1 << 22 }; // of one conversation

// Appends the question.  ERR_INPUT: a text that is not UTF-8; ERR_NOMEM.
CHECKED enum status chat_write_request(struct buf *out, const struct chat_request *r);

// Fills *out (zeroed) from the answer to r.  ERR_INPUT: its error; ERR_PROTOCOL: not
// an answer to r; ERR_NOMEM.  On failure the caller frees what is there.
CHECKED enum status chat_read_answer(struct chat_rendering *out,
                                     const struct chat_request *r,
                                     const struct buf *answer);

#endif

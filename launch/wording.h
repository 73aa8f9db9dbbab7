// A problem in the words that the policy is asked in, and its solution as a reply.
// Stateless; the buffer keeps any failure.
#ifndef LAUNCH_WORDING_H
#define LAUNCH_WORDING_H

#include "base/buf.h"
#include "data/dataset.h"
#include "launch/settings.h"

// `chat` != 0: as a message of a conversation, else as text that goes on.
void wording_question(const struct settings *s, const struct problem *p, int chat,
                      struct buf *out);
void wording_solution(const struct problem *p, int chat, struct buf *out);

#endif

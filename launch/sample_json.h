// A sampled tree as one line of JSON, for programs: `etreerpo sample --json`.
#ifndef LAUNCH_SAMPLE_JSON_H
#define LAUNCH_SAMPLE_JSON_H

#include "base/buf.h"
#include "text/tokenizer.h"
#include "tree/tree.h"

// Appends {"problem", "prompt_ids", "prompt", "nodes": [...]} and a newline.  A node
// has node (its number; 0 is the prompt), parent, end (branched, eos, length, cut),
// ids, log_probs, text, value, advantage; a leaf also reward and reply, the text of its
// whole path.  Special tokens have ids and no text.  ERR_NOMEM.
CHECKED enum status sample_json(struct buf *out, const struct tree *t,
                                const struct tokenizer *text);

#endif

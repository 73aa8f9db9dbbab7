// The replay store: subtrees of earlier steps by prompt and prefix, to stand in for
// fresh samples (tree/reuse.h).
//
// An entry is a tree (tree_below) whose root is the prefix and whose children were
// sampled by entry.policy_version, with that policy's log-probs.  Entries stand in the
// order in which they came; the oldest leave where they are too old or too many bytes.
// So the store is a function of the steps alone, and a checkpoint that holds its
// entries in order resumes it exactly.  One thread; a zeroed store is empty.
#ifndef LEARNER_REPLAY_H
#define LEARNER_REPLAY_H

#include "tree/tree.h"

#include <stddef.h>
#include <stdint.h>

struct replay {
    struct tree *entries;
    size_t n, capacity;
    size_t bytes; // of all entries
};

void replay_free(struct replay *r);

// Takes the tree over, also where it fails.  ERR_NOMEM.
CHECKED enum status replay_add(struct replay *r, struct tree *entry);

// Removes what was sampled before version `oldest`, and the oldest beyond max_bytes.
void replay_evict(struct replay *r, uint64_t oldest, size_t max_bytes);

// The next entry at or behind *at whose root is this prefix of this prompt, newest
// first (start with *at = 0); NULL: no more.
const struct tree *replay_find(const struct replay *r, uint64_t prompt_id,
                               const int32_t *prefix, size_t n, size_t *at);

#endif

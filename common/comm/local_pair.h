// nccl_calls for a learner and a worker in one process, which compute in the same
// memory: a broadcast is a copy.  Rank 0 is the root.  One thread.
#ifndef COMM_LOCAL_PAIR_H
#define COMM_LOCAL_PAIR_H

#include "base/status.h"
#include "comm/nccl_calls.h"

#include <stddef.h>

struct local_pair;
// Returns when `bytes` are at `to`.
typedef enum status local_copy(void *context, void *to, const void *from, size_t bytes);

// `context` outlives the pair.  ERR_NOMEM.
CHECKED enum status local_pair_new(struct local_pair **out, local_copy *copy,
                                   void *context);
void local_pair_free(struct local_pair *p); // after both groups
// The table of rank 0 or 1; valid until local_pair_free.
const struct nccl_calls *local_pair_calls(const struct local_pair *p, int rank);

#endif

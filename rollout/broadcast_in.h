// The weights that come through the broadcast group: what the learner's GROUP messages
// order, done in their order whatever order they come in, and once each.  A broadcast
// fills the model's second buffer while the version in use goes on decoding.
// One thread; `group` (NULL: there is none) is borrowed.
#ifndef ROLLOUT_BROADCAST_IN_H
#define ROLLOUT_BROADCAST_IN_H

#include "comm/nccl_group.h"
#include "model/model.h"
#include "proto/message.h"

struct broadcast_in {
    struct nccl_group *group;
    uint64_t incarnation;  // of this worker: orders for another are not for it
    uint32_t generation;   // the last one obeyed, as the learner counts; 0: none
    uint64_t begun;        // the last version begun; WEIGHTS_NONE: none
    struct msg_group next; // a broadcast that was ordered and has not begun
    int waiting;           // there is one
};

void broadcast_in_init(struct broadcast_in *b, struct nccl_group *group,
                       uint64_t incarnation);
// Another learner than before: what the old one ordered counts no more.
void broadcast_in_forget(struct broadcast_in *b);

// *news = 1 where the learner should hear of it.  ERR_PROTOCOL: an order that does not
// fit what this worker is part of (nothing is changed).
CHECKED enum status broadcast_in_obey(struct broadcast_in *b, const struct msg_group *m,
                                      int64_t now_ms, int *news);

// Begins what is due and takes the next steps.  *version: complete in the model's
// second buffer, for model_adopt, or WEIGHTS_NONE.  A failure of the group is logged.
// ERR_NOMEM, ERR_INTERNAL: of model_incoming.
CHECKED enum status broadcast_in_poll(struct broadcast_in *b, struct model *m,
                                      int64_t now_ms, uint64_t *version, int *news);

enum group_state broadcast_in_state(const struct broadcast_in *b); // for the LEASE

#endif

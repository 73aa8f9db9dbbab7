// How a version of the weights reaches the workers: by the broadcast group
// (comm/nccl_group.h) where it carries them, by slices (dispatch.h) where it does not.
//
//   gather (all ranks say HELLO) -> join -> ready -> fly -> land (all report it) ->
//   ready a failure -> broken -> shrink over those that are left, or all join anew ->
//   ready
//
// Whatever breaks is one log line with rank, version and cause; the ranks that lack the
// version get it by slices at once, while the group is built anew.  Excluded for good,
// and served by slices: a rank that is gone, has started again, has not come in time,
// has said nothing for an eighth of silence_ms where the learner waits for its word, or
// has alone reported a failure.  Where nobody is evidently at fault all join with a new
// id. After BROADCAST_FAILURES in a row the group is given up.
//
// Without a group everything goes by slices.  One thread.
#ifndef LEARNER_BROADCAST_H
#define LEARNER_BROADCAST_H

#include "comm/nccl_group.h"
#include "comm/outbox.h"
#include "learner/dispatch.h"
#include "model/training.h"

enum {
    BROADCAST_FAILURES = 3,
    // The first version's slices wait for the group no longer than this after the first
    // HELLO: for the others' HELLO, and for the join to end.
    BROADCAST_GATHER_MS = 1000,
    BROADCAST_FIRST_MS = 5000,
    BROADCAST_RESEND_MS = 250, // an order that a worker has not obeyed is sent again
};

struct broadcast;

// Borrows all; `group` may be NULL, else it is of the dispatcher's ranks and this is
// its rank 0.  ERR_NOMEM, ERR_INTERNAL.
CHECKED enum status broadcast_new(struct broadcast **out, struct nccl_group *group,
                                  const struct dispatch_config *c, struct dispatch *d,
                                  struct model *m, int64_t now_ms);
void broadcast_free(struct broadcast *b);

// Publishes the version that the model has at the start.
CHECKED enum status broadcast_start(struct broadcast *b, struct outbox *out);
// Takes the next steps, none of which waits.  ERR_NOMEM; the model's own.
CHECKED enum status broadcast_tick(struct broadcast *b, int64_t now_ms,
                                   struct outbox *out);

// One version: is the way free (nothing reads the model's image, and the last version
// has landed or was given to the slices) -> begin, whose messages should leave before
// the update begins -> trainer_update with the watch -> publish.
int broadcast_may_begin(struct broadcast *b, int64_t now_ms);
CHECKED enum status broadcast_begin(struct broadcast *b, uint64_t version,
                                    int64_t now_ms, struct outbox *out);
struct training_watch broadcast_watch(struct broadcast *b, int64_t now_ms);
CHECKED enum status broadcast_publish(struct broadcast *b, struct outbox *out);

struct broadcast_stats { // of the version last begun
    int ranks;           // workers that have it by the group
    double seconds;      // from begin to the learner's last byte; 0: not by the group
    double bytes;        // that the learner sent; 0: not by the group
    int64_t breaks;      // failures since the start
};
struct broadcast_stats broadcast_stats(const struct broadcast *b);

#endif

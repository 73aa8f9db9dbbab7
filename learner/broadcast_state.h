// What the broadcast's two halves share: broadcast.c is the way of a version,
// broadcast_group.c the group's membership.  Private to the layer.
#ifndef LEARNER_BROADCAST_STATE_H
#define LEARNER_BROADCAST_STATE_H

#include "broadcast.h"

enum broadcast_phase {
    BROADCAST_OFF, // slices alone
    BROADCAST_GATHER,
    BROADCAST_JOIN,
    BROADCAST_READY,
    BROADCAST_FLY,
    BROADCAST_LAND,   // all is sent; some have not reported it
    BROADCAST_BROKEN, // until it is clear who is at fault
    BROADCAST_SHRINK,
};

struct member {           // of the group, by rank; 0 is the learner
    uint64_t incarnation; // that was told to join
    int known;            // it was: it is told of what follows, too
    int in;               // not excluded
    int carried;          // is sent `version` by the group
    int64_t told_ms;
};

struct broadcast {
    struct nccl_group *group; // NULL: none
    struct dispatch *dispatch;
    struct model *model;
    int ranks;
    int64_t start_ms, quiet_ms; // the config's; unheard for so long is too quiet
    int64_t born_ms;
    int64_t first_hello_ms; // -1: none yet

    enum broadcast_phase phase;
    int64_t since_ms;       // of the phase
    int64_t now_ms;         // of an update that is watched
    struct member *members; // (ranks)
    int *list;              // (ranks) scratch
    int32_t *excluded;      // (ranks) as the messages list them

    enum group_order order; // the last: GROUP_JOIN or GROUP_SHRINK; 0: none
    uint32_t generation;    // that it began
    int64_t ordered_ms;
    uint8_t id[NCCL_ID_BYTES];

    uint64_t version; // last begun
    size_t bytes;
    int64_t begun_ms;
    int reading;  // the GPU may be reading the model's image
    int first;    // the first version waits for the group
    int blame;    // BROKEN: a worker's report of a failure counts against it
    int failures; // in a row
    struct broadcast_stats stats;
};

// The rank's report; 0 where it has not said HELLO.
int broadcast_report(const struct broadcast *b, int rank, struct worker_report *out);
void broadcast_enter(struct broadcast *b, enum broadcast_phase phase, int64_t now_ms);
// The one log line of a failure.  `blame` != 0: reports of others count.
void broadcast_break(struct broadcast *b, int blame, int64_t now_ms, const char *text);
// Sends a member what it is to do; to a rank that is silent or another, nothing.
CHECKED enum status broadcast_tell(struct broadcast *b, int rank,
                                   enum group_order order, int64_t now_ms,
                                   struct outbox *out);

// ---- broadcast_group.c
void broadcast_event(struct broadcast *b, const struct nccl_event *e, int64_t now_ms);
// What the phase asks for: to join, to judge the members' reports, to build anew.
CHECKED enum status broadcast_tend(struct broadcast *b, int64_t now_ms,
                                   struct outbox *out);
// Repeats what was not obeyed.
CHECKED enum status broadcast_remind(struct broadcast *b, int64_t now_ms,
                                     struct outbox *out);

#endif

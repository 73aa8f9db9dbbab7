// What a worker knows, shared by worker.c, worker_receive.c and worker_send.c.  Private
// to the layer.
#ifndef ROLLOUT_WORKER_STATE_H
#define ROLLOUT_WORKER_STATE_H

#include "broadcast_in.h"
#include "expand.h"
#include "held.h"
#include "weights_in.h"
#include "worker.h"

struct worker {
    struct worker_config config;
    struct model *model; // borrowed
    struct expander *expander;
    struct weights_in incoming; // by messages
    struct broadcast_in broadcast;
    uint64_t version; // of the learner's weights in the model; WEIGHTS_NONE: none yet
    struct held held;

    int learner_known; // a message of it has come
    uint64_t learner_incarnation;
    enum message_type last_type; // of the last message heard; 0: none
    int64_t quiet_ms;            // since then
    int64_t last_tick_ms, last_lease_ms, last_work_ms;
    int changed; // the learner should know at once
    int worked;  // the last worker_work did something
    int stopped;
    double busy_s, idle_s;
};

// ---- worker_receive.c
// The group's next steps, and the version that it brought.
CHECKED enum status worker_poll_group(struct worker *w, int64_t now_ms,
                                      struct outbox *out);

// ---- worker_send.c
CHECKED enum status worker_send_hello(struct worker *w, struct outbox *out);
CHECKED enum status worker_send_lease(struct worker *w, int64_t now_ms,
                                      struct outbox *out);
CHECKED enum status worker_send_result(struct worker *w, uint64_t lease,
                                       const struct tree *tree, int32_t prefilled,
                                       struct outbox *out);
// FAULT "lease N: " and this thread's status message.
CHECKED enum status worker_send_task_fault(struct worker *w, uint64_t lease,
                                           struct outbox *out);

#endif

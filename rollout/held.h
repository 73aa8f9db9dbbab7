// The leases that a worker holds: expanding, or waiting for their version's weights.
// One thread; a zeroed struct is empty; the owner calls held_free.
#ifndef ROLLOUT_HELD_H
#define ROLLOUT_HELD_H

#include "base/status.h"
#include "proto/message.h"

struct held_task {
    uint64_t lease, version;
    int expanding;        // the expander has it
    struct msg_task task; // owned while not expanding
};

struct held {
    struct held_task *items; // in order of arrival
    size_t n, capacity;
    uint64_t *leases; // scratch of held_leases
    size_t lease_capacity;
};

void held_free(struct held *h);
struct held_task *held_find(const struct held *h, uint64_t lease); // NULL: not held
// Takes the task over on OK.  ERR_NOMEM.
CHECKED enum status held_add(struct held *h, struct msg_task *task);
void held_remove(struct held *h, uint64_t lease);
// All lease ids, borrowed until the next call.  ERR_NOMEM.
CHECKED enum status held_leases(struct held *h, uint64_t **leases, size_t *n);

#endif

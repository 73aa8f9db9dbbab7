// The one loop that moves bytes between cores and transports, and tells the time.
//
// A seat is a core at its place on a transport.  A rank under mpirun runs one seat; a
// single process runs two (learner and worker) joined by the loopback transport.
#ifndef LAUNCH_LOOP_H
#define LAUNCH_LOOP_H

#include "base/status.h"
#include "comm/outbox.h"

#include <stdint.h>

struct core_ops {
    enum status (*start)(void *core, int64_t now_ms, struct outbox *out);
    enum status (*receive)(void *core, int rank, const uint8_t *bytes, size_t len,
                           int64_t now_ms, struct outbox *out);
    enum status (*tick)(void *core, int64_t now_ms, struct outbox *out);
    // One bounded piece of work; *worked = 0 where there was none.
    enum status (*work)(void *core, int64_t now_ms, struct outbox *out, int *worked);
    int (*done)(const void *core);
};

struct seat {
    void *core;
    const struct core_ops *ops;
    struct transport *transport; // borrowed
};

// Runs until seat 0's core is done and what it sent has left (at most drain_ms), or
// until a core fails.  `advance` (NULL: none) is told the time in every round: the
// loopback network's clock.
CHECKED enum status loop_run(struct seat *seats, int n, int64_t drain_ms,
                             void (*advance)(void *context, int64_t now_ms),
                             void *context);

#endif

// A cluster in one process: `size` transports joined by queues in virtual time, with
// faults drawn from a seed.  What is sent is copied; nothing is lost unless asked for.
#ifndef COMM_LOOPBACK_H
#define COMM_LOOPBACK_H

#include "comm/transport.h"

struct loopback_faults {
    uint64_t seed;
    int64_t min_delay_ms, max_delay_ms; // of every message
    double reorder;   // share of messages that may overtake earlier ones
    double duplicate; // share delivered twice
    double drop;      // share lost
    double corrupt;   // share with one byte changed
};

struct loopback; // the network; owns its endpoints
CHECKED enum status loopback_new(struct loopback **out, int size,
                                 const struct loopback_faults *faults);
void loopback_free(struct loopback *n);
struct transport *loopback_endpoint(struct loopback *n, int rank); // borrowed
void loopback_advance(struct loopback *n, int64_t now_ms);         // virtual time moves
void loopback_kill(struct loopback *n, int rank); // its queues are emptied, it is deaf
void loopback_revive(struct loopback *n, int rank);
int64_t loopback_next_ms(const struct loopback *n); // next delivery, INT64_MAX: none

#endif

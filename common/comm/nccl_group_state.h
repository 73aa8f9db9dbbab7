// Inside nccl_group: what it knows, and what its two halves share.
#ifndef COMM_NCCL_GROUP_STATE_H
#define COMM_NCCL_GROUP_STATE_H

#include "comm/nccl_group.h"

#include <stdbool.h>

enum { NCCL_TEXT_BYTES = 512 };

struct nccl_flight { // a chunk that is enqueued and not yet complete
    uint64_t ticket;
    size_t bytes;
};

struct nccl_group {
    struct nccl_calls calls;
    struct nccl_group_options opt;
    enum nccl_group_state state;
    uint32_t generation;
    int64_t since; // of the phase

    uint8_t id[NCCL_ID_BYTES]; // of the join
    void *comm;                // NULL: none
    void *fresh;               // what it is shrinking to
    bool called;               // JOINING, SHRINKING: the call itself is made
    bool busy;                 // the last broadcast came back BUSY
    bool in_broadcast;         // BROKEN: while broadcasting

    bool *member; // [size]
    int members;
    bool *inside; // [size] of `comm`, whose ranks are those inside, in order
    int *list;    // [size] what a shrink excludes, in the numbers of `comm`

    uint64_t version;
    uint8_t *device;
    size_t bytes, ready, enqueued, marked, done; // bytes >= ... >= done
    struct nccl_flight *flights;
    size_t n_flights, capacity;

    bool tell; // an event that the next poll reports
    char text[NCCL_TEXT_BYTES];
};

void nccl_drop_flights(struct nccl_group *g); // forgets the tickets
void nccl_abort_all(struct nccl_group *g);    // and the communicators
// Begins a phase.
void nccl_enter(struct nccl_group *g, enum nccl_group_state state, int64_t now_ms);
// Sets the text of a BROKEN: the phase that breaks now, this rank, and the cause.
void nccl_describe(struct nccl_group *g, int64_t now_ms, const char *why);

#endif

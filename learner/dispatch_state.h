// What the dispatcher knows, shared by the dispatch*.c files.  Private to the layer.
#ifndef LEARNER_DISPATCH_STATE_H
#define LEARNER_DISPATCH_STATE_H

#include "dispatch.h"
#include "lease.h"

enum {
    DISPATCH_STRIKES = 3, // senseless messages in a row before a worker is shut out
    DISPATCH_READMISSIONS = 3, // new starts of a shut-out worker that are accepted
};

struct peer { // a rank that has said HELLO
    int rank;
    uint64_t incarnation;
    int alive;    // heard within silence_ms
    int shut_out; // sends nonsense: no work, no weights
    int stop_sent;
    int32_t strikes, readmissions;
    int64_t last_heard_ms; // stands still once shut out
    enum message_type last_type;
    struct msg_lease lease; // its last heartbeat, owned
    int32_t room;           // tasks it would still take
    int carried;            // gets the published weights another way
    // Weights in transfer to it.
    uint64_t sent_version, sent_bytes, acked_bytes;
    int64_t last_slice_ms;
    int64_t expired_leases, rejected_messages;
};

struct dispatch {
    struct dispatch_config config;
    int64_t start_ms, now_ms;
    int64_t retry_ms; // what has not arrived for so long is sent again
    struct peer *peers;
    size_t n_peers, peer_capacity;
    size_t next_peer; // whose turn it is to be given a task
    struct lease_table leases;
    struct prompt_tokens prompts; // of the batch
    uint64_t version;             // published
    uint64_t total_bytes;         // of its weights; 0: nothing is published
    struct blob *weights;         // NULL: not here
    int refused_rank;             // last HELLO of another model; -1: none
    int stopping;
    int64_t stop_ms; // since then
};

static inline int peer_usable(const struct peer *p)
{
    return p->alive && !p->shut_out;
}
struct peer *dispatch_peer(struct dispatch *d, int rank); // NULL: unknown
// A worker is gone or shut out: what it holds is for others.
void dispatch_free_leases(struct dispatch *d, int rank);

// ---- dispatch_give.c
// What the worker's heartbeat says about its leases: room, and tasks to send again.
CHECKED enum status dispatch_review(struct dispatch *d, struct peer *p,
                                    struct outbox *out);
// Pending leases, in prompt order, to workers that have room, in turn.
CHECKED enum status dispatch_give(struct dispatch *d, struct outbox *out);

// ---- dispatch_send.c
CHECKED enum status dispatch_send_task(struct dispatch *d, int rank,
                                       const struct lease *l, struct outbox *out);
// It waits for slices of the published version.
int dispatch_lacks_weights(const struct dispatch *d, const struct peer *p);
// As many slices as may be in flight.
CHECKED enum status dispatch_send_weights(struct dispatch *d, struct peer *p,
                                          struct outbox *out);
// An empty slice: "I hear you".
CHECKED enum status dispatch_send_answer(struct dispatch *d, int rank,
                                         struct outbox *out);
CHECKED enum status dispatch_send_stop(struct dispatch *d, int rank,
                                       struct outbox *out);
CHECKED enum status dispatch_send_fault(struct dispatch *d, int rank, const char *text,
                                        struct outbox *out);

#endif

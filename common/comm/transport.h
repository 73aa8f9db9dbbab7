// Bytes between ranks.  A transport delivers whole messages in order or not at all; it
// never blocks, and it owns nothing that it did not copy or was not given.
//
// Backends: comm/loopback.h (one process, virtual time, faults) and
// comm/mpi/mpi_transport.h. One thread.
#ifndef COMM_TRANSPORT_H
#define COMM_TRANSPORT_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

// Reference-counted immutable bytes: the published weights, held by whoever sends them.
struct blob {
    uint8_t *data;
    size_t len;
    int references;
};
CHECKED enum status blob_new(struct blob **out, size_t len); // one reference, zeroed
struct blob *blob_hold(struct blob *b);
void blob_drop(struct blob *b); // accepts NULL

enum { MAX_MESSAGE_BYTES = 1 << 30 };

// An outgoing message: head, then an optional slice of a blob, as one message.
struct outgoing {
    int rank;
    uint8_t *head; // taken over by a successful send (mem_free)
    size_t head_len;
    struct blob *tail; // held while in flight; NULL: none
    size_t tail_offset, tail_len;
};

struct incoming {
    int rank;
    uint8_t *data; // the receiver's, from incoming_free
    size_t len;
};
void incoming_free(struct incoming *in);

struct transport;
struct transport_ops {
    // Queues a message to another rank; takes `out->head` only on OK.  ERR_NOMEM,
    // ERR_IO, ERR_LIMIT.
    enum status (*send)(struct transport *t, const struct outgoing *out);
    // *got = 1 and *in filled where a message is there, else *got = 0.  Makes progress
    // on sends.  ERR_NOMEM, ERR_IO, ERR_PROTOCOL (a message beyond the limit);
    // ERR_TIMEOUT names a rank that has been stuck past the deadline: what is sent to
    // it is lost until it moves again, the others go on.
    enum status (*poll)(struct transport *t, struct incoming *in, int *got);
    // Bytes queued to `rank` and not yet out of our hands; 0 for a rank that is stuck.
    size_t (*pending)(struct transport *t, int rank);
    void (*free)(struct transport *t);
};

// What a send asks of its caller: another rank of this transport, a tail inside its
// blob (ERR_INTERNAL), at most MAX_MESSAGE_BYTES (ERR_LIMIT).
CHECKED enum status outgoing_check(const struct transport *t,
                                   const struct outgoing *out);

struct transport { // first member of every backend
    const struct transport_ops *ops;
    int rank, size;
};

#endif

// What a core wants sent: a list of outgoing messages that the loop in launch/ hands to
// a transport.  The cores know ranks, never sockets.  The owner calls outbox_free.
#ifndef COMM_OUTBOX_H
#define COMM_OUTBOX_H

#include "base/buf.h"
#include "comm/transport.h"

struct outbox {
    struct outgoing *items;
    size_t n, capacity;
};

// Takes the bytes of `head` (emptied on OK) and holds `tail` (NULL: none).  ERR_NOMEM.
CHECKED enum status outbox_push(struct outbox *o, int rank, struct buf *head,
                                struct blob *tail, size_t tail_offset, size_t tail_len);
// Hands everything to the transport in order, and is empty afterwards.
CHECKED enum status outbox_flush(struct outbox *o, struct transport *t);
void outbox_free(struct outbox *o);

#endif

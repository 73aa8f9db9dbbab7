// What the MPI transport knows, shared by its files.  Private to the layer.
#ifndef COMM_MPI_STATE_H
#define COMM_MPI_STATE_H

#include "mpi_transport.h"

#include <mpi.h>

struct sending {
    int rank;
    MPI_Request request;
    uint8_t *head;
    struct blob *tail;
    size_t bytes;
    int64_t since_ms; // polled time
};

// A message that is matched, its bytes on the way.
struct arrival {
    MPI_Request request;
    struct incoming message;
    int64_t since_ms; // polled time
    int done;         // complete, waits for an earlier one of its rank
    int stuck;        // reported as such; its sender is most likely dead
};

struct peer {
    int64_t taken_ms; // polled time at which it last took a message
    int stuck;        // has taken nothing for too long: gets nothing new until it does
};

struct mpi_transport {
    struct transport base; // first
    MPI_Comm comm;
    int64_t deadline_ms;
    // Deadlines run in polled time, which stands still while this rank computes and
    // does not poll: MPI moves hardly a byte then, which is not the peer's fault.
    int64_t polled_ms;
    int64_t last_poll_ms; // clock_ms
    struct sending *sends;
    size_t n_sends, send_capacity;
    struct arrival *arrivals; // in the order of matching
    size_t n_arrivals, arrival_capacity;
    struct peer *peers; // (size)
};

// "what: MPI's own text", ERR_IO.  MPI_SUCCESS gives OK.
CHECKED enum status mpi_check(int code, const char *what);

CHECKED enum status mpi_send(struct transport *t, const struct outgoing *out);
// Completes sends.  ERR_TIMEOUT names a rank that takes nothing any more, once.
CHECKED enum status mpi_progress_sends(struct mpi_transport *m);
// ERR_TIMEOUT names a rank whose message stopped half way, once.
CHECKED enum status mpi_receive(struct mpi_transport *m, struct incoming *in, int *got);

#endif

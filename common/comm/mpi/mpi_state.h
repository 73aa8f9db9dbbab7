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
    int64_t since_ms;
};

struct mpi_transport {
    struct transport base; // first
    MPI_Comm comm;
    int64_t send_deadline_ms;
    struct sending *sends;
    size_t n_sends, send_capacity;
    char *given_up; // (size): 1 where sends to a rank have failed
    // The message being received: matched, its bytes on the way.
    MPI_Request request;
    struct incoming arriving; // data NULL: none
};

// "what: MPI's own text", ERR_IO.  MPI_SUCCESS gives OK.
CHECKED enum status mpi_check(int code, const char *what);

CHECKED enum status mpi_send(struct transport *t, const struct outgoing *out);
// Completes sends; ERR_TIMEOUT names a rank whose send has outlived its deadline.
CHECKED enum status mpi_progress_sends(struct mpi_transport *m);
CHECKED enum status mpi_receive(struct mpi_transport *m, struct incoming *in, int *got);

#endif

// The transport over MPI: point-to-point only after start-up, nothing ever waits.
// MPI_THREAD_FUNNELED; the process's main thread.
#ifndef COMM_MPI_TRANSPORT_H
#define COMM_MPI_TRANSPORT_H

#include "comm/transport.h"

// Initialises MPI and makes rank and size known.  deadline_ms: how long a rank may take
// nothing of what is sent to it, or leave a message half sent; time in which this rank
// does not poll hardly counts.  ERR_IO.
CHECKED enum status mpi_transport_new(struct transport **out, int64_t deadline_ms);

// 1 where this process was started by mpirun (or an equivalent), from its environment.
int mpi_launched(void);

// Leaves and frees the transport.  clean = 1: all ranks do so; what was sent leaves
// first, for at most deadline_ms, and 1 is returned after MPI_Finalize.  0 is returned
// where MPI was not finalized (clean = 0, or a rank did not come): the process can then
// only _exit, since MPI's own clean-up would wait for the lost rank.
int mpi_transport_finish(struct transport *t, int clean);

// How many ranks share this host, and this one's place among them.  Every rank calls
// it, at start-up.
CHECKED enum status mpi_ranks_on_host(struct transport *t, int *ranks, int *place);
// `all` (size * bytes) = what every rank says of itself, rank after rank.  Every rank
// calls it, at start-up.  ERR_TIMEOUT: not all came in deadline_ms.
CHECKED enum status mpi_tell_all(struct transport *t, const void *mine, int bytes,
                                 void *all, int64_t deadline_ms);

#endif

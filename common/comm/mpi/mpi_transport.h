// The transport over MPI: point-to-point only after start-up, nothing ever waits.
// MPI_THREAD_FUNNELED; the process's main thread.
#ifndef COMM_MPI_TRANSPORT_H
#define COMM_MPI_TRANSPORT_H

#include "comm/transport.h"

// Initialises MPI and makes rank and size known.  send_deadline_ms: how long one send
// may stay unfinished.  ERR_IO.
CHECKED enum status mpi_transport_new(struct transport **out, int64_t send_deadline_ms);

// 1 where this process was started by mpirun (or an equivalent), from its environment.
int mpi_launched(void);

// Ends MPI.  clean = 0: some rank is lost, so leave without MPI_Finalize.
void mpi_transport_finish(struct transport *t, int clean);

// Sum of 64-bit counters over ranks at start-up (such as: ranks on this host).
CHECKED enum status mpi_ranks_on_host(struct transport *t, int *ranks);

#endif

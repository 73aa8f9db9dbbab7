#include "base/mem.h"
#include "mpi_state.h"

enum { MAX_MESSAGE_BYTES = 1 << 30 };

// Matches the next message and starts its reception into a buffer of its size.
static enum status match(struct mpi_transport *m)
{
    int there = 0, count = 0;
    MPI_Message message;
    MPI_Status info;
    TRY(mpi_check(MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, m->comm, &there, &message, &info),
                  "probe"));
    if (!there)
        return OK;
    TRY(mpi_check(MPI_Get_count(&info, MPI_BYTE, &count), "count"));
    if (count < 0 || count > MAX_MESSAGE_BYTES)
        return status_fail(ERR_PROTOCOL, "message of %d bytes from rank %d", count,
                           info.MPI_SOURCE);
    uint8_t *data = NULL;
    TRY(mem_new(&data, (size_t)count + 1, 1));
    enum status st = mpi_check(
        MPI_Imrecv(data, count, MPI_BYTE, &message, &m->request), "receive");
    if (st != OK) {
        mem_free(data);
        return st;
    }
    m->arriving = (struct incoming){info.MPI_SOURCE, data, (size_t)count};
    return OK;
}

enum status mpi_receive(struct mpi_transport *m, struct incoming *in, int *got)
{
    int done = 0;
    if (!m->arriving.data)
        TRY(match(m));
    if (!m->arriving.data)
        return OK;
    TRY(mpi_check(MPI_Test(&m->request, &done, MPI_STATUS_IGNORE), "receive"));
    if (!done)
        return OK;
    *in = m->arriving;
    m->arriving = (struct incoming){0};
    *got = 1;
    return OK;
}

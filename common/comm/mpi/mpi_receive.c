#include "mpi_state.h"

#include "base/mem.h"

#include <string.h>

enum { MAX_ARRIVALS = 64 };

// Starts the reception of a matched message into a buffer of its size.
static enum status start(struct mpi_transport *m, MPI_Message *message, int rank,
                         int bytes)
{
    struct arrival *a = &m->arrivals[m->n_arrivals];
    uint8_t *data = NULL;
    TRY(mem_new(&data, (size_t)bytes, 1));
    enum status st =
        mpi_check(MPI_Imrecv(data, bytes, MPI_BYTE, message, &a->request), "receive");
    if (st != OK) {
        mem_free(data);
        return st;
    }
    a->message = (struct incoming){rank, data, (size_t)bytes};
    a->since_ms = m->polled_ms;
    a->done = a->stuck = 0;
    m->n_arrivals++;
    return OK;
}

// Matches the next message, if one is there.
static enum status match(struct mpi_transport *m, int *there)
{
    int bytes = 0;
    MPI_Message message;
    MPI_Status info;
    TRY(mem_grow(&m->arrivals, &m->arrival_capacity, m->n_arrivals, m->n_arrivals + 1,
                 sizeof *m->arrivals));
    TRY(mpi_check(
        MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, m->comm, there, &message, &info),
        "probe"));
    if (!*there)
        return OK;
    TRY(mpi_check(MPI_Get_count(&info, MPI_BYTE, &bytes), "count"));
    if (bytes < 0 || bytes > MAX_MESSAGE_BYTES)
        return status_fail(ERR_PROTOCOL, "message of %d bytes from rank %d", bytes,
                           info.MPI_SOURCE);
    return start(m, &message, info.MPI_SOURCE, bytes);
}

// Several messages arrive side by side, so that a rank that dies in the middle of one
// does not close the door to the others.
static enum status match_some(struct mpi_transport *m)
{
    size_t moving = 0;
    int there = 1;
    for (size_t i = 0; i < m->n_arrivals; i++)
        moving += !m->arrivals[i].stuck;
    for (; there && moving < MAX_ARRIVALS; moving++)
        TRY(match(m, &there));
    return OK;
}

static enum status test(const struct mpi_transport *m, struct arrival *a)
{
    if (!a->done)
        TRY(mpi_check(MPI_Test(&a->request, &a->done, MPI_STATUS_IGNORE), "receive"));
    int64_t age_ms = m->polled_ms - a->since_ms;
    if (a->done || a->stuck || age_ms <= m->deadline_ms)
        return OK;
    a->stuck = 1;
    return status_fail(ERR_TIMEOUT,
                       "rank %d began a message of %zu bytes %lld ms ago and "
                       "has not ended it",
                       a->message.rank, a->message.len, (long long)age_ms);
}

static int is_first_of_rank(const struct mpi_transport *m, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (m->arrivals[j].message.rank == m->arrivals[i].message.rank)
            return 0;
    return 1;
}

enum status mpi_receive(struct mpi_transport *m, struct incoming *in, int *got)
{
    TRY(match_some(m));
    for (size_t i = 0; i < m->n_arrivals; i++) {
        TRY(test(m, &m->arrivals[i]));
        if (!m->arrivals[i].done || !is_first_of_rank(m, i))
            continue;
        *in = m->arrivals[i].message;
        *got = 1;
        m->n_arrivals--;
        memmove(&m->arrivals[i], &m->arrivals[i + 1],
                (m->n_arrivals - i) * sizeof *m->arrivals);
        return OK;
    }
    return OK;
}

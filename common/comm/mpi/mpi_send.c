#include "base/clock.h"
#include "base/mem.h"
#include "mpi_state.h"

#include <limits.h>

// Starts the send of head and tail as one message of two blocks, neither copied.
static int start(struct mpi_transport *m, const struct outgoing *out, MPI_Request *request)
{
    if (out->tail_len == 0)
        return MPI_Isend(out->head, (int)out->head_len, MPI_BYTE, out->rank, 0, m->comm,
                         request);
    int lengths[2] = {(int)out->head_len, (int)out->tail_len}, rc;
    MPI_Aint places[2];
    MPI_Datatype blocks;
    (void)MPI_Get_address(out->head, &places[0]);
    (void)MPI_Get_address(out->tail->data + out->tail_offset, &places[1]);
    rc = MPI_Type_create_hindexed(2, lengths, places, MPI_BYTE, &blocks);
    if (rc != MPI_SUCCESS)
        return rc;
    rc = MPI_Type_commit(&blocks);
    if (rc == MPI_SUCCESS)
        rc = MPI_Isend(MPI_BOTTOM, 1, blocks, out->rank, 0, m->comm, request);
    (void)MPI_Type_free(&blocks); // lives on until the send is done
    return rc;
}

enum status mpi_send(struct transport *t, const struct outgoing *out)
{
    struct mpi_transport *m = (struct mpi_transport *)t;
    size_t bytes = out->head_len + out->tail_len;
    if (out->rank < 0 || out->rank >= t->size || out->rank == t->rank)
        return status_fail(ERR_INTERNAL, "send to rank %d of %d", out->rank, t->size);
    if (out->head_len > INT_MAX || out->tail_len > INT_MAX || bytes > INT_MAX)
        return status_fail(ERR_LIMIT, "message of %zu bytes to rank %d", bytes, out->rank);
    if (m->given_up[out->rank]) {
        mem_free(out->head);
        return OK;
    }
    TRY(mem_grow(&m->sends, &m->send_capacity, m->n_sends, m->n_sends + 1,
                 sizeof *m->sends));
    struct sending *s = &m->sends[m->n_sends];
    MPI_Request request;
    TRY(mpi_check(start(m, out, &request), "send"));
    *s = (struct sending){
        .rank = out->rank,
        .request = request,
        .head = out->head,
        .tail = out->tail ? blob_hold(out->tail) : NULL,
        .bytes = bytes,
        .since_ms = clock_ms(),
    };
    m->n_sends++;
    return OK;
}

// Gives a rank up.  MPI still reads the buffers of its sends, so those stay allocated:
// a leak that is bounded by what was in flight to a dead rank.
static enum status give_up(struct mpi_transport *m, const struct sending *late)
{
    int rank = late->rank;
    size_t bytes = late->bytes, kept = 0;
    long long age_ms = (long long)(clock_ms() - late->since_ms);
    m->given_up[rank] = 1;
    for (size_t i = 0; i < m->n_sends; i++)
        if (m->sends[i].rank != rank)
            m->sends[kept++] = m->sends[i];
    m->n_sends = kept;
    return status_fail(ERR_TIMEOUT,
                       "rank %d has not taken a message of %zu bytes in %lld ms; "
                       "nothing more is sent to it",
                       rank, bytes, age_ms);
}

enum status mpi_progress_sends(struct mpi_transport *m)
{
    int64_t now = clock_ms();
    for (size_t i = 0; i < m->n_sends;) {
        struct sending *s = &m->sends[i];
        int done = 0;
        TRY(mpi_check(MPI_Test(&s->request, &done, MPI_STATUS_IGNORE), "send"));
        if (done) {
            mem_free(s->head);
            blob_drop(s->tail);
            *s = m->sends[--m->n_sends];
        } else if (now - s->since_ms > m->send_deadline_ms) {
            return give_up(m, s);
        } else {
            i++;
        }
    }
    return OK;
}

#include "mpi_state.h"

#include "base/mem.h"

// Starts the send of head and tail as one message of two blocks, neither copied.
static int start(struct mpi_transport *m, const struct outgoing *out,
                 MPI_Request *request)
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
    TRY(outgoing_check(t, out));
    if (m->peers[out->rank].stuck) {
        mem_free(out->head);
        return OK;
    }
    TRY(mem_grow(&m->sends, &m->send_capacity, m->n_sends, m->n_sends + 1,
                 sizeof *m->sends));
    MPI_Request request;
    TRY(mpi_check(start(m, out, &request), "send"));
    m->sends[m->n_sends++] = (struct sending){
        .rank = out->rank,
        .request = request,
        .head = out->head,
        .tail = out->tail ? blob_hold(out->tail) : NULL,
        .bytes = out->head_len + out->tail_len,
        .since_ms = m->polled_ms,
    };
    return OK;
}

// A rank that takes messages, however slowly, is not stuck: the time counts from the
// last one that it took.
static enum status check_deadline(const struct mpi_transport *m,
                                  const struct sending *s)
{
    struct peer *p = &m->peers[s->rank];
    int64_t since_ms = s->since_ms > p->taken_ms ? s->since_ms : p->taken_ms;
    int64_t age_ms = m->polled_ms - since_ms;
    if (p->stuck || age_ms <= m->deadline_ms)
        return OK;
    p->stuck = 1;
    return status_fail(ERR_TIMEOUT,
                       "rank %d has not taken a message of %zu bytes in %lld ms; it is "
                       "sent nothing more until it does",
                       s->rank, s->bytes, (long long)age_ms);
}

// What is in flight to a stuck rank stays: MPI reads those buffers still.
enum status mpi_progress_sends(struct mpi_transport *m)
{
    size_t kept = 0;
    enum status st = OK;
    for (size_t i = 0; i < m->n_sends; i++) {
        struct sending *s = &m->sends[i];
        int done = 0;
        if (st == OK)
            st = mpi_check(MPI_Test(&s->request, &done, MPI_STATUS_IGNORE), "send");
        if (done) {
            m->peers[s->rank] = (struct peer){.taken_ms = m->polled_ms};
            mem_free(s->head);
            blob_drop(s->tail);
        } else {
            if (st == OK)
                st = check_deadline(m, s);
            m->sends[kept++] = *s;
        }
    }
    m->n_sends = kept;
    return st;
}

#include "mpi_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

enum {
    POLL_US = 100,
    LONGEST_GAP_MS = 1000, // between two polls, of which more is not polled time
};

enum status mpi_check(int code, const char *what)
{
    if (code == MPI_SUCCESS)
        return OK;
    char text[MPI_MAX_ERROR_STRING] = "";
    int len = 0;
    (void)MPI_Error_string(code, text, &len);
    return status_fail(ERR_IO, "%s: %s", what, text);
}

static enum status mpi_poll(struct transport *t, struct incoming *in, int *got)
{
    struct mpi_transport *m = (struct mpi_transport *)t;
    int64_t now = clock_ms(), gap = now - m->last_poll_ms;
    m->polled_ms += gap < LONGEST_GAP_MS ? gap : LONGEST_GAP_MS;
    m->last_poll_ms = now;
    *got = 0;
    TRY(mpi_progress_sends(m)); // first: a message taken must not meet a failure
    return mpi_receive(m, in, got);
}

static size_t mpi_pending(struct transport *t, int rank)
{
    const struct mpi_transport *m = (const struct mpi_transport *)t;
    size_t bytes = 0;
    if (m->peers[rank].stuck)
        return 0;
    for (size_t i = 0; i < m->n_sends; i++)
        if (m->sends[i].rank == rank)
            bytes += m->sends[i].bytes;
    return bytes;
}

// Buffers of sends and receptions that never ended are MPI's still, and stay.
static void mpi_free(struct transport *t)
{
    struct mpi_transport *m = (struct mpi_transport *)t;
    mem_free(m->sends);
    mem_free(m->arrivals);
    mem_free(m->peers);
    mem_free(m);
}

static const struct transport_ops mpi_ops = {mpi_send, mpi_poll, mpi_pending, mpi_free};

int mpi_launched(void)
{
    static const char *const signs[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE",
                                        "PMIX_RANK"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (getenv(signs[i]))
            return 1;
    return 0;
}

static enum status join(struct mpi_transport *m)
{
    int provided = 0;
    TRY(mpi_check(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided),
                  "MPI_Init"));
    if (provided < MPI_THREAD_FUNNELED)
        return status_fail(ERR_IO, "this MPI does not allow threads beside it");
    TRY(mpi_check(MPI_Comm_dup(MPI_COMM_WORLD, &m->comm), "MPI_Comm_dup"));
    // Errors without a communicator of their own are raised on the world's.
    TRY(mpi_check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN),
                  "errors"));
    TRY(mpi_check(MPI_Comm_set_errhandler(m->comm, MPI_ERRORS_RETURN), "errors"));
    TRY(mpi_check(MPI_Comm_rank(m->comm, &m->base.rank), "rank"));
    return mpi_check(MPI_Comm_size(m->comm, &m->base.size), "size");
}

enum status mpi_transport_new(struct transport **out, int64_t deadline_ms)
{
    struct mpi_transport *m = NULL;
    enum status st;
    TRY(mem_new(&m, 1, sizeof *m));
    m->base.ops = &mpi_ops;
    m->deadline_ms = deadline_ms;
    TRY_OUT(join(m));
    TRY_OUT(mem_new(&m->peers, (size_t)m->base.size, sizeof *m->peers));
    m->last_poll_ms = clock_ms();
    *out = &m->base;
    return OK;
out:
    mpi_free(&m->base);
    return st;
}

// One round of leaving: messages that still come are of no use to anyone.
static enum status leave_round(struct mpi_transport *m)
{
    struct incoming in = {0};
    int got = 0;
    TRY(mpi_poll(&m->base, &in, &got));
    if (got)
        incoming_free(&in);
    else
        clock_sleep_us(POLL_US);
    return OK;
}

// Every rank enters the barrier when its sends are out, and receives until all have
// entered (Hoefler, Siebert, Lumsdaine, PPoPP 2010): nobody finalizes with a message to
// it half way.
static enum status leave_together(struct mpi_transport *m)
{
    int64_t until = clock_ms() + m->deadline_ms;
    MPI_Request barrier;
    int entered = 0, all = 0;
    while (clock_ms() < until) {
        TRY(leave_round(m));
        if (!entered && m->n_sends == 0) {
            TRY(mpi_check(MPI_Ibarrier(m->comm, &barrier), "barrier"));
            entered = 1;
        }
        if (entered)
            TRY(mpi_check(MPI_Test(&barrier, &all, MPI_STATUS_IGNORE), "barrier"));
        if (all)
            return OK;
    }
    return status_fail(ERR_TIMEOUT, "not all ranks came to the end in %lld ms",
                       (long long)m->deadline_ms);
}

int mpi_transport_finish(struct transport *t, int clean)
{
    struct mpi_transport *m = (struct mpi_transport *)t;
    enum status st = OK;
    if (clean) {
        st = leave_together(m);
        if (st == OK)
            st = mpi_check(MPI_Comm_free(&m->comm), "communicator");
        if (st == OK)
            st = mpi_check(MPI_Finalize(), "MPI_Finalize");
        if (st != OK)
            log_warn("leaving without MPI_Finalize: %s", status_message());
    }
    mpi_free(t);
    return clean && st == OK;
}

enum status mpi_ranks_on_host(struct transport *t, int *ranks, int *place)
{
    struct mpi_transport *m = (struct mpi_transport *)t;
    MPI_Comm host;
    int n = 1, at = 0;
    TRY(mpi_check(MPI_Comm_split_type(m->comm, MPI_COMM_TYPE_SHARED, m->base.rank,
                                      MPI_INFO_NULL, &host),
                  "split by host"));
    TRY(mpi_check(MPI_Comm_size(host, &n), "ranks on the host"));
    TRY(mpi_check(MPI_Comm_rank(host, &at), "place on the host"));
    (void)MPI_Comm_free(&host);
    *ranks = n;
    *place = at;
    return OK;
}

enum status mpi_tell_all(struct transport *t, const void *mine, int bytes, void *all,
                         int64_t deadline_ms)
{
    struct mpi_transport *m = (struct mpi_transport *)t;
    int64_t until = clock_ms() + deadline_ms;
    MPI_Request gather;
    int done = 0;
    TRY(mpi_check(
        MPI_Iallgather(mine, bytes, MPI_BYTE, all, bytes, MPI_BYTE, m->comm, &gather),
        "allgather"));
    while (!done) {
        TRY(mpi_check(MPI_Test(&gather, &done, MPI_STATUS_IGNORE), "allgather"));
        if (done)
            break;
        if (clock_ms() > until) // MPI still owns the buffers: the process ends
            return status_fail(ERR_TIMEOUT, "start: not all ranks came in %lld ms",
                               (long long)deadline_ms);
        clock_sleep_us(POLL_US);
    }
    return OK;
}

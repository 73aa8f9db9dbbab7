#include "base/clock.h"
#include "base/mem.h"
#include "mpi_state.h"

#include <stdlib.h>

enum { FINISH_MS = 10000, POLL_US = 100 };

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
    *got = 0;
    TRY(mpi_receive(m, in, got));
    return mpi_progress_sends(m);
}

static size_t mpi_pending(struct transport *t, int rank)
{
    const struct mpi_transport *m = (const struct mpi_transport *)t;
    size_t bytes = 0;
    for (size_t i = 0; i < m->n_sends; i++)
        if (m->sends[i].rank == rank)
            bytes += m->sends[i].bytes;
    return bytes;
}

static void mpi_free(struct transport *t)
{
    struct mpi_transport *m = (struct mpi_transport *)t;
    mem_free(m->sends);
    mem_free(m->given_up);
    mem_free(m->arriving.data);
    mem_free(m);
}

static const struct transport_ops mpi_ops = {mpi_send, mpi_poll, mpi_pending, mpi_free};

int mpi_launched(void)
{
    static const char *const signs[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (getenv(signs[i]))
            return 1;
    return 0;
}

static enum status join(struct mpi_transport *m)
{
    int provided = 0;
    TRY(mpi_check(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided), "MPI_Init"));
    if (provided < MPI_THREAD_FUNNELED)
        return status_fail(ERR_IO, "this MPI does not allow threads beside it");
    TRY(mpi_check(MPI_Comm_dup(MPI_COMM_WORLD, &m->comm), "MPI_Comm_dup"));
    TRY(mpi_check(MPI_Comm_set_errhandler(m->comm, MPI_ERRORS_RETURN), "error handler"));
    TRY(mpi_check(MPI_Comm_rank(m->comm, &m->base.rank), "rank"));
    return mpi_check(MPI_Comm_size(m->comm, &m->base.size), "size");
}

enum status mpi_transport_new(struct transport **out, int64_t send_deadline_ms)
{
    struct mpi_transport *m = NULL;
    enum status st;
    TRY(mem_new(&m, 1, sizeof *m));
    m->base.ops = &mpi_ops;
    m->send_deadline_ms = send_deadline_ms;
    TRY_OUT(join(m));
    TRY_OUT(mem_new(&m->given_up, (size_t)m->base.size, 1));
    *out = &m->base;
    return OK;
out:
    mpi_free(&m->base);
    return st;
}

// Lets the last sends leave, but not for ever.
static void drain(struct mpi_transport *m)
{
    int64_t until = clock_ms() + FINISH_MS;
    while (m->n_sends > 0 && clock_ms() < until) {
        enum status st = mpi_progress_sends(m);
        if (st != OK && st != ERR_TIMEOUT)
            return;
        clock_sleep_us(POLL_US);
    }
}

void mpi_transport_finish(struct transport *t, int clean)
{
    struct mpi_transport *m = (struct mpi_transport *)t;
    if (clean) {
        drain(m);
        (void)MPI_Comm_free(&m->comm);
        (void)MPI_Finalize();
    }
    mpi_free(t);
}

enum status mpi_ranks_on_host(struct transport *t, int *ranks)
{
    struct mpi_transport *m = (struct mpi_transport *)t;
    MPI_Comm host;
    int n = 1;
    TRY(mpi_check(MPI_Comm_split_type(m->comm, MPI_COMM_TYPE_SHARED, m->base.rank,
                                      MPI_INFO_NULL, &host),
                  "split by host"));
    TRY(mpi_check(MPI_Comm_size(host, &n), "ranks on the host"));
    (void)MPI_Comm_free(&host);
    *ranks = n;
    return OK;
}

// The MPI transport among real processes: transport_pingpong SCENARIO.  Every rank
// checks what it receives; the exit status is 0 where all was right.
#include "base/clock.h"
#include "base/mem.h"
#include "comm_mpi/mpi_transport.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 60000, // of the test, for anything
    DEADLINE_MS = 1500,  // of the transport, where it is to pass
    BIG = 64 << 20,
};

static void demand(int truth, const char *what)
{
    if (truth)
        return;
    (void)fprintf(stderr, "transport: %s: %s\n", what, status_message());
    _exit(1); // mpirun ends the others
}

static struct transport *join(int64_t deadline_ms)
{
    struct transport *t = NULL;
    demand(mpi_launched(), "not under mpirun");
    demand(mpi_transport_new(&t, deadline_ms) == OK, "start");
    return t;
}

static void leave(struct transport *t)
{
    demand(mpi_transport_finish(t, 1) == 1, "end");
}

// The end where a rank is lost or slow: mpirun's exit status says nothing then, so the
// script counts these lines.
static void leave_alone(struct transport *t, int clean)
{
    demand(mpi_transport_finish(t, clean) == 0, "MPI_Finalize without a rank");
    (void)printf("rank alive at the end\n");
    (void)fflush(stdout);
    _exit(0);
}

// Byte i of the message with this number.
static uint8_t content(unsigned number, size_t i)
{
    return (uint8_t)(number * 7 + i % 251 + i / 4096);
}

// Sends `head` + `tail` bytes, the tail from the middle of a blob.
static void send(struct transport *t, int rank, unsigned number, size_t head,
                 size_t tail)
{
    struct outgoing out = {.rank = rank, .head_len = head, .tail_len = tail};
    demand(mem_new(&out.head, head, 1) == OK, "memory");
    for (size_t i = 0; i < head; i++)
        out.head[i] = content(number, i);
    if (tail > 0) {
        out.tail_offset = 5;
        demand(blob_new(&out.tail, tail + 9) == OK, "memory");
        for (size_t i = 0; i < tail; i++)
            out.tail->data[5 + i] = content(number, head + i);
    }
    demand(t->ops->send(t, &out) == OK, "send");
    blob_drop(out.tail); // the transport holds it
}

// 1 and a message, or 0 after one poll without.  Any failure ends the test.
static int poll_once(struct transport *t, struct incoming *in)
{
    int got = 0;
    demand(t->ops->poll(t, in, &got) == OK, "poll");
    if (!got)
        clock_sleep_us(50);
    return got;
}

static struct incoming await(struct transport *t)
{
    struct incoming in = {0};
    int64_t until = clock_ms() + PATIENCE_MS;
    while (!poll_once(t, &in))
        demand(clock_ms() < until, "nothing comes");
    return in;
}

static void expect(const struct incoming *in, unsigned number, size_t len)
{
    demand(in->len == len, "another length than sent");
    for (size_t i = 0; i < len; i++)
        demand(in->data[i] == content(number, i), "another byte than sent");
}

static void await_sent(struct transport *t)
{
    struct incoming in = {0};
    int64_t until = clock_ms() + PATIENCE_MS;
    for (int rank = 0; rank < t->size; rank++)
        while (t->ops->pending(t, rank) > 0) {
            demand(!poll_once(t, &in), "a message that nobody sent");
            demand(clock_ms() < until, "a send does not end");
        }
}

// ---- rank 0 and each other rank, all sizes, with and without a tail

static const struct {
    size_t head, tail;
} sizes[] = {
    {0, 0},    {1, 0},         {0, 1},     {40, 1},       {100, 4000},
    {4096, 0}, {65536, 65536}, {70000, 0}, {60, 1 << 20}, {1 << 22, 0},
    {64, BIG}, {BIG, 0},       {3, 5},
};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

static void echo(struct transport *t, unsigned k)
{
    struct incoming in = await(t);
    demand(in.rank == 0, "not from rank 0");
    expect(&in, k, sizes[k].head + sizes[k].tail);
    struct outgoing out = {.rank = 0, .head = in.data, .head_len = in.len};
    demand(t->ops->send(t, &out) == OK, "send");
}

static void pingpong(void)
{
    struct transport *t = join(PATIENCE_MS);
    int here = 0;
    int place = -1;
    demand(mpi_ranks_on_host(t, &here, &place) == OK && here == t->size &&
               place == t->rank,
           "ranks on this host");
    for (unsigned k = 0; k < N_SIZES; k++) {
        for (int rank = 1; t->rank == 0 && rank < t->size; rank++)
            send(t, rank, k, sizes[k].head, sizes[k].tail);
        for (int rank = 1; t->rank == 0 && rank < t->size; rank++) {
            struct incoming in = await(t);
            expect(&in, k, sizes[k].head + sizes[k].tail);
            incoming_free(&in);
        }
        if (t->rank > 0)
            echo(t, k);
    }
    await_sent(t);
    leave(t);
}

// ---- all to one: nothing is lost, each rank's messages stay in order

enum { FLOOD = 2000, FLOOD_AHEAD = 8 << 20 };

// Small and large in turn, so that a large one could be overtaken.
static size_t flood_size(unsigned number)
{
    return number % 50 == 49 ? 300000 : 8 + number % 100;
}

static void flood_send(struct transport *t)
{
    struct incoming in = {0};
    for (unsigned i = 0; i < FLOOD; i++) {
        send(t, 0, i, flood_size(i), 0);
        while (t->ops->pending(t, 0) > FLOOD_AHEAD)
            demand(!poll_once(t, &in), "a message that nobody sent");
    }
    await_sent(t);
}

static void flood(void)
{
    struct transport *t = join(PATIENCE_MS);
    unsigned next[64] = {0};
    if (t->rank > 0)
        flood_send(t);
    for (int left = t->rank == 0 ? FLOOD * (t->size - 1) : 0; left > 0; left--) {
        struct incoming in = await(t);
        expect(&in, next[in.rank], flood_size(next[in.rank]));
        next[in.rank]++;
        incoming_free(&in);
    }
    leave(t);
}

// ---- a rank that does not listen: its deadline passes, and it may come back

static void silent_rank(struct transport *t)
{
    clock_sleep_us(4L * DEADLINE_MS * 1000);
    struct incoming in = await(t);
    expect(&in, 1, BIG);
    incoming_free(&in);
    send(t, 0, 2, 1, 0);
    in = await(t); // 3 was lost, 4 comes
    expect(&in, 4, 10);
    incoming_free(&in);
    send(t, 0, 5, 1, 0);
    await_sent(t);
}

static void await_timeout(struct transport *t)
{
    struct incoming in = {0};
    int got = 0;
    enum status st = OK;
    for (int64_t until = clock_ms() + PATIENCE_MS; st == OK && clock_ms() < until;)
        st = t->ops->poll(t, &in, &got);
    demand(st == ERR_TIMEOUT && !got, "no deadline passes");
    demand(strstr(status_message(), "rank 1 ") != NULL, "the rank is not named");
    demand(strstr(status_message(), "67108864 bytes") != NULL,
           "the bytes are not named");
}

static void silent_learner(struct transport *t)
{
    struct incoming in = {0};
    send(t, 1, 1, 100, BIG - 100);
    demand(t->ops->pending(t, 1) == BIG, "nothing is pending");
    await_timeout(t);
    demand(t->ops->pending(t, 1) == 0, "a stuck rank's bytes are waited for");
    send(t, 1, 3, 10, 0);
    in = await(t); // the silent rank is back; polls name no other deadline
    expect(&in, 2, 1);
    incoming_free(&in);
    send(t, 1, 4, 10, 0);
    in = await(t);
    expect(&in, 5, 1);
    incoming_free(&in);
}

static void silence(void)
{
    struct transport *t = join(DEADLINE_MS);
    if (t->rank == 0)
        silent_learner(t);
    else
        silent_rank(t);
    leave_alone(t, 0);
}

// ---- a learner that computes: its own pause is no failure of the other's

// The waiting rank is told that a message stopped half way, and gets it all the same.
static struct incoming await_late(struct transport *t)
{
    struct incoming in = {0};
    int got = 0, told = 0;
    for (int64_t until = clock_ms() + PATIENCE_MS; !got && clock_ms() < until;) {
        enum status st = t->ops->poll(t, &in, &got);
        demand(st == OK || st == ERR_TIMEOUT, "poll");
        told += st == ERR_TIMEOUT;
    }
    demand(got && told <= 1, "nothing comes, or a delay is told twice");
    return in;
}

static void pauses(void)
{
    struct transport *t = join(3 * DEADLINE_MS);
    struct incoming in;
    if (t->rank == 0) {
        send(t, 1, 1, 100, BIG - 100);
        clock_sleep_us(10L * DEADLINE_MS * 1000);
        in = await(t);
        expect(&in, 2, 1);
    } else {
        in = await_late(t);
        expect(&in, 1, BIG);
        send(t, 0, 2, 1, 0);
        await_sent(t);
    }
    incoming_free(&in);
    leave_alone(t, 0);
}

// ---- a rank dies: the others still reach each other, and the end is not waited for

// Dies in the middle of a message, so that half of it is all that ever comes.
static void die(struct transport *t)
{
    send(t, 0, 1, BIG, 0);
    (void)raise(SIGKILL);
}

static void death(void)
{
    struct transport *t = join(2 * DEADLINE_MS);
    if (t->rank == 1)
        die(t);
    for (unsigned i = 0; t->rank > 1 && i < 20; i++) {
        send(t, 0, i, 100000, 0);
        await_sent(t);
        clock_sleep_us(20000);
    }
    for (int left = t->rank == 0 ? 20 * (t->size - 2) : 0; left > 0;) {
        struct incoming in = await(t);
        left -= in.rank > 1;
        incoming_free(&in);
    }
    leave_alone(t, 1);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } scenarios[] = {{"pingpong", pingpong},
                     {"flood", flood},
                     {"silence", silence},
                     {"pause", pauses},
                     {"death", death}};
    for (size_t i = 0; argc > 1 && i < sizeof scenarios / sizeof *scenarios; i++)
        if (strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            return 0;
        }
    (void)fprintf(stderr, "usage: transport_pingpong SCENARIO\n");
    return 2;
}

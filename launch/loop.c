#include "launch/loop.h"

#include "base/clock.h"
#include "base/log.h"

enum {
    MESSAGES_A_ROUND = 64,
    IDLE_SLEEP_US = 100, // a waiting rank must not spin: it may share its core
};

// Hands every message that is there to the core, up to a bound.
static enum status receive_some(struct seat *s, struct outbox *out, int *busy)
{
    for (int i = 0; i < MESSAGES_A_ROUND; i++) {
        struct incoming in = {0};
        int got = 0;
        enum status st = s->transport->ops->poll(s->transport, &in, &got);
        if (st ==
            ERR_TIMEOUT) // one rank's sends were given up; the core judges by silence
            log_warn("%s", status_message());
        else if (st != OK)
            return status_wrap(st, "receive");
        if (!got)
            return OK;
        *busy = 1;
        st = s->ops->receive(s->core, in.rank, in.data, in.len, clock_ms(), out);
        incoming_free(&in);
        TRY(st);
    }
    return OK;
}

static enum status seat_round(struct seat *s, struct outbox *out, int *busy)
{
    TRY(receive_some(s, out, busy));
    TRY(s->ops->tick(s->core, clock_ms(), out));
    int worked = 0;
    TRY(s->ops->work(s->core, clock_ms(), out, &worked));
    *busy |= worked || out->n > 0;
    return outbox_flush(out, s->transport);
}

static size_t still_sending(const struct seat *s)
{
    size_t bytes = 0;
    for (int rank = 0; rank < s->transport->size; rank++)
        bytes += s->transport->ops->pending(s->transport, rank);
    return bytes;
}

// Lets the last messages (STOP) leave.
static enum status drain(struct seat *s, int64_t drain_ms)
{
    int64_t until = clock_ms() + drain_ms;
    while (still_sending(s) > 0 && clock_ms() < until) {
        struct incoming in = {0};
        int got = 0;
        enum status st = s->transport->ops->poll(s->transport, &in, &got);
        if (got)
            incoming_free(&in);
        if (st != OK && st != ERR_TIMEOUT)
            return st;
        clock_sleep_us(IDLE_SLEEP_US);
    }
    return OK;
}

static enum status run_rounds(struct seat *seats, int n, struct outbox *out,
                              void (*advance)(void *, int64_t), void *context)
{
    for (int i = 0; i < n; i++) {
        TRY(seats[i].ops->start(seats[i].core, clock_ms(), out));
        TRY(outbox_flush(out, seats[i].transport));
    }
    while (!seats[0].ops->done(seats[0].core)) {
        int busy = 0;
        if (advance)
            advance(context, clock_ms());
        for (int i = 0; i < n; i++)
            TRY(seat_round(&seats[i], out, &busy));
        if (!busy)
            clock_sleep_us(IDLE_SLEEP_US);
    }
    return OK;
}

enum status loop_run(struct seat *seats, int n, int64_t drain_ms,
                     void (*advance)(void *context, int64_t now_ms), void *context)
{
    struct outbox out = {0};
    enum status st = run_rounds(seats, n, &out, advance, context);
    if (st == OK && drain_ms > 0)
        st = drain(&seats[0], drain_ms);
    outbox_free(&out);
    return st;
}

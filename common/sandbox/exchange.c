// One question to a child that lives for it.
#include "child.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 1 << 16, LAST_WORDS = 400, LOOK_MS = 50 };

struct exchange {
    const struct child_spec *spec;
    struct child child;
    const char *text;
    size_t len, sent, most_bytes;
    struct buf *out;
    size_t began; // out->len before
    int64_t until_ms;
};

static int would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

// A child that does not read what it is given is heard out all the same.
static void send_some(struct exchange *e)
{
    while (e->child.in >= 0 && e->sent < e->len) {
        ssize_t n = write(e->child.in, e->text + e->sent, e->len - e->sent);
        if (n < 0 && would_block())
            return;
        e->sent = n < 0 ? e->len : e->sent + (size_t)n;
    }
    if (e->child.in >= 0)
        close(e->child.in);
    e->child.in = -1;
}

// *ended = 1: its end of the pipe is closed.
static enum status receive(struct exchange *e, int *ended)
{
    char chunk[CHUNK];
    for (;;) {
        ssize_t n = read(e->child.out, chunk, sizeof chunk);
        if (n < 0 && would_block())
            return OK;
        *ended = n <= 0;
        if (n <= 0)
            return OK;
        if (e->out->len - e->began + (size_t)n > e->most_bytes)
            return status_fail(ERR_LIMIT, "%s: more than %zu bytes of output",
                               e->spec->name, e->most_bytes);
        buf_append(e->out, chunk, (size_t)n);
        TRY(e->out->status);
    }
}

static enum status overdue(const struct exchange *e, int64_t timeout_ms)
{
    if (clock_ms() < e->until_ms)
        return OK;
    return status_fail(ERR_TIMEOUT, "%s: no end within %.1f s", e->spec->name,
                       (double)timeout_ms / 1e3);
}

static enum status talk(struct exchange *e, int64_t timeout_ms)
{
    for (int ended = 0;;) {
        send_some(e);
        TRY(receive(e, &ended));
        if (ended)
            return OK;
        TRY(overdue(e, timeout_ms));
        struct pollfd fds[] = {{.fd = e->child.out, .events = POLLIN},
                               {.fd = e->child.in, .events = POLLOUT}};
        int64_t left_ms = e->until_ms - clock_ms();
        int wait_ms = left_ms < LOOK_MS ? (int)left_ms : LOOK_MS;
        if (poll(fds, 2, wait_ms < 1 ? 1 : wait_ms) < 0 && errno != EINTR)
            return status_fail(ERR_IO, "%s: poll: %s", e->spec->name, strerror(errno));
    }
}

// It stays a zombie until child_kill, which ends what it left behind in its group.
static enum status exit_status(struct exchange *e, int64_t timeout_ms)
{
    siginfo_t how = {0};
    while (how.si_pid == 0) {
        if (waitid(P_PID, (id_t)e->child.pid, &how, WEXITED | WNOHANG | WNOWAIT) < 0 &&
            errno != EINTR)
            return status_fail(ERR_IO, "%s: waitid: %s", e->spec->name,
                               strerror(errno));
        if (how.si_pid == 0) {
            TRY(overdue(e, timeout_ms));
            clock_sleep_us(500);
        }
    }
    if (how.si_code == CLD_EXITED && how.si_status == 0)
        return OK;
    char why[LAST_WORDS];
    child_last_words(&e->child, why, sizeof why);
    return status_fail(ERR_IO, "%s: %s%s%s %d", e->spec->name, why, *why ? "; " : "",
                       how.si_code == CLD_EXITED ? "exit status" : "ended by signal",
                       how.si_status);
}

enum status child_exchange(const struct child_spec *s, const char *text, size_t len,
                           int64_t timeout_ms, size_t most_bytes, struct buf *out)
{
    struct exchange e = {.spec = s,
                         .text = text,
                         .len = len,
                         .most_bytes = most_bytes,
                         .out = out,
                         .began = out->len,
                         .until_ms = clock_ms() + timeout_ms};
    // A child that closes its input must not end this process.
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    (void)sigaction(SIGPIPE, &ignore, &before);
    enum status st = child_start(&e.child, s);
    if (st == OK)
        st = talk(&e, timeout_ms);
    if (st == OK)
        st = exit_status(&e, timeout_ms);
    child_kill(&e.child);
    (void)sigaction(SIGPIPE, &before, NULL);
    return st;
}

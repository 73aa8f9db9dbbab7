#include "server.h"

#include <errno.h>
#include <unistd.h>

enum { HELLO = 'R' }; // server.py

void server_give(struct server *s, struct job *job, int64_t deadline_ms)
{
    s->job = job;
    s->sent = 0;
    s->deadline_ms = deadline_ms;
    s->state = SERVER_BUSY;
}

int server_read_fd(const struct server *s)
{
    return s->out;
}

int server_write_fd(const struct server *s)
{
    return s->state == SERVER_BUSY && s->sent < s->job->len ? s->in : -1;
}

static int would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

// Nonzero: the pipe is broken.
static int send_some(struct server *s)
{
    while (server_write_fd(s) >= 0) {
        ssize_t n = write(s->in, s->job->frame + s->sent, s->job->len - s->sent);
        if (n < 0)
            return !would_block();
        s->sent += (size_t)n;
    }
    return 0;
}

// The one byte that may come: hello from one that starts, a verdict from a busy one.
static enum server_event receive(struct server *s, enum judge_verdict *verdict)
{
    unsigned char byte = 0;
    ssize_t n = read(s->out, &byte, 1);
    if (n < 0 && would_block())
        return SERVER_NOTHING;
    if (n == 1 && s->state == SERVER_STARTING && byte == HELLO) {
        s->state = SERVER_IDLE;
        s->failed_starts = 0;
        return SERVER_READY;
    }
    int whole = s->state == SERVER_BUSY && s->sent == s->job->len;
    if (n != 1 || !whole || byte > JUDGE_OPEN)
        return SERVER_FAILED;
    s->state = SERVER_IDLE;
    *verdict = (enum judge_verdict)byte;
    return SERVER_VERDICT;
}

enum server_event server_step(struct server *s, int64_t now_ms,
                              enum judge_verdict *verdict)
{
    if (s->state == SERVER_DOWN)
        return SERVER_NOTHING;
    if (send_some(s))
        return SERVER_FAILED;
    enum server_event event = receive(s, verdict);
    if (event == SERVER_NOTHING && s->state != SERVER_IDLE && now_ms >= s->deadline_ms)
        return SERVER_FAILED;
    return event;
}

#include "server.h"

#include <errno.h>
#include <unistd.h>

enum {
    HELLO = 'R',      // server.py
    START_MS = 60000, // on a loaded machine; an interpreter and its modules take 0.2 s
};

void server_init(struct server *s)
{
    *s = (struct server){0};
    child_init(&s->process);
}

enum status server_spawn(struct server *s, const struct launch *l, int64_t now_ms)
{
    TRY(child_start(&s->process, &l->spec));
    s->state = SERVER_STARTING;
    s->deadline_ms = now_ms + START_MS;
    return OK;
}

void server_kill(struct server *s)
{
    child_kill(&s->process);
    s->state = SERVER_DOWN;
}

void server_give(struct server *s, struct job *job, int64_t deadline_ms)
{
    s->job = job;
    s->sent = 0;
    s->deadline_ms = deadline_ms;
    s->state = SERVER_BUSY;
}

int server_read_fd(const struct server *s)
{
    return s->process.out;
}

int server_write_fd(const struct server *s)
{
    return s->state == SERVER_BUSY && s->sent < s->job->len ? s->process.in : -1;
}

static int would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

// Nonzero: the pipe is broken.
static int send_some(struct server *s)
{
    while (server_write_fd(s) >= 0) {
        ssize_t n =
            child_write(&s->process, s->job->frame + s->sent, s->job->len - s->sent);
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
    ssize_t n = read(s->process.out, &byte, 1);
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

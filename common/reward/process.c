#include "process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 1 << 14, MOST_CHUNKS = 64, LINE_MAX_BYTES = 1 << 16, END_MS = 20 };

void process_init(struct process *p)
{
    *p = (struct process){0};
    child_init(&p->child);
}

enum status process_start(struct process *p, const struct child_spec *spec,
                          int64_t now_ms)
{
    TRY(child_start(&p->child, spec));
    p->up = 1;
    p->answered = 0;
    p->spent_ms = 0;
    p->looked_ms = p->started_ms = now_ms;
    p->said.last[0] = 0;
    return OK;
}

void process_end(struct process *p, int64_t now_ms)
{
    if (p->up)
        said_end(&p->said, now_ms);
    child_kill(&p->child);
    buf_free(&p->in);
    p->taken = 0;
    p->up = 0;
}

// One that has closed its standard error is not looked at for more.
static void hear(struct process *p, int64_t now_ms)
{
    if (p->child.log < 0 || !said_read(&p->said, p->child.log, now_ms))
        return;
    close(p->child.log);
    p->child.log = -1;
}

static int would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

// A process that reads no more is heard out all the same.
static void send_some(struct process *p)
{
    for (struct question *q = p->asked.first; q; q = q->next)
        while (q->sent < q->len) {
            ssize_t n = child_write(&p->child, q->line + q->sent, q->len - q->sent);
            if (n < 0)
                return;
            q->sent += (size_t)n;
        }
}

void process_ask(struct process *p, struct question *q, int64_t now_ms)
{
    if (p->asked.n == 0) {
        p->looked_ms = now_ms;
        p->oldest = q->id;
        p->spent_ms = 0;
    }
    questions_push(&p->asked, q);
    send_some(p);
}

// The next line that has come whole; blank ones are nothing.
static int next_line(struct process *p, const char **line, size_t *len)
{
    for (;;) {
        const char *begin = buf_cstr(&p->in) + p->taken;
        size_t left = p->in.len - p->taken;
        const char *end = left ? memchr(begin, '\n', left) : NULL;
        if (!end)
            return 0;
        *line = begin;
        *len = (size_t)(end - begin);
        p->taken += *len + 1;
        if (strspn(begin, " \t\r") < *len)
            return 1;
    }
}

static void keep_rest(struct process *p)
{
    if (!p->taken)
        return;
    memmove(p->in.data, p->in.data + p->taken, p->in.len - p->taken + 1);
    p->in.len -= p->taken;
    p->taken = 0;
}

static enum process_event failed(struct process *p, const char *why, const char *more)
{
    (void)snprintf(p->why, sizeof p->why, "%s%s%.400s", why, *more ? ": " : "", more);
    return PROCESS_FAILED;
}

static enum process_event ended(struct process *p, int64_t now_ms)
{
    char how[64], why[96];
    child_end_text(&p->child, END_MS, how, sizeof how);
    hear(p, now_ms);
    said_end(&p->said, now_ms);
    (void)snprintf(why, sizeof why, "its program ended (%s)", how);
    return failed(p, why, p->said.last);
}

static enum process_event receive(struct process *p, int64_t now_ms)
{
    char chunk[CHUNK];
    keep_rest(p);
    ssize_t n = read(p->child.out, chunk, sizeof chunk);
    if (n < 0 && would_block())
        return PROCESS_NOTHING;
    if (n <= 0)
        return ended(p, now_ms);
    buf_append(&p->in, chunk, (size_t)n);
    if (p->in.status != OK)
        return failed(p, "no memory for its answer", "");
    if (p->in.len > LINE_MAX_BYTES && !memchr(p->in.data, '\n', p->in.len))
        return failed(p, "it writes a line of more than 65536 bytes", buf_cstr(&p->in));
    return PROCESS_LINE;
}

// Time in which nobody came to look counts half at most: what is here was read before.
static int is_overdue(struct process *p, int64_t now_ms, int64_t limit_ms)
{
    int64_t gap = now_ms - p->looked_ms, most = limit_ms / 2 + 1;
    p->looked_ms = now_ms;
    if (!p->asked.n)
        return 0;
    if (p->asked.first->id != p->oldest) {
        p->oldest = p->asked.first->id;
        p->spent_ms = 0;
        return 0;
    }
    p->spent_ms += gap < most ? gap : most;
    return p->spent_ms >= limit_ms;
}

enum process_event process_step(struct process *p, int64_t now_ms, int64_t limit_ms,
                                const char **line, size_t *len)
{
    char why[64];
    if (next_line(p, line, len))
        return PROCESS_LINE;
    hear(p, now_ms);
    send_some(p);
    for (int i = 0; i < MOST_CHUNKS; i++) { // of blank lines
        enum process_event event = receive(p, now_ms);
        if (event == PROCESS_FAILED)
            return event;
        if (next_line(p, line, len))
            return PROCESS_LINE;
        if (event == PROCESS_NOTHING)
            break;
    }
    if (!is_overdue(p, now_ms, limit_ms))
        return PROCESS_NOTHING;
    (void)snprintf(why, sizeof why, "no answer within %.1f s", (double)limit_ms / 1e3);
    return failed(p, why, p->said.last[0] ? p->said.last : "does it flush its output?");
}

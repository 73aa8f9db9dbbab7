// What was asked, the processes that are to answer, and what came of it.
#include "reward.h"

#include "answer.h"
#include "command.h"
#include "process.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
    AHEAD = 16, // questions on their way to one process
    MAX_CHILDREN = 256,
    RETRY_MS = 100, // after a second death without an answer; doubles
    MAX_DOUBLINGS = 6,
    MAX_ERRORS = 50,      // in a row, then it is the program that is wrong
    MAX_FIRST_ERRORS = 3, // likewise, before the first answer
    LOGGED_ERRORS = 20,
    START_SLACK_MS = 500,
    SHOWN = 200, // bytes of a line
    FDS = 3,     // of a process
};

struct reward {
    struct reward_config config;
    struct command command;
    struct process *processes;
    struct pollfd *fds;
    struct questions queue, again, done; // again: each to be asked alone
    size_t pending;
    uint64_t next_id, answers, errors, errors_in_row, restarts;
    uint64_t failed_ticket;
    int64_t slowest_start_ms; // from a start to its first answer; -1: none yet
};

enum status reward_start(struct reward **out, const struct reward_config *c)
{
    struct reward *r = NULL;
    enum status st;
    if (c->children < 1 || c->children > MAX_CHILDREN || c->timeout_ms < 1 ||
        c->start_ms < 0 || c->memory_mb < 0)
        return status_fail(ERR_INPUT, "verifier: bad settings: %d children, %lld ms",
                           c->children, (long long)c->timeout_ms);
    TRY(mem_new(&r, 1, sizeof *r));
    r->config = *c;
    r->slowest_start_ms = -1;
    TRY_OUT(mem_new(&r->fds, (size_t)c->children * FDS, sizeof *r->fds));
    TRY_OUT(mem_new(&r->processes, (size_t)c->children, sizeof *r->processes));
    for (int i = 0; i < c->children; i++)
        process_init(&r->processes[i]);
    TRY_OUT(command_open(&r->command, c));
    for (int i = 0; i < c->children; i++)
        TRY_OUT(process_start(&r->processes[i], &r->command.spec, clock_ms()));
    *out = r;
    return OK;
out:
    reward_stop(r);
    return status_wrap(st, "verifier");
}

void reward_stop(struct reward *r)
{
    if (!r)
        return;
    for (int i = 0; r->processes && i < r->config.children; i++) {
        process_end(&r->processes[i], clock_ms());
        questions_free(&r->processes[i].asked);
    }
    if (r->errors && r->config.zero_on_error)
        log_warn("verifier: %llu of %llu questions failed and count 0",
                 (unsigned long long)r->errors, (unsigned long long)r->next_id);
    questions_free(&r->queue);
    questions_free(&r->again);
    questions_free(&r->done);
    command_close(&r->command);
    mem_free(r->processes);
    mem_free(r->fds);
    mem_free(r);
}

enum status reward_submit(struct reward *r, uint64_t ticket, const char *problem,
                          const char *reply, size_t len, int whole)
{
    struct question *q = NULL;
    TRY(status_wrap(question_new(&q, ticket, r->next_id, problem, reply, len, whole),
                    "verifier"));
    r->next_id++;
    r->pending++;
    questions_push(&r->queue, q);
    return OK;
}

static int too_many_errors(const struct reward *r)
{
    return r->errors_in_row >= (r->answers ? MAX_ERRORS : MAX_FIRST_ERRORS);
}

// A question that has no answer: the run ends, or it counts 0.  Takes it.
static enum status give_up(struct reward *r, struct question *q, const char *why)
{
    r->errors++;
    r->errors_in_row++;
    if (!r->config.zero_on_error || too_many_errors(r)) {
        r->failed_ticket = q->ticket;
        r->pending--;
        mem_free(q);
        if (r->errors_in_row > 1)
            return status_fail(ERR_INPUT, "verifier: %llu questions in a row fail: %s",
                               (unsigned long long)r->errors_in_row, why);
        return status_fail(ERR_INPUT, "verifier: %s", why);
    }
    if (r->errors <= LOGGED_ERRORS)
        log_warn("verifier: counts 0, the %llu. so far: %s%s",
                 (unsigned long long)r->errors, why,
                 r->errors == LOGGED_ERRORS ? " (no more of these are shown)" : "");
    q->reward = 0.0F;
    q->verdict = VERDICT_UNKNOWN;
    questions_push(&r->done, q);
    return OK;
}

// The process is ended; what it was asked is asked again, each question alone.  One
// that was alone already, and the first of its process, is given up.
static enum status replace(struct reward *r, struct process *p, const char *why)
{
    enum status st = OK;
    struct questions again = {0}, fresh = {0};
    process_end(p, clock_ms());
    int backoff = p->deaths - 1 < MAX_DOUBLINGS ? p->deaths - 1 : MAX_DOUBLINGS;
    p->next_start_ms = clock_ms() + (p->deaths ? (int64_t)RETRY_MS << backoff : 0);
    p->deaths++;
    for (struct question *q = questions_pop(&p->asked); q;
         q = questions_pop(&p->asked)) {
        int suspect = q->sent > 0;
        q->sent = 0;
        if (q->cancelled) {
            mem_free(q);
        } else if (suspect && q->failed && !p->answered && st == OK) {
            st = give_up(r, q, why);
        } else {
            q->failed |= suspect;
            questions_push(q->failed ? &again : &fresh, q);
        }
    }
    questions_prepend(&r->again, &again);
    questions_prepend(&r->queue, &fresh);
    if (st == OK && ++r->restarts <= LOGGED_ERRORS)
        log_info("verifier: its program is started anew: %s%s", why,
                 r->restarts == LOGGED_ERRORS ? " (no more of these are shown)" : "");
    return st;
}

// A line that nobody asked for, or that is no answer to anything.
static enum status refuse_line(struct reward *r, struct process *p, const char *why,
                               const char *line, size_t len)
{
    char text[PROCESS_WHY];
    int idle = p->asked.n == 0;
    (void)snprintf(text, sizeof text, "%s: %.*s", why, len < SHOWN ? (int)len : SHOWN,
                   line);
    if (idle && !r->config.zero_on_error)
        return status_fail(ERR_INPUT, "verifier: %s", text);
    return replace(r, p, text);
}

// How long a start takes is seen at its first answer.
static void note_start(struct reward *r, const struct process *p)
{
    int64_t took_ms = clock_ms() - p->started_ms;
    if (!p->answered && took_ms > r->slowest_start_ms)
        r->slowest_start_ms = took_ms;
}

// The time for a process's oldest question: its first answer may take a start longer,
// of which the first is taken on trust, and later ones are held against what was seen.
static int64_t time_limit(const struct reward *r, const struct process *p)
{
    int64_t start_ms = r->config.start_ms;
    if (r->slowest_start_ms >= 0 && START_SLACK_MS + 2 * r->slowest_start_ms < start_ms)
        start_ms = START_SLACK_MS + 2 * r->slowest_start_ms;
    return r->config.timeout_ms + (p->answered ? 0 : start_ms);
}

// Takes what is answered out of what was asked.
static enum status settle(struct reward *r, struct process *p, struct question *q,
                          const struct answer *a, const char *line, size_t len)
{
    char why[PROCESS_WHY];
    int good = q->whole ? a->has_reward : a->has_verdict;
    note_start(r, p);
    p->answered = 1;
    p->deaths = 0;
    if (q->cancelled) {
        mem_free(q);
        return OK;
    }
    if (!good || *a->wrong) {
        (void)snprintf(why, sizeof why, "%s: %.*s",
                       *a->wrong  ? a->wrong
                       : q->whole ? "an answer without a reward"
                                  : "an answer without a verdict, on a part of a reply",
                       len < SHOWN ? (int)len : SHOWN, line);
        return give_up(r, q, why);
    }
    r->answers++;
    r->errors_in_row = 0;
    q->reward = a->reward;
    q->verdict = a->verdict;
    questions_push(&r->done, q);
    return OK;
}

static enum status take_line(struct reward *r, struct process *p, const char *line,
                             size_t len)
{
    struct answer a;
    char why[128];
    if (!p->asked.n)
        return refuse_line(r, p,
                           "it writes without being asked (its standard output "
                           "is for answers)",
                           line, len);
    enum status st = answer_read(&a, line, len);
    if (st != OK) {
        (void)snprintf(why, sizeof why, "not an answer, %.100s", status_message());
        return refuse_line(r, p, why, line, len);
    }
    uint64_t id = a.has_id ? a.id : p->asked.first->id;
    const struct question *q = p->asked.first;
    while (q && q->id != id)
        q = q->next;
    if (!q || q->sent < q->len)
        return refuse_line(r, p, "an answer to what was not asked", line, len);
    return settle(r, p, questions_take(&p->asked, id), &a, line, len);
}

static int has_work(const struct reward *r)
{
    return r->queue.n + r->again.n > 0;
}

static enum status revive(struct reward *r, struct process *p)
{
    if (!has_work(r) || clock_ms() < p->next_start_ms)
        return OK;
    return status_wrap(process_start(p, &r->command.spec, clock_ms()), "verifier");
}

static enum status step_process(struct reward *r, struct process *p)
{
    const char *line = NULL;
    size_t len = 0;
    if (!p->up)
        return revive(r, p);
    while (p->up)
        switch (process_step(p, clock_ms(), time_limit(r, p), &line, &len)) {
        case PROCESS_NOTHING:
            return OK;
        case PROCESS_LINE:
            TRY(take_line(r, p, line, len));
            break;
        case PROCESS_FAILED:
            TRY(replace(r, p, p->why));
            break;
        }
    return OK;
}

// The process that is up and was asked least; NULL: none takes another question.
static struct process *choose(struct reward *r, size_t below)
{
    struct process *best = NULL;
    for (int i = 0; i < r->config.children; i++) {
        struct process *p = &r->processes[i];
        int alone = p->asked.first && p->asked.first->failed;
        if (p->up && !alone && p->asked.n < below &&
            (!best || p->asked.n < best->asked.n))
            best = p;
    }
    return best;
}

// Those that are to be asked alone come first; no others begin until they are on their
// way.
static void give(struct reward *r)
{
    struct process *p;
    while (r->again.n && (p = choose(r, 1)))
        process_ask(p, questions_pop(&r->again), clock_ms());
    while (!r->again.n && r->queue.n && (p = choose(r, AHEAD)))
        process_ask(p, questions_pop(&r->queue), clock_ms());
}

static enum status step_all(struct reward *r)
{
    for (int i = 0; i < r->config.children; i++)
        TRY(step_process(r, &r->processes[i]));
    give(r);
    return OK;
}

static int wants_to_write(const struct process *p)
{
    const struct question *last = p->asked.last;
    return p->up && last && last->sent < last->len;
}

static enum status wait_for_processes(struct reward *r, int64_t until_ms)
{
    nfds_t n = 0;
    int64_t wait_ms = until_ms - clock_ms();
    for (int i = 0; i < r->config.children; i++) {
        const struct process *p = &r->processes[i];
        r->fds[n++] = (struct pollfd){.fd = p->child.out, .events = POLLIN};
        r->fds[n++] = (struct pollfd){.fd = p->child.log, .events = POLLIN};
        r->fds[n++] = (struct pollfd){.fd = wants_to_write(p) ? p->child.in : -1,
                                      .events = POLLOUT};
    }
    wait_ms = wait_ms < 1 ? 1 : wait_ms > RETRY_MS ? RETRY_MS : wait_ms;
    if (poll(r->fds, n, (int)wait_ms) < 0 && errno != EINTR)
        return status_fail(ERR_IO, "verifier: poll: %s", strerror(errno));
    return OK;
}

enum status reward_poll(struct reward *r, int64_t timeout_ms, struct reward_result *out,
                        int *got)
{
    int64_t until_ms = clock_ms() + timeout_ms;
    *got = 0;
    r->failed_ticket = UINT64_MAX;
    for (;;) {
        enum status st = step_all(r);
        if (st != OK)
            out->ticket = r->failed_ticket;
        TRY(st);
        if (r->done.n || clock_ms() >= until_ms)
            break;
        TRY(wait_for_processes(r, until_ms));
    }
    struct question *q = questions_pop(&r->done);
    if (!q)
        return OK;
    *out = (struct reward_result){q->ticket, q->reward, q->verdict};
    *got = 1;
    r->pending--;
    mem_free(q);
    return OK;
}

static void drop(struct reward *r, struct questions *list, uint64_t ticket)
{
    struct questions kept = {0};
    for (struct question *q = questions_pop(list); q; q = questions_pop(list)) {
        if (q->ticket != ticket) {
            questions_push(&kept, q);
            continue;
        }
        r->pending--;
        mem_free(q);
    }
    *list = kept;
}

void reward_cancel(struct reward *r, uint64_t ticket)
{
    drop(r, &r->queue, ticket);
    drop(r, &r->again, ticket);
    drop(r, &r->done, ticket);
    for (int i = 0; i < r->config.children; i++)
        for (struct question *q = r->processes[i].asked.first; q; q = q->next)
            if (q->ticket == ticket && !q->cancelled) {
                q->cancelled = 1; // it runs to its end, unheard
                r->pending--;
            }
}

size_t reward_pending(const struct reward *r)
{
    return r->pending;
}

uint64_t reward_errors(const struct reward *r)
{
    return r->errors;
}

// The queue of verifications and the servers that work it off.
#include "judge.h"

#include "modules.h"
#include "request.h"
#include "server.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

enum {
    GRACE_MS = 10000, // beyond a program's own time: sending, forks, a loaded machine
    MAX_FAILED_STARTS = 5, // of one server in a row, then judge_poll gives up
    RETRY_MS = 100,        // after a failed start; doubles
    MAX_SERVERS = 1024,
    LAST_WORDS = 200,
};

// The last words of a server whose tests lack a module (server.py).
static const char NO_MODULE[] = "the tests import a module that is not here";

struct judge {
    struct judge_config config;
    struct launch launch;
    struct server *servers;
    struct pollfd *fds; // two for a server
    struct job *first, *last;
    struct judge_result *results; // a ring: `done` from `head`
    size_t results_size, head, done;
    size_t queued, running; // without those that were cancelled
};

static void push_result(struct judge *j, uint64_t ticket, enum judge_verdict verdict)
{
    j->results[(j->head + j->done++) % j->results_size] =
        (struct judge_result){.ticket = ticket, .verdict = verdict};
}

static void finish(struct judge *j, struct server *s, enum judge_verdict verdict)
{
    struct job *job = s->job;
    s->job = NULL;
    if (!job->cancelled) {
        j->running--;
        push_result(j, job->ticket, verdict);
    }
    mem_free(job);
}

// Counts a failed start, and sets when to try again.
static enum status start_failed(struct server *s, const char *why)
{
    if (++s->failed_starts >= MAX_FAILED_STARTS)
        return status_fail(ERR_IO, "judge: a server does not start: %s", why);
    s->deadline_ms = clock_ms() + ((int64_t)RETRY_MS << s->failed_starts);
    return OK;
}

static enum status start_server(struct judge *j, struct server *s)
{
    if (clock_ms() < s->deadline_ms)
        return OK;
    enum status st = server_spawn(s, &j->launch, clock_ms());
    return st == OK ? OK : start_failed(s, status_message());
}

// Why the tests of a job cannot be run here.  A run with such tests has no rewards.
static enum status missing_module(const struct job *job)
{
    struct buf names = {0};
    size_t len;
    const char *tests = job ? request_tests(job, &len) : NULL;
    enum status st = OK;
    if (tests)
        TRY_OUT(modules_note(&names, tests, len, MODULES_ANYWHERE));
    TRY_OUT(modules_check(&names));
    st = status_fail(ERR_INPUT, "the tests of a problem import what is not here");
out:
    buf_free(&names);
    return status_wrap(st, "judge");
}

// A server that ended or must end: its job counts as killed, a fresh server follows.
static enum status replace_server(struct judge *j, struct server *s)
{
    char why[LAST_WORDS];
    int starting = s->state == SERVER_STARTING;
    child_last_words(&s->process, why, sizeof why);
    server_kill(s);
    if (strcmp(why, NO_MODULE) == 0)
        return missing_module(s->job);
    if (s->job)
        finish(j, s, JUDGE_KILLED);
    log_debug("judge: a server is replaced: %s", why);
    s->deadline_ms = 0;
    return starting ? start_failed(s, why) : start_server(j, s);
}

static enum status step_server(struct judge *j, struct server *s)
{
    if (s->state == SERVER_DOWN)
        TRY(start_server(j, s));
    enum judge_verdict verdict = JUDGE_KILLED;
    switch (server_step(s, clock_ms(), &verdict)) {
    case SERVER_VERDICT:
        finish(j, s, verdict);
        return OK;
    case SERVER_FAILED:
        return replace_server(j, s);
    case SERVER_NOTHING:
    case SERVER_READY:
        return OK;
    }
    return OK;
}

static struct job *take_queued(struct judge *j)
{
    struct job *job = j->first;
    if (!job)
        return NULL;
    j->first = job->next;
    if (!j->first)
        j->last = NULL;
    j->queued--;
    j->running++;
    return job;
}

// One round: every server moves, and idle ones get what is queued.
static enum status step_all(struct judge *j)
{
    for (int i = 0; i < j->config.servers; i++) {
        struct server *s = &j->servers[i];
        TRY(step_server(j, s));
        if (s->state != SERVER_IDLE)
            continue;
        struct job *job = take_queued(j);
        if (!job)
            continue;
        server_give(s, job, clock_ms() + j->config.timeout_ms + GRACE_MS);
        TRY(step_server(j, s));
    }
    return OK;
}

static int64_t next_deadline(const struct judge *j, int64_t until_ms)
{
    for (int i = 0; i < j->config.servers; i++) {
        const struct server *s = &j->servers[i];
        if (s->state != SERVER_IDLE && s->deadline_ms < until_ms)
            until_ms = s->deadline_ms;
    }
    return until_ms;
}

static enum status wait_for_servers(struct judge *j, int64_t until_ms)
{
    nfds_t count = 0;
    for (int i = 0; i < j->config.servers; i++) {
        const struct server *s = &j->servers[i];
        j->fds[count++] = (struct pollfd){.fd = server_read_fd(s), .events = POLLIN};
        j->fds[count++] = (struct pollfd){.fd = server_write_fd(s), .events = POLLOUT};
    }
    int64_t wait_ms = next_deadline(j, until_ms) - clock_ms();
    wait_ms = wait_ms < 1 ? 1 : wait_ms > 1000 ? 1000 : wait_ms;
    if (poll(j->fds, count, (int)wait_ms) < 0 && errno != EINTR)
        return status_fail(ERR_IO, "judge: poll: %s", strerror(errno));
    return OK;
}

// Waits until every server said hello, or one ended: then there is no sandbox here.
static enum status await_hello(struct judge *j)
{
    for (;;) {
        int ready = 0;
        for (int i = 0; i < j->config.servers; i++) {
            struct server *s = &j->servers[i];
            enum judge_verdict none;
            char why[LAST_WORDS];
            if (server_step(s, clock_ms(), &none) == SERVER_FAILED) {
                child_last_words(&s->process, why, sizeof why);
                return status_fail(ERR_INPUT,
                                   "judge: no sandbox for programs: %s: %s "
                                   "(judge.sandbox=weak does without)",
                                   j->launch.spec.argv[0], why[0] ? why : "it ended");
            }
            ready += s->state == SERVER_IDLE;
        }
        if (ready == j->config.servers)
            return OK;
        TRY(wait_for_servers(j, clock_ms() + 1000));
    }
}

static void kill_all(struct judge *j)
{
    for (int i = 0; j->servers && i < j->config.servers; i++) {
        server_kill(&j->servers[i]);
        mem_free(j->servers[i].job);
    }
}

static enum status start_all(struct judge *j, int bare)
{
    enum status st = launch_open(&j->launch, &j->config, bare);
    for (int i = 0; st == OK && i < j->config.servers; i++) {
        server_init(&j->servers[i]);
        st = server_spawn(&j->servers[i], &j->launch, clock_ms());
    }
    if (st == OK)
        st = await_hello(j);
    if (st != OK) {
        kill_all(j);
        launch_close(&j->launch);
    }
    return st;
}

static enum status start(struct judge *j)
{
    size_t servers = (size_t)j->config.servers;
    TRY(mem_new(&j->servers, servers, sizeof *j->servers));
    for (size_t i = 0; i < servers; i++)
        server_init(&j->servers[i]);
    TRY(mem_new(&j->fds, servers, 2 * sizeof *j->fds));
    enum status st = start_all(j, 0);
    if (st != ERR_INPUT || !j->config.accept_no_sandbox)
        return st;
    log_warn("%s", status_message());
    log_warn("judge: programs run without namespaces, under resource limits, Landlock "
             "and a system-call filter alone");
    return start_all(j, 1);
}

enum status judge_start(struct judge **out, const struct judge_config *c)
{
    if (c->servers < 1 || c->servers > MAX_SERVERS || c->timeout_ms < 1 ||
        c->memory_mb < 1)
        return status_fail(
            ERR_INPUT, "judge: bad settings: %d servers, %lld ms, %lld MiB", c->servers,
            (long long)c->timeout_ms, (long long)c->memory_mb);
    struct judge *j = NULL;
    TRY(mem_new(&j, 1, sizeof *j));
    j->config = *c;
    child_spec_init(&j->launch.spec, "judge");
    enum status st = start(j);
    if (st == OK)
        *out = j;
    else
        judge_stop(j);
    return st;
}

void judge_stop(struct judge *j)
{
    if (!j)
        return;
    kill_all(j);
    launch_close(&j->launch);
    for (struct job *job = j->first, *next; job; job = next) {
        next = job->next;
        mem_free(job);
    }
    mem_free(j->results);
    mem_free(j->servers);
    mem_free(j->fds);
    mem_free(j);
}

// Room for the results of all that is submitted, so that taking one in cannot fail.
static enum status reserve_result(struct judge *j)
{
    size_t wanted = judge_pending(j) + 1;
    if (wanted <= j->results_size)
        return OK;
    struct judge_result *ring = NULL;
    TRY(mem_new(&ring, 2 * wanted, sizeof *ring));
    for (size_t i = 0; i < j->done; i++)
        ring[i] = j->results[(j->head + i) % j->results_size];
    mem_free(j->results);
    j->results = ring;
    j->results_size = 2 * wanted;
    j->head = 0;
    return OK;
}

enum status judge_submit(struct judge *j, uint64_t ticket, const char *text, size_t len,
                         const char *tests, int partial)
{
    TRY(reserve_result(j));
    struct job *job = NULL;
    TRY(request_new(&job, ticket, text, len, tests, partial));
    if (j->last)
        j->last->next = job;
    else
        j->first = job;
    j->last = job;
    j->queued++;
    return OK;
}

enum status judge_poll(struct judge *j, int64_t timeout_ms, struct judge_result *out,
                       int *got)
{
    int64_t until_ms = clock_ms() + timeout_ms;
    for (;;) {
        TRY(step_all(j));
        if (j->done || clock_ms() >= until_ms)
            break;
        TRY(wait_for_servers(j, until_ms));
    }
    *got = j->done > 0;
    if (*got) {
        *out = j->results[j->head];
        j->head = (j->head + 1) % j->results_size;
        j->done--;
    }
    return OK;
}

static void cancel_queued(struct judge *j, uint64_t ticket)
{
    struct job **link = &j->first;
    j->last = NULL;
    while (*link) {
        struct job *job = *link;
        if (job->ticket == ticket) {
            *link = job->next;
            j->queued--;
            mem_free(job);
        } else {
            j->last = job;
            link = &job->next;
        }
    }
}

static void cancel_done(struct judge *j, uint64_t ticket)
{
    size_t kept = 0;
    for (size_t i = 0; i < j->done; i++) {
        struct judge_result r = j->results[(j->head + i) % j->results_size];
        if (r.ticket != ticket)
            j->results[(j->head + kept++) % j->results_size] = r;
    }
    j->done = kept;
}

void judge_cancel(struct judge *j, uint64_t ticket)
{
    cancel_queued(j, ticket);
    cancel_done(j, ticket);
    for (int i = 0; i < j->config.servers; i++) {
        struct job *job = j->servers[i].job;
        if (job && job->ticket == ticket && !job->cancelled) {
            job->cancelled = 1; // it runs to its end, at most its time, unheard
            j->running--;
        }
    }
}

size_t judge_pending(const struct judge *j)
{
    return j->queued + j->running + j->done;
}

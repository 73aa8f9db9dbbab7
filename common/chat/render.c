#include "render.h"

#include "exchange.h"
#include "program.h"

#include "base/log.h"
#include "sandbox/child.h"

#include <stdio.h>
#include <string.h>

#define CHILD  "chat template" // stands before the child's own words
#define PYTHON "/usr/bin/python3"
#define NEEDS                                                                          \
    "chat templates need Python: install Debian's packages python3 and "               \
    "python3-jinja2"

enum {
    START_MS =
        20000,    // of a Python on a loaded machine, and of a template that is short
    TURN_MS = 20, // for each conversation; a usual one takes 0.1
    MEMORY_MB = 2048, // of addresses
    ANSWER_BYTES = 1 << 26,
    TURN_BYTES = 1 << 16,
    ANSWER_MOST_BYTES = 1 << 30,
};

struct limits {
    int64_t timeout_ms;
    size_t answer_bytes;
    char cpu_s[24], memory_mb[24];
};

static void set_limits(struct limits *l, const struct chat_request *r,
                       const struct chat_runner *how)
{
    size_t turns = r->n_turns;
    l->timeout_ms = how->timeout_ms > 0 ? how->timeout_ms
                                        : START_MS + (int64_t)TURN_MS * (int64_t)turns;
    l->answer_bytes = turns < (ANSWER_MOST_BYTES - ANSWER_BYTES) / TURN_BYTES
                          ? ANSWER_BYTES + turns * TURN_BYTES
                          : ANSWER_MOST_BYTES;
    // The deadline comes first, and has a name.
    (void)snprintf(l->cpu_s, sizeof l->cpu_s, "%lld",
                   (long long)(l->timeout_ms / 1000 + 5));
    (void)snprintf(l->memory_mb, sizeof l->memory_mb, "%d", MEMORY_MB);
}

// `program`: the Python text, which ends in a zero.
static enum status run(struct buf *answer, const struct buf *question,
                       const char *program, const struct limits *l,
                       const struct chat_runner *how, int bare)
{
    struct child_spec s;
    const char *const words[] = {how->python ? how->python : PYTHON,
                                 "-I",
                                 "-c",
                                 program,
                                 l->cpu_s,
                                 l->memory_mb,
                                 NULL};
    child_spec_init(&s, CHILD);
    if (!bare)
        TRY(child_spec_sandbox(&s, how->bwrap, NULL));
    TRY(child_spec_add(&s, words));
    return child_exchange(&s, buf_cstr(question), question->len, l->timeout_ms,
                          l->answer_bytes, answer);
}

static int says(const char *words)
{
    return strstr(status_message(), words) != NULL;
}

// Whether the failure that was just described is the sandbox's own: bubblewrap is not
// there, or may not make namespaces.
static int is_of_the_sandbox(enum status st)
{
    static const char absent[] = CHILD ": No such file or directory; exit status 127";
    if (st != ERR_IO)
        return 0;
    return strcmp(status_message(), absent) == 0 ||
           (says(CHILD ": bwrap: ") && !says("bwrap: execvp"));
}

// What the failure of the child means to who named the template.
static enum status explain(enum status st, const struct limits *l, int bare)
{
    char why[512];
    (void)snprintf(why, sizeof why, "%s", status_message());
    if (st == ERR_TIMEOUT)
        return status_fail(ERR_INPUT, "it does not end within %.1f s",
                           (double)l->timeout_ms / 1e3);
    if (st == ERR_LIMIT)
        return status_fail(ERR_INPUT, "it makes texts of more than %zu bytes together",
                           l->answer_bytes);
    if (!bare && is_of_the_sandbox(st))
        return status_fail(ERR_INPUT,
                           "no sandbox for the template: %s (judge.sandbox=weak does "
                           "without)",
                           why);
    if (st == ERR_IO && says("No such file or directory"))
        return status_fail(ERR_INPUT, NEEDS);
    return st;
}

static enum status ask(struct buf *answer, const struct buf *question,
                       const struct limits *l, const struct chat_runner *how)
{
    struct buf program = {0};
    int bare = 0;
    buf_append(&program, chat_program, chat_program_len);
    enum status st = program.status;
    if (st == OK)
        st = run(answer, question, buf_cstr(&program), l, how, 0);
    if (is_of_the_sandbox(st) && how->accept_no_sandbox) {
        log_warn("%s; the template runs without namespaces, under Jinja2's own sandbox "
                 "and resource limits alone",
                 status_message());
        bare = 1;
        st = run(answer, question, buf_cstr(&program), l, how, bare);
    }
    buf_free(&program);
    return st == OK ? OK : explain(st, l, bare);
}

enum status chat_render(struct chat_rendering *out, const struct chat_request *r,
                        const struct chat_runner *how)
{
    struct chat_rendering made = {0};
    struct buf question = {0}, answer = {0};
    struct limits l;
    enum status st;
    set_limits(&l, r, how);
    TRY_OUT(chat_write_request(&question, r));
    TRY_OUT(ask(&answer, &question, &l, how));
    TRY_OUT(chat_read_answer(&made, r, &answer));
    *out = made;
    made = (struct chat_rendering){0};
out:
    buf_free(&question);
    buf_free(&answer);
    chat_rendering_free(&made);
    return status_wrap(st, "%s", r->template->origin);
}

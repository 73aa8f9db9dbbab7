// Programs in a few lines of Python, and what they answer.
#ifndef TEST_REWARD_H
#define TEST_REWARD_H

// cmocka.h needs the standard headers before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "reward/reward.h"

#include <stdio.h>
#include <string.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

enum { LONG_MS = 60000, MOST_REPLIES = 512 };

// `body` is run for each question q, with answer(reward=...) and the modules it needs.
static const char around[] = "import sys, json, os, time, socket\n"
                             "def out(**a): print(json.dumps(a), flush=True)\n"
                             "%s\n"
                             "for line in sys.stdin:\n"
                             "    q = json.loads(line)\n"
                             "    r, p, w = q['reply'], q['problem'], q['whole']\n"
                             "    def answer(**a): out(id=q['id'], **a)\n"
                             "%s\n";

// The body's lines are indented by four.
static inline void python_command(struct buf *out, const char *head, const char *body)
{
    struct buf script = {0};
    buf_printf(&script, around, head, body);
    buf_str(out, "[\"/usr/bin/python3\", \"-c\", \"");
    for (size_t i = 0; i < script.len; i++) {
        char c = (char)script.data[i];
        if (c == '\n')
            buf_str(out, "\\n");
        else if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else
            buf_char(out, c);
    }
    buf_str(out, "\"]");
    assert_ok(script.status);
    assert_ok(out->status);
    buf_free(&script);
}

static inline struct reward_config usual(void)
{
    return (struct reward_config){.children = 1,
                                  .timeout_ms = LONG_MS,
                                  .start_ms = LONG_MS,
                                  .memory_mb = 4096,
                                  .bare = 1};
}

static inline struct reward *begin(const struct reward_config *config, const char *head,
                                   const char *body)
{
    struct reward_config c = *config;
    struct buf command = {0};
    struct reward *r = NULL;
    python_command(&command, head, body);
    c.command = buf_cstr(&command);
    enum status st = reward_start(&r, &c);
    if (st == ERR_INPUT && strstr(status_message(), "no sandbox")) {
        print_message("%s: skipped\n", status_message());
        skip();
    }
    assert_int_equal(st, OK);
    buf_free(&command);
    return r;
}

static inline void ask(struct reward *r, uint64_t ticket, const char *reply)
{
    assert_ok(reward_submit(r, ticket, "{\"gold\": \"5\"}", reply, strlen(reply), 1));
}

// Results by ticket, from 0 on, until none is pending or the run would end.
static inline enum status collect(struct reward *r, struct reward_result *by_ticket)
{
    int64_t until = clock_ms() + LONG_MS;
    while (reward_pending(r) > 0) {
        struct reward_result one = {0};
        int got = 0;
        enum status st = reward_poll(r, 100, &one, &got);
        if (st != OK)
            return st;
        if (got) {
            assert_true(one.ticket < MOST_REPLIES);
            by_ticket[one.ticket] = one;
        }
        assert_true(clock_ms() < until);
    }
    return OK;
}

static inline void expect_message(const char *words)
{
    if (!strstr(status_message(), words))
        fail_msg("expected \"%s\": %s", words, status_message());
}

#endif

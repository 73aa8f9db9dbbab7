// What the tests of the judge share: one judge for all tests of a program, and ways to
// write a problem's tests.
#ifndef JUDGE_TEST_H
#define JUDGE_TEST_H

#include "base/log.h"
#include "base/status.h"
#include "judge/judge.h"

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

enum { TIMEOUT_MS = 1500, WAIT_MS = 120000 };

static const struct judge_config test_config = {
    .servers = 1, .timeout_ms = TIMEOUT_MS, .memory_mb = 512};

enum { EXIT_SKIPPED = 77 };

// Where user namespaces are off there is no sandbox to test.
static inline int sandbox_is_here(void)
{
    struct judge *j = NULL;
    enum status st = judge_start(&j, &test_config);
    judge_stop(j);
    if (st == ERR_INPUT)
        print_message("%s: skipped\n", status_message());
    return st != ERR_INPUT;
}

static inline int start_judge(void **state)
{
    struct judge *j = NULL;
    if (judge_start(&j, &test_config) != OK) {
        print_message("no judge: %s\n", status_message());
        return -1;
    }
    *state = j;
    return 0;
}

static inline int stop_judge(void **state)
{
    judge_stop(*state);
    return 0;
}

// Waits for the one verdict that is due.
static inline struct judge_result next_result(struct judge *j)
{
    struct judge_result result = {0};
    int got = 0;
    assert_ok(judge_poll(j, WAIT_MS, &result, &got));
    assert_true(got);
    return result;
}

static inline enum judge_verdict judged(struct judge *j, const char *text,
                                        const char *tests, int partial)
{
    assert_ok(judge_submit(j, 7, text, strlen(text), tests, partial));
    struct judge_result result = next_result(j);
    assert_int_equal(result.ticket, 7);
    assert_int_equal(judge_pending(j), 0);
    return result.verdict;
}

// Tests of the form "asserts"; the caller frees.
static inline char *asserts(const char *prefix, const char *entry, const char *preamble,
                            const char *setup, const char *tests)
{
    json_t *o =
        json_pack("{ssssssssssss}", "form", "asserts", "prefix", prefix, "entry", entry,
                  "preamble", preamble, "setup", setup, "tests", tests);
    assert_non_null(o);
    char *text = json_dumps(o, 0);
    json_decref(o);
    return text;
}

#define assert_verdict(got, wanted) assert_verdict_at(got, wanted, __FILE__, __LINE__)

static inline void assert_verdict_at(enum judge_verdict got, enum judge_verdict wanted,
                                     const char *file, int line)
{
    if (got != wanted)
        print_error("verdict %s, not %s\n", judge_verdict_name(got),
                    judge_verdict_name(wanted));
    _assert_int_equal(got, wanted, file, line);
}

#endif

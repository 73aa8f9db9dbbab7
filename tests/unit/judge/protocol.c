// Verdicts of ordinary programs in each form, the queue, and refusals.
#include "judge_test.h"

#include "base/mem.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADD_TESTS "assert add(1, 2) == 3\nassert add(-1, 1) == 0\n"

static enum judge_verdict by_asserts(void **state, const char *text, const char *entry,
                                     const char *setup, const char *tests)
{
    char *json = asserts("", entry, "", setup, tests);
    enum judge_verdict verdict = judged(*state, text, json, 0);
    free(json);
    return verdict;
}

static void test_asserts(void **state)
{
    const char *right = "def add(a, b):\n    return a + b\n";
    assert_verdict(by_asserts(state, right, "add", "", ADD_TESTS), JUDGE_PASS);
    assert_verdict(by_asserts(state, right, "", "", ADD_TESTS), JUDGE_PASS);
    const char *wrong = "def add(a, b):\n    return a - b\n";
    assert_verdict(by_asserts(state, wrong, "add", "", ADD_TESTS), JUDGE_FAIL);
    assert_verdict(
        by_asserts(state, "def ad(a):\n    return 3\n", "add", "", ADD_TESTS),
        JUDGE_FAIL);
    assert_verdict(by_asserts(state, "def add(a, b:\n", "add", "", ADD_TESTS),
                   JUDGE_FAIL);
    assert_verdict(by_asserts(state, "", "add", "", ADD_TESTS), JUDGE_FAIL);
    assert_verdict(by_asserts(state, "raise ValueError\n", "add", "", ADD_TESTS),
                   JUDGE_FAIL);
}

static void test_fences(void **state)
{
    const char *chat = "First:\n```python\ndef add(a, b):\n    return a\n```\nBetter:\n"
                       "```python\ndef add(a, b):\n    return a + b\n```\nIt prints:\n"
                       "```\n3\n```\nDone.";
    assert_verdict(by_asserts(state, chat, "add", "", ADD_TESTS), JUDGE_PASS);
    const char *prose = "The answer is to add a and b.";
    assert_verdict(by_asserts(state, prose, "add", "", ADD_TESTS), JUDGE_FAIL);
}

static void test_prefix(void **state)
{
    const char *prefix = "import math\ndef helper(a):\n    return a\n\n"
                         "def add(a, b):\n    \"\"\"Sum.\"\"\"\n";
    char *json = asserts(prefix, "add", "", "", ADD_TESTS);
    assert_verdict(judged(*state, "    return helper(a) + b\n", json, 0), JUDGE_PASS);
    assert_verdict(judged(*state, "    return a\n", json, 0), JUDGE_FAIL);
    const char *whole = "```python\ndef add(a, b):\n    return helper(a) + b\n```";
    assert_verdict(judged(*state, whole, json, 0), JUDGE_PASS);
    free(json);
}

static void test_preamble_is_trusted(void **state)
{
    char *json = asserts("def twice(a):\n    return 2 * a\n\ndef f(a):\n", "f",
                         "def twice(a):\n    return 2 * a\n\ndef f(a):\n    pass\n", "",
                         "def check(g):\n    assert g(3) == twice(4)\ncheck(f)\n");
    assert_verdict(judged(*state, "    return 8\n", json, 0), JUDGE_PASS);
    assert_verdict(
        judged(*state, "    return 6\ndef twice(a):\n    return 6\n", json, 0),
        JUDGE_FAIL);
    free(json);
}

static void test_values_and_exceptions(void **state)
{
    static const struct {
        const char *program, *test;
    } cases[] = {
        {"f = lambda: (i * i for i in range(3))", "assert list(f()) == [0, 1, 4]"},
        {"f = lambda: {1: 2}.keys()", "assert f() == {1}"},
        {"import collections\nf = lambda: collections.Counter('aab')",
         "assert f() == {'a': 2, 'b': 1}"},
        {"from collections import namedtuple\nf = lambda: namedtuple('P', 'x y')(1, 2)",
         "assert f() == (1, 2)"},
        {"f = lambda: (1+2j, range(3), b'x', None, {frozenset([1])}, 10**30)",
         "assert f() == (1+2j, range(3), b'x', None, {frozenset([1])}, 10**30)"},
        {"import datetime, decimal, fractions\n"
         "f = lambda: [datetime.date(2020, 1, 2), decimal.Decimal('1.5'), "
         "fractions.Fraction(1, 3)]",
         "import datetime, decimal, fractions\n"
         "assert f() == [datetime.date(2020, 1, 2), decimal.Decimal('1.5'), "
         "fractions.Fraction(1, 3)]"},
        {"def f():\n    raise KeyError('k')",
         "try:\n    f()\n    assert False\nexcept KeyError:\n    pass"},
        {"class E(ValueError):\n    pass\ndef f():\n    raise E",
         "try:\n    f()\n    assert False\nexcept ValueError:\n    pass"},
        {"def f(g=[]):\n    g.append(1)\n    return len(g)",
         "assert f() == 1\nassert f() == 2"},
        {"f = lambda: exit", "assert f()"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (by_asserts(state, cases[i].program, "f", "", cases[i].test) != JUDGE_PASS)
            fail_msg("%s", cases[i].test);
}

static void test_objects_of_the_program(void **state)
{
    const char *program =
        "class Pair:\n"
        "    def __init__(self, a, b):\n        self.a, self.b = a, b\n"
        "def total(pairs):\n    return sum(p.a + p.b for p in pairs)\n";
    const char *tests = "assert total([Pair(1, 2), Pair(3, 4)]) == 10\n"
                        "assert total([first]) == 11\nassert first.a == 5\n";
    assert_verdict(by_asserts(state, program, "total", "first = Pair(5, 6)", tests),
                   JUDGE_PASS);
    assert_verdict(by_asserts(state, program, "total", "first = Pair(5, 7)", tests),
                   JUDGE_FAIL);
}

static void test_builtin_name_asked_for(void **state)
{
    const char *program = "def sum(a, b):\n    return a * b\n";
    assert_verdict(by_asserts(state, program, "", "", "assert sum(2, 5) == 10"),
                   JUDGE_PASS);
    const char *module = "def copy(a):\n    return [a, a]\n";
    assert_verdict(by_asserts(state, module, "", "", "assert list(copy(2)) == [2, 2]"),
                   JUDGE_PASS);
    // Elsewhere a builtin of the tests is theirs, whatever the program defines.
    const char *forged = "def f():\n    return [1]\ndef len(a):\n    return 3\n";
    assert_verdict(by_asserts(state, forged, "f", "", "assert len(f()) == 3"),
                   JUDGE_FAIL);
    const char *math = "def f():\n    return 1\nclass math:\n"
                       "    isclose = lambda *a: True\n";
    assert_verdict(by_asserts(state, math, "f", "", "assert math.isclose(f(), 2)"),
                   JUDGE_FAIL);
}

#define DOUBLE                                                                         \
    "{\"form\": \"stdio\", \"inputs\": [\"2\\n\", \"5\\n\"], "                         \
    "\"outputs\": [\"4\\n\", \"10\"]}"

static void test_stdio(void **state)
{
    static const char *const right[] = {
        "print(2 * int(input()))",
        "import sys\nsys.stdout.write(str(2 * int(sys.stdin.readline())))",
        "import sys\nprint(2 * int(sys.stdin.buffer.read()))",
        "import os\nos.write(1, str(2 * int(os.read(0, 9))).encode())",
        "print(2 * int(open(0).read()))\nexit(0)",
        "def main():\n    print(2 * int(input()))\nif __name__ == '__main__':\n    "
        "main()",
        "import threading\ndef main():\n    print(2 * int(input()))\n"
        "threading.stack_size(1 << 26)\nthreading.Thread(target=main).start()",
        "import sys\nsys.setrecursionlimit(10**6)\n"
        "def f(n):\n    return n and 1 + f(n - 1)\n"
        "f(20000)\nprint(2 * int(input()))",
        "out = open(1, 'w')\nout.write(str(2 * int(input())))",
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        if (judged(*state, right[i], DOUBLE, 0) != JUDGE_PASS)
            fail_msg("%s", right[i]);
    assert_verdict(judged(*state, "print(4)", DOUBLE, 0), JUDGE_FAIL);
    assert_verdict(judged(*state, "print(2 * int(input()))\nraise KeyError", DOUBLE, 0),
                   JUDGE_FAIL);
    assert_verdict(judged(*state, "print(2 * int(input()))\nexit(3)", DOUBLE, 0),
                   JUDGE_FAIL);
}

static void test_call(void **state)
{
    const char *tests =
        "{\"form\": \"call\", \"entry\": \"pair\", "
        "\"inputs\": [[1, 2], [3, 4]], \"outputs\": [[1, 2], [[3, 4]]]}";
    assert_verdict(judged(*state, "def pair(a, b):\n    return (a, b)\n", tests, 0),
                   JUDGE_PASS);
    const char *method = "class Solution:\n"
                         "    def pair(self, a: int, b: int) -> List[int]:\n"
                         "        return [a, b]\n";
    assert_verdict(judged(*state, method, tests, 0), JUDGE_PASS);
    const char *future =
        "from __future__ import annotations\n"
        "def pair(a: List[int], b):\n"
        "    return [pow(a, 1, 9), Counter([b]).most_common()[0][0]]\n";
    assert_verdict(judged(*state, future, tests, 0), JUDGE_PASS);
    assert_verdict(judged(*state, method, tests, 1), JUDGE_OPEN);
    assert_verdict(judged(*state, "def pair(a, b):\n    return [b, a]\n", tests, 0),
                   JUDGE_FAIL);
    // A name of the standard library is not the program's.
    const char *library = "{\"form\": \"call\", \"entry\": \"gcd\", \"inputs\": "
                          "[[4, 6]], \"outputs\": [2]}";
    assert_verdict(judged(*state, "", library, 0), JUDGE_FAIL);
}

static void test_partial(void **state)
{
    char *json = asserts("def add(a, b):\n", "add", "", "", ADD_TESTS);
    assert_verdict(judged(*state, "    if a < 0:\n", json, 1), JUDGE_OPEN);
    assert_verdict(judged(*state, "    return a - b\n", json, 1), JUDGE_FAIL);
    assert_verdict(judged(*state, "    return a + b\n", json, 1), JUDGE_PASS);
    assert_verdict(judged(*state, "    return ) a\n", json, 1), JUDGE_FAIL);
    free(json);
    assert_verdict(judged(*state, "n = int(input())\n", DOUBLE, 1), JUDGE_OPEN);
    assert_verdict(judged(*state, "n = = 2\nprint(\n", DOUBLE, 1), JUDGE_OPEN);
    assert_verdict(judged(*state, "```python\nn = = 2\nprint(\n", DOUBLE, 1),
                   JUDGE_FAIL);
}

static void test_queue(void **state)
{
    struct judge *j = *state;
    enum { JOBS = 5 };
    for (uint64_t i = 0; i < JOBS; i++) {
        const char *text = i % 2 ? "print(2 * int(input()))" : "print(1)";
        assert_ok(judge_submit(j, i, text, strlen(text), DOUBLE, 0));
    }
    assert_int_equal(judge_pending(j), JOBS);
    judge_cancel(j, 3); // queued
    struct judge_result none;
    int got = 1;
    assert_ok(judge_poll(j, 0, &none, &got));
    if (!got)
        judge_cancel(j, 0); // running
    assert_int_equal(judge_pending(j), JOBS - 2);
    for (uint64_t i = 1; judge_pending(j) > 0; i += i == 2 ? 2 : 1) {
        struct judge_result r = next_result(j);
        assert_int_equal(r.ticket, i);
        assert_verdict(r.verdict, i % 2 ? JUDGE_PASS : JUDGE_FAIL);
    }
}

static void test_bad_tests(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{\"form\": \"quiz\"}",
        "{\"form\": \"stdio\", \"inputs\": []}",
        "{\"form\": \"stdio\", \"inputs\": [], \"outputs\": []}",
        "{\"form\": \"stdio\", \"inputs\": [\"1\"], \"outputs\": [1]}",
        "{\"form\": \"stdio\", \"inputs\": [\"1\"], \"outputs\": [\"1\"], \"more\": 1}",
        "{\"form\": \"call\", \"entry\": \"f\", \"inputs\": [1], \"outputs\": [1]}",
        "{\"form\": \"asserts\", \"tests\": \"assert True\"}",
        "{\"form\": \"apps\", \"input_output\": \"{\"}",
        "{\"form\": \"apps\", \"input_output\": \"{}\"}",
        "{\"form\": \"apps\", \"input_output\": "
        "\"{\\\"fn_name\\\": 1, \\\"inputs\\\": [[1]], \\\"outputs\\\": [1]}\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(judge_submit(*state, 1, "", 0, bad[i], 0), ERR_INPUT);
    assert_int_equal(judge_pending(*state), 0);
}

static void test_large_numbers_and_texts(void **state)
{
    const char *tests = "{\"form\": \"call\", \"entry\": \"f\", \"inputs\": "
                        "[[123456789012345678901234567890]], \"outputs\": "
                        "[123456789012345678901234567891]}";
    assert_verdict(judged(*state, "def f(n):\n    return n + 1\n", tests, 0),
                   JUDGE_PASS);
    size_t len = 1 << 22; // beyond what a pipe holds
    char *text = malloc(len + 1);
    assert_non_null(text);
    memset(text, '#', len);
    text[len] = 0;
    assert_verdict(judged(*state, text, tests, 0), JUDGE_FAIL);
    free(text);
}

static void test_out_of_memory(void **state)
{
    struct judge *none = NULL;
    for (long n = 1; n <= 3; n++) {
        mem_fail_nth(n);
        assert_int_equal(judge_start(&none, &test_config), ERR_NOMEM);
        mem_fail_nth(0);
    }
    assert_null(none);
    mem_fail_nth(1);
    assert_int_equal(judge_submit(*state, 1, "", 0, DOUBLE, 0), ERR_NOMEM);
    mem_fail_nth(0);
    assert_int_equal(judge_pending(*state), 0);
    assert_verdict(judged(*state, "print(2 * int(input()))", DOUBLE, 0), JUDGE_PASS);
}

// A sandbox that starts once and never again.
static void write_fragile_sandbox(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "#!/bin/sh\n[ -e %s.gone ] && { echo gone >&2; exit 1; }\n"
            "exec bwrap \"$@\"\n",
            path);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

static void test_server_that_cannot_be_replaced(void **state)
{
    (void)state;
    char folder[] = "/tmp/judge-test.XXXXXX", path[64], gone[64];
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0755), 0);
    snprintf(path, sizeof path, "%s/bwrap", folder);
    snprintf(gone, sizeof gone, "%s.gone", path);
    write_fragile_sandbox(path);
    struct judge_config c = test_config;
    c.bwrap = path;
    struct judge *j = NULL;
    assert_ok(judge_start(&j, &c));
    assert_int_equal(mkdir(gone, 0755), 0);
    char *tests = asserts("", "f", "", "", "import os\nos._exit(77)\n");
    assert_verdict(judged(j, "f = print\n", tests, 0), JUDGE_KILLED);
    assert_ok(judge_submit(j, 1, "", 0, tests, 0));
    struct judge_result result;
    int got = 0;
    assert_int_equal(judge_poll(j, WAIT_MS, &result, &got), ERR_IO);
    assert_non_null(strstr(status_message(), "gone"));
    judge_stop(j);
    free(tests);
    rmdir(gone);
    remove(path);
    rmdir(folder);
}

static void test_no_sandbox(void **state)
{
    (void)state;
    struct judge_config c = test_config;
    c.bwrap = "/bin/false";
    struct judge *j = NULL;
    assert_int_equal(judge_start(&j, &c), ERR_INPUT);
    assert_non_null(strstr(status_message(), "no sandbox"));
    c.accept_no_sandbox = 1;
    log_setup(-1, LOG_ERROR);
    assert_ok(judge_start(&j, &c));
    assert_verdict(judged(j, "print(2 * int(input()))", DOUBLE, 0), JUDGE_PASS);
    const char *library = "import asyncio, html.parser\nprint(2 * int(input()))";
    assert_verdict(judged(j, library, DOUBLE, 0), JUDGE_PASS);
    assert_verdict(
        judged(j, "import os\nos.fork()\nprint(2 * int(input()))", DOUBLE, 0),
        JUDGE_FAIL);
    assert_verdict(judged(j, "open('/etc/passwd')\nprint(2 * int(input()))", DOUBLE, 0),
                   JUDGE_FAIL);
    judge_stop(j);
}

int main(void)
{
    if (!sandbox_is_here())
        return EXIT_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asserts),
        cmocka_unit_test(test_fences),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_preamble_is_trusted),
        cmocka_unit_test(test_values_and_exceptions),
        cmocka_unit_test(test_objects_of_the_program),
        cmocka_unit_test(test_builtin_name_asked_for),
        cmocka_unit_test(test_stdio),
        cmocka_unit_test(test_call),
        cmocka_unit_test(test_partial),
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_bad_tests),
        cmocka_unit_test(test_large_numbers_and_texts),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_server_that_cannot_be_replaced),
        cmocka_unit_test(test_no_sandbox),
    };
    return cmocka_run_group_tests(tests, start_judge, stop_judge);
}

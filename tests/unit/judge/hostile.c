// Programs that attack the judge: none passes, and the next right one does.
//
//     judge_hostile [all]     without "all": not those that use up all their time
#include "attacks.h"
#include "case_file.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HOSTILE_MS = 1000 };

static int whole_list;

static const char right[] = "def f(x):\n    return 70000 + 3519\n";
static const char right_stdio[] = "print(70000 + 3519)\n";
static const char stdio_tests[] =
    "{\"form\": \"stdio\", \"inputs\": [\"1\\n\"], \"outputs\": [\"73519\\n\"]}";

static char *function_tests(void)
{
    return asserts("", "f", "", "",
                   "assert f(3) == 73519\nassert all([f(3) == 73519])\n");
}

// 1: the attack passes, or a right program does not after it.
static int attack_one(struct judge *j, const struct attack *attack, const char *tests,
                      const char *right_program, const char *right_tests)
{
    double start = clock_seconds();
    enum judge_verdict v = judged(j, attack->program, tests, 0);
    double seconds = clock_seconds() - start;
    enum judge_verdict after = judged(j, right_program, right_tests, 0);
    if (getenv("VERBOSE"))
        print_message("%-32s %-8s %.2f s\n", attack->name, judge_verdict_name(v),
                      seconds);
    if (v != JUDGE_PASS && v != JUDGE_OPEN && after == JUDGE_PASS)
        return 0;
    print_error("%s: %s, then %s\n", attack->name, judge_verdict_name(v),
                judge_verdict_name(after));
    return 1;
}

static int attack_all(struct judge *j, const struct attack *attacks, size_t count,
                      const char *tests, const char *right_program)
{
    int holes = 0;
    for (size_t i = 0; i < count; i++)
        holes += attack_one(j, &attacks[i], tests, right_program, tests);
    print_message("%zu attacks, %d passed\n", count, holes);
    return holes;
}

#define COUNT(attacks) (sizeof(attacks) / sizeof(attacks)[0])

static void test_on_functions(void **state)
{
    char *tests = function_tests();
    int holes = attack_all(*state, on_functions, COUNT(on_functions), tests, right);
    if (whole_list)
        holes += attack_all(*state, slow_on_functions, COUNT(slow_on_functions), tests,
                            right);
    assert_int_equal(holes, 0);
    free(tests);
}

static void test_on_stdio(void **state)
{
    int holes = attack_all(*state, on_stdio, COUNT(on_stdio), stdio_tests, right_stdio);
    if (whole_list)
        holes += attack_all(*state, slow_on_stdio, COUNT(slow_on_stdio), stdio_tests,
                            right_stdio);
    assert_int_equal(holes, 0);
}

// Those on values, objects and calls, each with tests of its own.
static void test_on_what_crosses(void **state)
{
    static struct case_file file;
    char *right_tests = function_tests();
    int holes = 0;
    case_file_read(&file, TEST_DATA "/judge/attacks.txt");
    for (size_t i = 1; i < file.n; i++) {
        const struct attack attack = {file.cases[i].name + 1,
                                      case_part(&file, i, PROGRAM)};
        char *tests = case_tests(&file, i);
        holes += attack_one(*state, &attack, tests, right, right_tests);
        free(tests);
    }
    print_message("%zu attacks, %d passed\n", file.n - 1, holes);
    assert_int_equal(holes, 0);
    case_file_free(&file);
    free(right_tests);
}

// Searches its own heap for what follows a pattern; write() tells which pages are
// there.
#define SCANNER                                                                        \
    "import ctypes, os, re\nc = ctypes.CDLL(None)\nc.sbrk.restype = ctypes.c_void_p\n" \
    "c.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]\n"            \
    "def pages(around, span):\n    r, w = os.pipe()\n    out = []\n"                   \
    "    for a in range((around - span) & ~4095, around + span, 4096):\n"              \
    "        n = c.write(w, a, 4096)\n"                                                \
    "        out.append(os.read(r, 4096) if n == 4096 else b'')\n"                     \
    "    return b''.join(out)\n"                                                       \
    "def f(x):\n    pattern = b'f(3) ' + b'== ([0-9]+)'\n"                             \
    "    pattern = pattern.replace(b'(3)', b'.3.')\n"                                  \
    "    for at in (c.sbrk(0), id(f), id([])):\n"                                      \
    "        m = re.search(pattern, pages(at, 8 << 20))\n"                             \
    "        if m: return int(m[1])\n"                                                 \
    "    return 0\n"

static void test_own_memory_holds_no_answer(void **state)
{
    (void)state;
    struct judge_config c = test_config;
    c.timeout_ms = 20000;
    struct judge *j = NULL;
    assert_ok(judge_start(&j, &c));
    char *tests = function_tests();
    assert_verdict(judged(j, right, tests, 0),
                   JUDGE_PASS); // the one before leaves nothing
    assert_verdict(judged(j, SCANNER, tests, 0), JUDGE_FAIL);
    // The search finds what is there.
    const char *planted = SCANNER "here = [b'f(' + b'3) == ' + b'7351%d' % 9, "
                                  "bytes(1 << 20)]\n";
    assert_verdict(judged(j, planted, tests, 0), JUDGE_PASS);
    free(tests);
    judge_stop(j);
}

static void test_nothing_stays_for_the_next(void **state)
{
    char *tests = function_tests();
    const char *write = "import builtins, sys\nopen('/tmp/mark', 'w').write('73519')\n"
                        "builtins.mark = 73519\nsys.modules['mark'] = 1\n"
                        "def f(x):\n    return int(open('/tmp/mark').read())\n";
    assert_verdict(judged(*state, write, tests, 0), JUDGE_PASS);
    const char *read =
        "import builtins, os, sys\ndef f(x):\n"
        "    return 73519 if os.listdir('/tmp') or 'mark' in sys.modules or "
        "hasattr(builtins, 'mark') else 0\n";
    assert_verdict(judged(*state, read, tests, 0), JUDGE_FAIL);
    free(tests);
}

static void test_partial_programs_forge_no_pass(void **state)
{
    char *tests = function_tests();
    const char *forged = RAW "raw(b'=pass')\n";
    assert_true(judged(*state, forged, tests, 1) != JUDGE_PASS);
    const char *asked =
        RAW "raw(b't')\nraw(b'v' + pickle.dumps(True))\nraw(b'=pass')\n";
    assert_true(judged(*state, asked, tests, 1) != JUDGE_PASS);
    assert_verdict(judged(*state, right, tests, 1), JUDGE_PASS);
    free(tests);
}

// A server that dies under a verification: the verdict says so, a fresh one follows.
static void test_tests_that_break_the_examiner(void **state)
{
    char *tests = asserts("", "f", "", "", "f(3)\nimport os\nos._exit(77)\n");
    assert_verdict(judged(*state, right, tests, 0), JUDGE_KILLED);
    free(tests);
    tests = function_tests();
    assert_verdict(judged(*state, right, tests, 0), JUDGE_PASS);
    free(tests);
}

static int start_hostile(void **state)
{
    struct judge_config c = test_config;
    c.timeout_ms = HOSTILE_MS;
    struct judge *j = NULL;
    if (judge_start(&j, &c) != OK) {
        print_message("no judge: %s\n", status_message());
        return -1;
    }
    *state = j;
    return 0;
}

int main(int argc, char **argv)
{
    whole_list = argc > 1 && strcmp(argv[1], "all") == 0;
    if (!sandbox_is_here())
        return EXIT_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_on_functions),
        cmocka_unit_test(test_on_stdio),
        cmocka_unit_test(test_on_what_crosses),
        cmocka_unit_test(test_own_memory_holds_no_answer),
        cmocka_unit_test(test_nothing_stays_for_the_next),
        cmocka_unit_test(test_partial_programs_forge_no_pass),
        cmocka_unit_test(test_tests_that_break_the_examiner),
    };
    return cmocka_run_group_tests(tests, start_hostile, stop_judge);
}

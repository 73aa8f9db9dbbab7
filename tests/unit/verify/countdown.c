// Countdown: which answers are right, and what the steps so far say.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "verify/countdown.h"

#include <string.h>

static const char *const task = "27: 3 4 6 9";

static void reward(const char *text, float want)
{
    if (verify_answer(VERIFIER_COUNTDOWN, text, strlen(text), task) != want)
        fail_msg("%s: not %.0f", text, (double)want);
}

static void test_answers(void **state)
{
    (void)state;
    reward("#### 3*9", 1);
    reward("#### 9*(6/(6-4))", 0);
    reward("#### (9 * 6) / (6 - 4)", 0); // two sixes
    reward("#### 4*6+3", 1);
    reward("#### 9*4-(3+6)", 1);
    reward("3*9=27\n#### 9*3 ", 1);
    reward("#### 27", 0);
    reward("#### 3*3*3", 0);
    reward("#### 9*6/(4/2)", 0);
    reward("#### 9/4*6*(4/3)", 0);
    reward("#### 6/4*(9+9)", 0);
    reward("#### 6*9/4*(6/3)", 0);
    reward("#### -(-27)", 0);
    reward("#### --9*3", 0);
    reward("#### 9*3.0", 0);
    reward("#### 9*3=27", 0);
    reward("#### 9*(3", 0);
    reward("#### 9 3 * ", 0);
    reward("#### 9*3**1", 0);
    reward("#### 93-66", 0);
    reward("#### ", 0);
    reward("9*3", 0);
    reward("#### (6/4)*9*(4/3)", 0);
    reward("#### 6/4*9*3-9", 0);
    assert_true(verify_answer(VERIFIER_COUNTDOWN, "#### 6/4*2", 10, "3: 2 4 6") ==
                1); // exact fractions
    assert_true(verify_answer(VERIFIER_COUNTDOWN, "#### 5/(4-4)", 12, "3: 4 4 5") == 0);
    assert_true(verify_answer(VERIFIER_COUNTDOWN, "#### 5", 6, "no reference") == 0);
}

static void test_reference(void **state)
{
    static const char *const bad[] = {"",
                                      ":",
                                      "5",
                                      "5:",
                                      "5: ",
                                      "0: 1",
                                      "5: 0",
                                      "5:1",
                                      "5: 1 ",
                                      "5: 1,2",
                                      "-5: 1",
                                      "5: 1  2",
                                      "5 : 1",
                                      "5: 1000000001",
                                      "99999999999999999999: 1",
                                      "5: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"};
    struct countdown c;
    (void)state;
    assert_true(countdown_read(&c, "1000000000: 1 2 1000000000"));
    assert_int_equal(c.target, 1000000000);
    assert_int_equal(c.n, 3);
    assert_int_equal(c.numbers[2], 1000000000);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (countdown_read(&c, bad[i]))
            fail_msg("\"%s\" is no reference", bad[i]);
}

static void steps(const char *text, enum verdict want)
{
    enum verdict got = countdown_partial(text, strlen(text), task);
    if (got != want)
        fail_msg("%s: %d, not %d", text, (int)got, (int)want);
}

static void test_steps(void **state)
{
    (void)state;
    steps("", VERDICT_UNKNOWN);
    steps("4*6=<<4*6=24>>24, left 3 9 24", VERDICT_UNKNOWN); // the line is not complete
    steps("4*6=<<4*6=24>>24, left 3 9 24\n", VERDICT_VALID);
    steps("4*6=<<4*6=24>>24\n24+3=<<24+3=27>>27\n", VERDICT_VALID);
    steps("4*6=<<4*6=24>>24\n24+3=<<24+3=27>>27\n#### 4*6+3", VERDICT_VALID);
    steps("4*6=<<4*6=25>>", VERDICT_INVALID);
    steps("4*6=<<4*6=24>>23\n", VERDICT_INVALID);
    steps("5*6=<<5*6=30>>", VERDICT_INVALID);                  // no five
    steps("4*6=<<4*6=24>>24\n6-3=<<6-3=3>>", VERDICT_INVALID); // the six is used up
    steps("4-6=<<4-6=-2>>", VERDICT_INVALID);
    steps("9/4=<<9/4=2>>", VERDICT_INVALID);
    steps("4*6=<<4*6=24>>24, left 3 9\n", VERDICT_INVALID);
    steps("4*6=<<4*6=24>>24, left 3 4 9 24\n", VERDICT_INVALID);
    steps("4*6=<<4^6=24>>24\n", VERDICT_UNKNOWN);
    steps("four times six\n", VERDICT_UNKNOWN);
}

// An invalid text stays so, and no byte string is read beyond its end (the sanitizers
// look on).
static void test_prefixes(void **state)
{
    static const char text[] = "4*6=<<4*6=24>>24, left 3 9 24\n"
                               "9-3=<<9-3=5>>6, left 5 24\n#### <<1=1>>((((";
    int invalid = 0;
    (void)state;
    for (size_t len = 0; len < sizeof text; len++) {
        enum verdict got = countdown_partial(text, len, task);
        assert_true(!invalid || got == VERDICT_INVALID);
        invalid |= got == VERDICT_INVALID;
        (void)verify_answer(VERIFIER_COUNTDOWN, text, len, task);
    }
    assert_true(invalid);
}

static void count(const char *text, int want, int valid)
{
    struct step_score got;
    countdown_steps(text, strlen(text), task, &got);
    assert_int_equal(got.steps, want);
    assert_int_equal(got.valid, valid);
    assert_int_equal(got.right, valid);
}

static void test_count(void **state)
{
    (void)state;
    count("", 0, 0);
    count("#### 3*9", 0, 0);
    count("3*9=<<3*9=27>>27, left 4 6 27\n#### 3*9", 1, 1);
    count("3*9=<<3*9=28>>28\n4+6=<<4+6=10>>10\n#### 3*9", 2, 0);
    count("3*9=<<3*9=27>>27\n3+6=<<3+6=9>>9\n", 2, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers), cmocka_unit_test(test_reference),
        cmocka_unit_test(test_steps),   cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

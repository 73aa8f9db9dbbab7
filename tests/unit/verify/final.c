// The terminal verifier: which texts give which number.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "verify/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int agrees(const char *text, const char *answer)
{
    float reward = verify_answer(VERIFIER_NUMBER, text, strlen(text), answer);
    assert_true(reward == 0.0f || reward == 1.0f);
    return reward == 1.0f;
}

// Does `#### got` agree with the reference?
static int same(const char *got, const char *answer)
{
    char text[256];
    (void)snprintf(text, sizeof text, "1+1=<<1+1=2>>2\n#### %s", got);
    return agrees(text, answer);
}

static void test_equal(void **state)
{
    static const char *const pairs[][2] = {
        {"12", "12"},
        {"-3", "-3"},
        {"+3", "3"},
        {"3.50", "3.5"},
        {".5", "0.5"},
        {"1/2", "0.5"},
        {"3/4", "6/8"},
        {"-3/4", "-.75"},
        {"1,234", "1234"},
        {"1234", "1,234"},
        {"$12", "12"},
        {"-$12", "-12"},
        {"$ 12", "12"},
        {"- 12", "-12"},
        {"12 %", "12"},
        {"12%", "12"},
        {"12.", "12"},
        {"12.0", "12"},
        {"0012", "12"},
        {"  12  ", "12"},
        {"12\r", "12"},
        {"-0", "0"},
        {"1.5/3", ".5"},
        {"12", " 12 "},
        {"99999999999999999999999999999999", "99999999999999999999999999999999.0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (!same(pairs[i][0], pairs[i][1]))
            fail_msg("%s is not %s", pairs[i][0], pairs[i][1]);
}

static void test_different(void **state)
{
    static const char *const pairs[][2] = {
        {"12", "13"},
        {"12", "-12"},
        {"0.333", "1/3"},
        {"1 2", "12"},
        {"x", "12"},
        {"", "12"},
        {"1e3", "1000"},
        {"0x10", "16"},
        {"1/0", "0"},
        {"1/", "1"},
        {"/2", "2"},
        {"--1", "1"},
        {"1-", "1"},
        {"1.2.3", "1.2"},
        {".", "0"},
        {"-", "0"},
        {"$", "0"},
        {"1/2/3", "1/6"},
        {"1+1", "2"},
        {"12\n13", "13"},
        {"nan", "nan"},
        {"12", "twelve"},
        {"1/-2", "-.5"},
        {"9999999999999999999999999999999", "9999999999999999999999999999998"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (same(pairs[i][0], pairs[i][1]))
            fail_msg("%s is %s", pairs[i][0], pairs[i][1]);
}

// What may follow a number, and what makes it another.
static void test_what_follows(void **state)
{
    static const char *const FIVE[] = {
        "5 apples",
        "**5**",
        "5.",
        "5.0",
        "$5",
        "\\$5",
        "5 km/h",
        "5kg",
        "5%",
        "5 (as we saw)",
        "\\boxed{5}",
        "5 years old",
        "10/2",
        "5 dollars per hour",
        "5 \xe2\x9c\x85",
        "5<|im_end|>",
    };
    static const char *const NOT_FIVE[] = {
        "5 million", "5 dozen", "5 thirds", "5 or 6",       "5, 6",      "5 to six",
        "5x",        "5 x",     "5k",       "5 K",          "5-6",       "5 - 1",
        "5:30",      "5!",      "5^2",      "5*x",          "5e3",       "5th",
        "5/2",       "5 not",   "5,6",      "5 and a half", "5 squared", "5\xc2\xbd",
        "5\xc2\xb2", "5\\pi",   "five",     "x = 5",
    };
    (void)state;
    for (size_t i = 0; i < sizeof FIVE / sizeof *FIVE; i++)
        if (!same(FIVE[i], "5"))
            fail_msg("%s is not 5", FIVE[i]);
    for (size_t i = 0; i < sizeof NOT_FIVE / sizeof *NOT_FIVE; i++)
        if (same(NOT_FIVE[i], "5"))
            fail_msg("%s is 5", NOT_FIVE[i]);
    assert_true(same("\xe2\x88\x92"
                     "5",
                     "-5"));
    assert_true(same("1,234,567.5", "1234567.5"));
    assert_false(same("5,6", "56"));
    assert_false(same("12,34,5", "12345"));
}

static int last_is(const char *text, const char *answer)
{
    return verify_answer(VERIFIER_LAST_NUMBER, text, strlen(text), answer) == 1.0f;
}

static void test_last_number(void **state)
{
    (void)state;
    assert_true(last_is("2 + 3 = 5", "5"));
    assert_true(last_is("So there are **5** of them, and that is all.", "5"));
    assert_true(last_is("x = \xe2\x88\x92"
                        "5",
                        "-5"));
    assert_true(last_is("It costs $1,234.", "1234"));
    assert_true(last_is("\\boxed{5}", "5"));
    assert_false(last_is("it is 5 million", "5"));
    assert_false(last_is("\\frac{1}{5}", "5"));
    assert_false(last_is("at 3:05", "5"));
    assert_false(last_is("x^{5}", "5"));
    assert_false(last_is("<think>5</think> none", "5"));
    assert_false(last_is("none", "5"));
}

// The report says what was read and why it counts nothing.
static void test_report(void **state)
{
    struct verify_report report;
    static const char text[] = "so\n#### 5 million";
    (void)state;
    verify_explain(VERIFIER_NUMBER, text, strlen(text), "5", &report);
    assert_true(report.reward == 0.0f);
    assert_int_equal(report.found_len, strlen("5 million"));
    assert_non_null(strstr(report.reason.text, "million"));
    verify_explain(VERIFIER_NUMBER, "5", 1, "5", &report);
    assert_null(report.found);
    assert_string_equal(report.reason.text, "no answer found");
    verify_explain(VERIFIER_MATH, "\\boxed{5}", 9, "5", &report);
    assert_true(report.reward == 1.0f && report.reason.text[0] == '\0');
    verify_explain(VERIFIER_CODE, "5", 1, "5", &report);
    assert_true(report.reward == 0.0f);
    for (int i = 0; i < VERIFIERS; i++) {
        enum verifier found = VERIFIERS;
        assert_true(verifier_by_name(&found, verifier_name((enum verifier)i)));
        assert_int_equal(found, i);
    }
}

static void test_length_is_bounded(void **state)
{
    char digits[80] = {0};
    (void)state;
    memset(digits, '7', 64);
    assert_true(same(digits, digits));
    digits[64] = '7';
    assert_false(same(digits, digits));
}

static void test_which_mark(void **state)
{
    (void)state;
    assert_true(agrees("#### 1\n#### 2", "2"));
    assert_false(agrees("#### 1\n#### 2", "1"));
    assert_true(agrees("####2", "2"));
    assert_false(agrees("##### 2", "2"));
    assert_true(agrees("#### 2\nand so on", "2"));
    assert_false(agrees("### 2", "2"));
    assert_false(agrees("2", "2"));
    assert_false(agrees("####\n2", "2"));
    assert_false(agrees("", "2"));
}

static void test_extract(void **state)
{
    const char *answer = NULL;
    size_t len = 0;
    static const char text[] = "a\n####  \t1,000 apples \r\nb";
    (void)state;
    assert_true(verify_extract(text, strlen(text), &answer, &len));
    assert_int_equal(len, strlen("1,000 apples"));
    assert_memory_equal(answer, "1,000 apples", len);
    assert_false(verify_extract("####  ", 6, &answer, &len));
    assert_false(verify_extract("###", 3, &answer, &len));
    assert_false(verify_extract("#### 1", 4, &answer, &len));
    assert_int_equal(len, strlen("1,000 apples")); // untouched
}

// A NUL does not end a text.
static void test_nul(void **state)
{
    (void)state;
    assert_true(verify_answer(VERIFIER_NUMBER, "a\0#### 5", 8, "5") == 1.0f);
    assert_true(verify_answer(VERIFIER_NUMBER, "#### 5\0", 7, "5") == 0.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),        cmocka_unit_test(test_different),
        cmocka_unit_test(test_what_follows), cmocka_unit_test(test_last_number),
        cmocka_unit_test(test_report),       cmocka_unit_test(test_length_is_bounded),
        cmocka_unit_test(test_which_mark),   cmocka_unit_test(test_extract),
        cmocka_unit_test(test_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

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
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_different),
        cmocka_unit_test(test_length_is_bounded),
        cmocka_unit_test(test_which_mark),
        cmocka_unit_test(test_extract),
        cmocka_unit_test(test_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

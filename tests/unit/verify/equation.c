// Plain equations in prose: what is right, what is wrong, and what is neither.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "verify/equation.h"

#include "base/mem.h"
#include "base/rng.h"
#include "verify/verify.h"

#include <stdio.h>
#include <string.h>

static void check(const char *text, int right, int wrong)
{
    struct equations found;
    equations_scan(text, strlen(text), &found);
    if (found.right != right || found.wrong != wrong)
        fail_msg("%s: %d right, %d wrong", text, found.right, found.wrong);
}

static void check_all(const char *const *texts, int right, int wrong)
{
    for (; *texts; texts++)
        check(*texts, right, wrong);
}

static void test_right(void **state)
{
    static const char *const texts[] = {
        "3 + 4 = 7\n",
        "3+4=7.\n",
        "2*3 = 6 apples\n",
        "So $5 x 3 = $15, he says",
        "$5x3=$15\n",
        "1/2 * 10 = 5\n",
        "20% of 50 = 10\n",
        "20% * 50 = 10\n",
        "1/4 of 20 = 5\n",
        "5 * 20% = 100%\n",
        "1,000 + 2,500 = 3,500\n",
        "3 apples + 4 apples = 7 apples\n",
        "3 red apples + 4 green apples = 7 apples\n",
        "(3 + 4) * 2 = 14\n",
        "the apples (3 + 4 = 7)\n",
        "60 miles/hour * 2 hours = 120 miles\n",
        "He pays 4*2 = $<<4*2=8>>8 now\n",
        "3 \u00d7 4 = 12\n",
        "12 \u00f7 4 = 3\n",
        "5 \u2212 2 = 3\n",
        "\u20ac5 + \u20ac2 = \u20ac7\n",
        "10 - 15 = -5\n",
        "2 * -3 = -6\n",
        "- 3 + 4 = 7\n",
        "1. 3 + 4 = 7\n",
        ".5 * 4 = 2\n",
        "In total: 3 + 4 = 7\n",
        "7/2 = 3.5\n",
        "6 / 4 = 3/2\n",
        "10 - 7 = (1 + 2)\n",
        "Janet\u2019s 16 - 3 = 13\n",
        NULL,
    };
    (void)state;
    check_all(texts, 1, 0);
    check("10 - 2 = 8 - 3 = 5\n", 2, 0);
    check("2 * 3 = 6 * 4 = 24 + 1 = 25\n", 3, 0);
    check("3 + 4 = 7\n1 + 1 = 2\n", 2, 0);
}

static void test_wrong(void **state)
{
    static const char *const texts[] = {
        "3 + 4 = 8\n",
        "3+4=8.\n",
        "2*3 = 7 apples\n",
        "$5 x 3 = $16, he says",
        "1/2 * 10 = 6\n",
        "20% of 50 = 11\n",
        "1,000 + 2,500 = 3,600\n",
        "3 apples + 4 apples = 8 apples\n",
        "(3 + 4) * 2 = 15\n",
        "the apples (3 + 4 = 8)\n",
        "He pays 4*2 = $<<4*2=8>>9 now\n",
        "3 \u00d7 4 = 13\n",
        "10 - 15 = -6\n",
        "10/3 = 3.3 + 1\nso 10/4 = 2.6\n",
        "0.33 * 1200 = 400\n",
        "192*100=$1920\n",
        "100% - 40% = 40%\n",
        "2 wearers / 8 wearers * 100% = 50%\n",
        "1800 - 2000 = $200\n",
        NULL,
    };
    (void)state;
    check_all(texts, 0, 1);
    check("$5/hour + $3/hour = $9/hour\n", 0, 1);
    check("10 - 2 = 8 - 3 = 6\n", 1, 1);
    check("10 - 2 = 9 - 3 = 6\n", 1, 1);
}

static void test_not_judged(void **state)
{
    static const char *const texts[] = {
        "",
        "7\n",
        "x = 5\n",
        "1800 - 2000 = $200 less\n",
        "x + 3 = 8\n",
        "2x + 3 = 8\n",
        "3 + x = 8\n",
        "3 + 4 = y\n",
        "150 - 75 - X = 25\n",
        "x + 3 + 4 = 9\n",
        "8/3 = 24/Y.\n",
        "5 = 6\n",
        "2 hours = 120 minutes\n",
        "1/4 container = 15 pints\n",
        "90 minutes + 30 minutes = 2 hours\n",
        "1 hour + 30 minutes = 90 minutes\n",
        "10/3 = 3.33\n",
        "4.20 + 9.45 + 1.35 = 14.99\n",
        "10/3 = 3\n",
        "7/2 = 4\n",
        "2000 / 75 = 26.666666666666668\n",
        "20/3 = 6.666...\n",
        "twice 5 + 3 = 13\n",
        "half of 10 + 2 = 7\n",
        "3 dozen + 4 = 40\n",
        "5 thousand * 3 = 15\n",
        "5 * 3 thousand = $15,000, he earns 5 * 3 = $15,000\n",
        "$0.75 * 100 = $0.75\n",
        "2^3 + 1 = 9\n",
        "2**3 + 1 = 9\n",
        "3 + 4 == 8\n",
        "3 + 4 >= 8\n",
        "3 + 4 != 8\n",
        "3 + ? = 8\n",
        "f(3 + 1) + 4 = 8\n",
        "sqrt (9 + 7) = 4\n",
        "2(3 + 4) = 14\n",
        "10 / 3 = 3 r 1\n",
        "13 / 5 = 2 remainder 3\n",
        "5 / 2 = 2 1/2\n",
        "25 / 1/3 = 75\n",
        "50 + 20% = 60\n",
        "3 / 21 * 100% = 14.28, about\n",
        "20/240 = 8.333...%\n",
        "11 + 2 = 1 pm\n",
        "1,5 + 2 = 3,5\n",
        "14, 400 / 80 = 180\n",
        "9 because - 18/-2 = 9\n",
        "-3 + 4 = 7\n",
        "7 adults + Shonda (1) + 2 + 10 = 20\n",
        "20 + 10 in the box and in all of the others 29 + 24 = 83\n",
        "3 + 4 = about 8\n",
        "3 + 4 =\n8\n",
        "1/0 = 5\n",
        "\\frac{1}{2} + 3 = 5\n",
        "3 \\times 4 + 1 = 14\n",
        "Step 1 - 3 + 4 = 7\n",
        "Day 1 - 3 + 4 = 7\n",
        "#### 3 + 4 = 8\n",
        "3 + 4 = 7 feet 6 inches\n",
        "<<3+4=8\n3\n",
        NULL,
    };
    (void)state;
    for (const char *const *t = texts; *t; t++) {
        struct equations found;
        equations_scan(*t, strlen(*t), &found);
        if (found.wrong)
            fail_msg("%s: called wrong", *t);
    }
}

// The right side could still be 80, 8.5, 8 dozen, 8 - 1 ...
static void test_still_written(void **state)
{
    static const char *const texts[] = {
        "3 + 4 =",       "3 + 4 = ",       "3 + 4 = 8",         "3 + 4 = 8 ",
        "3 + 4 = 8.",    "3 + 4 = 8,",     "3 + 4 = 8, ",       "3 + 4 = 8, 00",
        "3 + 4 = 8 app", "3 + 4 = 8 red ", "3 + 4 = 8 red app", "3 + 4 = $",
        "3 + 4 = 8 -",   "3 + 4 = <<3+4=", "3 + 4 = 8%",        NULL,
    };
    (void)state;
    check_all(texts, 0, 0);
    check("3 + 4 = 8, so ", 0, 1);
    check("3 + 4 = 8. Then", 0, 1);
    check("3 + 4 = 8 apples in all of ", 0, 1);
    check("3 + 4 = 8 - 1\n", 1, 0);
}

static enum verdict judge(const char *text)
{
    return verify_partial(text, strlen(text));
}

// With annotations: one wrong thing is enough; an unreadable annotation leaves it open.
static void test_verdict(void **state)
{
    (void)state;
    assert_int_equal(judge("3 + 4 = 7\n"), VERDICT_VALID);
    assert_int_equal(judge("3 + 4 = <<3+4=7>>8\n"), VERDICT_INVALID);
    assert_int_equal(judge("3 + 4 = <<3+4=8>>7\n"), VERDICT_INVALID);
    assert_int_equal(judge("3 + 4 = 7\n<<x=1>>"), VERDICT_UNKNOWN);
    assert_int_equal(judge("3 + 4 = 8\n<<x=1>>"), VERDICT_INVALID);
    assert_int_equal(judge("x = 7\n"), VERDICT_UNKNOWN);
    assert_int_equal(judge("x = <<3+4=7>>7\n"), VERDICT_VALID);
}

// Pieces of prose put together at random: what is wrong stays wrong as the text grows.
static void test_growth(void **state)
{
    static const char *const pieces[] = {
        "3",      "4",      "7",  "12",   ".5",      ",000",   " ", " + ",       "-",
        " x ",    "*",      "/",  " = ",  "=",       "(",      ")", "$",         "%",
        "\n",     ". ",     ", ", " of ", " apples", " and ",  "x", "<<1+1=2>>", "<<",
        " dozen", "\u00d7", "<",  ":",    "!",       " hours",
    };
    enum { PIECES = sizeof pieces / sizeof *pieces, COUNT = 24 };
    int wrong = 0;
    (void)state;
    for (uint64_t i = 0; i < 5000; i++) {
        struct rng_key key = rng_child(rng_root(7, RNG_TEST), i);
        char text[COUNT * 12] = "3 + 4 = 8";
        size_t ends[COUNT];
        for (uint64_t k = 0; k < COUNT; k++) {
            strcat(text, pieces[rng_below(key, k, PIECES)]);
            ends[k] = strlen(text);
        }
        int before = 0;
        for (size_t k = 0; k < COUNT; k++) {
            struct equations found;
            equations_scan(text, ends[k], &found);
            if (found.wrong < before)
                fail_msg("%.*s: fewer wrong than before", (int)ends[k], text);
            before = found.wrong;
        }
        wrong += before;
    }
    assert_true(wrong > 300);
}

static void test_zero_bytes(void **state)
{
    static const char text[] = "3 \0 4 = 8\n3 + 4 = 8\n";
    struct equations found;
    (void)state;
    equations_scan(text, sizeof text - 1, &found);
    assert_int_equal(found.wrong, 1);
}

// 512 KB of one piece repeated: the time is linear, and the last line is still read.
static void test_hostile(void **state)
{
    static const char *const pieces[] = {
        "<<",         "(",    "9",    "9,999", "x ", " ",   "=", "1+",  "-", "a",
        "1 + 1 = 2 ", "\n- ", "\xe2", ".",     "1=", "(1=", "%", "5%+", "$",
    };
    enum { BYTES = 1 << 19 };
    char *text = NULL;
    struct equations found;
    (void)state;
    assert_int_equal(mem_new(&text, BYTES + 1, 1), OK);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t piece = strlen(pieces[i]);
        for (size_t at = 0; at < BYTES; at++)
            text[at] = pieces[i][at % piece];
        memcpy(text + BYTES - 11, "\n3 + 4 = 8\n", 11);
        equations_scan(text, BYTES, &found);
        assert_int_equal(found.wrong, 1);
    }
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),      cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_not_judged), cmocka_unit_test(test_still_written),
        cmocka_unit_test(test_verdict),    cmocka_unit_test(test_growth),
        cmocka_unit_test(test_hostile),    cmocka_unit_test(test_zero_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// The partial verifier and the step scores; texts made to hurt them.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "base/mem.h"
#include "base/rng.h"
#include "verify/expression.h"
#include "verify/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum verdict judge(const char *text)
{
    return verify_partial(text, strlen(text));
}

static void expect(enum verdict verdict, const char *const *texts)
{
    for (; *texts; texts++)
        if (judge(*texts) != verdict)
            fail_msg("%s: %d, not %d", *texts, judge(*texts), verdict);
}

static void test_valid(void **state)
{
    static const char *const texts[] = {
        "4+6=<<4+6=10>>10",
        "<<4+6=10>> and <<10*2=20>>",
        "<<1/3*3=1>>",
        "<<.5*4=2>>",
        "<<0.1+0.2=0.3>>",
        "<<1-5=-4>>",
        "<<-5+1=-4>>",
        "<<2*-3=-6>>",
        "<<2--3=5>>",
        "<<(1+2)*(3-1)=6>>",
        "<<3/4=3/4>>",
        "<<3/4=.75>>",
        "<<7//2=3>>",
        "<<-7//2=-4>>",
        "<<1+1=2=4/2>>",
        "<< 1 + 1 = 2 >>",
        "<<1+2*3-4/2=5>>",
        "<<20-3-4=13>>",
        "<<64/4/2=8>>",
        "<<1+1=2>> <<1+",
        "<<<1+1=2>>>",
        "<<5.=5>>",
        NULL,
    };
    (void)state;
    expect(VERDICT_VALID, texts);
}

static void test_invalid(void **state)
{
    static const char *const texts[] = {
        "4+6=<<4+6=11>>11",
        "<<1+1=2>> <<1+1=3>>",
        "<<1+1=3>> <<1+1=2>>",
        "<<1/3=0.33>>",
        "<<7//2=3.5>>",
        "<<1+1=2=3>>",
        "<<1+1=3>> <<x=1>>",
        "<<2+2*2=8>>",
        "<<0.1+0.2=0.30000000000000001>>",
        "<<1=2>>",
        NULL,
    };
    (void)state;
    expect(VERDICT_INVALID, texts);
}

static void test_unknown(void **state)
{
    static const char *const texts[] = {
        "",
        "4+6=11",
        "x+6=11\n",
        "<<4+6=10",
        "<<4+6\n=11>>",
        "4+6=11>>",
        "<<>>",
        "<<=>>",
        "<<1+1>>",
        "<<x+1=3>>",
        "<<1/0=1>>",
        "<<1//0=1>>",
        "<<(1=1>>",
        "<<1)=1>>",
        "<<1 1=11>>",
        "<<1+=1>>",
        "<<*1=1>>",
        "<<2^3=8>>",
        "<<1e3=1000>>",
        "<<1+1=2=>>",
        "<<1+1=2>> <<x=1>>",
        "<<1,000=1000>>",
        "<<()=0>>",
        "<<1..2=1>>",
        "< <1+1=3> >",
        NULL,
    };
    (void)state;
    expect(VERDICT_UNKNOWN, texts);
}

static void test_bounds(void **state)
{
    char text[600] = "<<";
    (void)state;
    // 32 parentheses deep is read, 33 is not.
    memset(text + 2, '(', 32);
    strcpy(text + 34, "1");
    memset(text + 35, ')', 32);
    strcpy(text + 67, "=2>>");
    assert_int_equal(judge(text), VERDICT_INVALID);
    memset(text + 2, '(', 33);
    strcpy(text + 35, "1");
    memset(text + 36, ')', 33);
    strcpy(text + 69, "=2>>");
    assert_int_equal(judge(text), VERDICT_UNKNOWN);
    // 256 bytes are read, 257 are not.
    memset(text + 2, '-', 253);
    strcpy(text + 255, "1=1>>");
    assert_int_equal(judge(text), VERDICT_INVALID);
    memset(text + 2, '-', 254);
    strcpy(text + 256, "1=1>>");
    assert_int_equal(judge(text), VERDICT_UNKNOWN);
}

// Texts of 1 MB, each one repeated piece: the test ends soon or not at all.
static void test_hostile(void **state)
{
    static const char *const pieces[] = {"(",
                                         "<<",
                                         ">>",
                                         "<<(",
                                         "<<1=1>>",
                                         "####",
                                         "<",
                                         "-",
                                         "<<1=1=>>",
                                         "9",
                                         "\n",
                                         "#### 1\n",
                                         "<<((((((((((1/3/7/9/11/13=",
                                         "=",
                                         "<<9999999999999999999999/7/13=1>>\n"};
    enum { BYTES = 1 << 20 };
    struct step_score score;
    char *text = NULL;
    (void)state;
    assert_int_equal(mem_new(&text, BYTES + 1, 1), OK);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t piece = strlen(pieces[i]);
        for (size_t at = 0; at < BYTES; at++)
            text[at] = pieces[i][at % piece];
        memcpy(text, "<<1+1=2>>\n", 10);
        memcpy(text + BYTES - 11, "\n<<1+1=3>>\n", 11);
        assert_int_equal(verify_partial(text, BYTES), VERDICT_INVALID);
        assert_true(verify_answer(VERIFIER_NUMBER, text, BYTES, "3") == 0.0f);
        verify_steps(text, BYTES, text, &score);
        assert_true(score.valid <= score.steps && score.right <= score.steps);
    }
    mem_free(text);
}

// Any bytes: no crash, and no number where there is none.
static void test_random_bytes(void **state)
{
    static const char alphabet[] = "<<>>==0123456789+-*/().# \n";
    struct step_score score;
    char text[200];
    (void)state;
    for (uint64_t i = 0; i < 20000; i++) {
        struct rng_key key = rng_child(rng_root(5, RNG_TEST), i);
        for (size_t k = 0; k < sizeof text; k++)
            text[k] = alphabet[rng_below(key, k, sizeof alphabet)];
        enum verdict whole = verify_partial(text, sizeof text);
        // A text that is wrong stays wrong as it grows.
        if (verify_partial(text, 120) == VERDICT_INVALID)
            assert_int_equal(whole, VERDICT_INVALID);
        verify_steps(text, sizeof text, "1\n#### 1", &score);
        assert_true(score.valid <= score.steps && score.right <= 1);
        (void)verify_answer(VERIFIER_NUMBER, text, sizeof text, "1");
    }
}

// Exact arithmetic against 64-bit integers.
static void test_arithmetic(void **state)
{
    mpq_t got, expected;
    char text[128];
    (void)state;
    mpq_inits(got, expected, (mpq_ptr)NULL);
    for (uint64_t i = 0; i < 5000; i++) {
        struct rng_key key = rng_child(rng_root(6, RNG_TEST), i);
        long v[4];
        for (uint64_t k = 0; k < 4; k++)
            v[k] = (long)rng_below(key, k, 2000) - 1000;
        long below = v[3] ? v[3] : 1;
        int n = snprintf(text, sizeof text, "%ld*(%ld-%ld)/%ld+%ld", v[0], v[1], v[2],
                         below, v[1]);
        assert_true(expression_eval(got, text, (size_t)n));
        long numerator = v[0] * (v[1] - v[2]) + v[1] * below;
        mpq_set_si(expected, below < 0 ? -numerator : numerator,
                   (unsigned long)labs(below));
        mpq_canonicalize(expected);
        assert_true(mpq_equal(got, expected));
    }
    mpq_clears(got, expected, (mpq_ptr)NULL);
}

static void check_steps(const char *text, const char *reference, int32_t steps,
                        int32_t valid, int32_t right)
{
    struct step_score score;
    verify_steps(text, strlen(text), reference, &score);
    if (score.steps != steps || score.valid != valid || score.right != right)
        fail_msg("%s: %d %d %d", text, score.steps, score.valid, score.right);
}

static void test_steps(void **state)
{
    static const char reference[] = "4+6=<<4+6=10>>10\n10*2=<<10*2=20>>20\n#### 20";
    (void)state;
    check_steps(reference, reference, 2, 2, 2);
    check_steps("4+6=<<4+6=10>>10\n10*2=<<10*2=21>>21\n#### 21", reference, 2, 1, 1);
    check_steps("6+4=<<6+4=10>>10\n\n  \n10*2=20\n#### 20", reference, 2, 1, 2);
    check_steps("10*2=<<10*2=20>>20\n4+6=<<4+6=10>>10\n#### 20", reference, 2, 2, 0);
    check_steps("#### 20", reference, 0, 0, 0);
    check_steps("", reference, 0, 0, 0);
    check_steps("I say 10.\nso $20.00!\nmore", reference, 3, 0, 2);
    check_steps("<<4+6=10>> <<1+1=3>>\n#### 3", reference, 1, 0, 0);
    check_steps("10\n20 #### 20", reference, 1, 0, 1);
    check_steps("a -5\nb 10-5\nc (-1,000)", "-5\n5\n-1000\n#### 1", 3, 0, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),      cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_unknown),    cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_hostile),    cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

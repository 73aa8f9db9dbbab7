// The final answer of a text.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "verify/math.h"
#include "verify/verify.h"

#include <string.h>

static void check(const char *text, const char *wanted, int any)
{
    const char *found = NULL;
    size_t len = 0;
    int there = any ? math_extract_any(text, strlen(text), &found, &len)
                    : math_extract(text, strlen(text), &found, &len);
    if (!wanted) {
        if (there)
            fail_msg("%s: found %.*s", text, (int)len, found);
        return;
    }
    if (!there || len != strlen(wanted) || memcmp(found, wanted, len) != 0)
        fail_msg("%s: found [%.*s], not [%s]", text, (int)len, there ? found : "",
                 wanted);
}

static void test_boxes(void **state)
{
    (void)state;
    check("so \\boxed{1}. No: $\\boxed{\\frac{1}{2}}$.", "\\frac{1}{2}", 0);
    check("we get $\\boxed 5$.", "5", 0);
    check("we get $\\fbox{5}$.", "5", 0);
    check("\\boxed{\\left\\{ 1, 2 \\right.} end", "\\left\\{ 1, 2 \\right.", 0);
    check("\\boxed{1} and $\\boxed{2}$.", "\\boxed{1} and $\\boxed{2}", 0);
    check("\\boxed{1} and thus we see, but only then, that \\boxed{2}", "2", 0);
    check("\\boxed{1}. And \\boxed{2}", "2", 0);
    check("not closed \\boxed{\\frac{1}{2}", NULL, 0);
}

static void test_marks(void **state)
{
    (void)state;
    check("work\n#### 42", "42", 0);
    check("The answer is #### 42\nmore", "42", 0);
    check("The answer is 42. I hope it is correct.", "42", 0);
    check("Final Answer: The largest $n$ is 34.", "34", 0);
    check("Long solution. Answer: 42", "42", 0);
    check("the answer is \\[\n 3.5 \n\\] so", "\\[\n 3.5", 0);
    check("The answer is 1. No, the answer is 2.5.", "2.5", 0);
    check("no mark at all, just 42", NULL, 0);
    check("", NULL, 0);
}

static void test_published_forms(void **state)
{
    (void)state;
    check("\\boxed{5}\nRemember to put your answer in \\boxed{}.", "5", 0);
    check("\\boxed{5}. Write \\boxed{your answer}.", "5", 0);
    check("\\boxed{2\\boxed{8}}", "2\\boxed{8}", 0);
    check("\\boxed{4}, but it is \\boxed{5}", "5", 0);
    check("<answer>42</answer>", "42", 0);
    check("<answer> \\boxed{4} </answer>", "4", 0);
    check("<answer>The answer is 10</answer>", "10", 0);
    check("<answer>4</answer> or <answer></answer>", "4", 0);
    check("The answer is 5 because 2+3=5.", "5", 0);
    check("The answer is 8 (and not 9).", "8", 0);
    check("The answer is therefore equal to 5.", "5", 0);
    check("Answer: **5**", "5", 0);
    check("## Final Answer\n**5**", "5", 0);
    check("The correct option is B.", "B", 0);
    check("\xe7\xad\x94\xe6\xa1\x88\xe6\x98\xaf"
          "5\xe3\x80\x82",
          "5", 0);
    check("<think>\\boxed{4}</think>The answer is 5.", "5", 0);
    check("<think>\\boxed{4}</think>", NULL, 0);
    check("#### 3<|im_end|>", "3", 0);
    check("put it in \\boxed{}", NULL, 0);
    check("the answers are hard to find", "hard to find", 0);
    check("I answered 5", NULL, 0);
}

static void test_unmarked(void **state)
{
    (void)state;
    check("hence $x \\geq 5$ is the solution.", "x \\geq 5", 1);
    check("it is not 10, it is 1,000.99m", "1,000.99", 1);
    check("so the chance is 2/3. Done", "2/3", 1);
    check("about -28 pct", "-28 pct", 1);
    check("how many $? just about 1$", "1", 1);
    check("AZYUK2A", NULL, 1);
    check("wrong", NULL, 1);
}

static void test_verify(void **state)
{
    (void)state;
    const char *text = "Thus \\boxed{\\dfrac{2}{4}}.";
    assert_true(verify_answer(VERIFIER_MATH, text, strlen(text), "0.5") == 1.0f);
    assert_true(verify_answer(VERIFIER_MATH, text, strlen(text), "so \\boxed{1/2}") ==
                1.0f);
    assert_true(verify_answer(VERIFIER_MATH, text, strlen(text), "0.6") == 0.0f);
    assert_true(verify_answer(VERIFIER_MATH, "just 0.5", 8, "0.5") == 0.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boxes),           cmocka_unit_test(test_marks),
        cmocka_unit_test(test_published_forms), cmocka_unit_test(test_unmarked),
        cmocka_unit_test(test_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

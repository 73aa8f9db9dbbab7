// Hostile answers: bounded time and depth, whatever they hold.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "base/buf.h"
#include "base/rng.h"
#include "verify/math.h"
#include "verify/verify.h"

#include <string.h>

static void repeat(struct buf *out, const char *part, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_str(out, part);
}

// head, `times` parts, a middle, `times` tails.
static void nest(struct buf *out, const char *part, const char *middle,
                 const char *tail, size_t times)
{
    buf_clear(out);
    repeat(out, part, times);
    buf_str(out, middle);
    repeat(out, tail, times);
}

static int equals(const struct buf *text, const char *other)
{
    return math_equal(buf_cstr(text), text->len, other, strlen(other));
}

static void test_nesting(void **state)
{
    (void)state;
    static const struct {
        const char *part, *middle, *tail;
    } NESTS[] = {
        {"(", "1", ")"},           {"{", "1", "}"},
        {"\\{", "1,2", "\\}"},     {"-", "1", ""},
        {"2^", "2", ""},           {"2^{", "2", "}"},
        {"\\sqrt", "2", ""},       {"\\sqrt{2+", "1", "}"},
        {"\\frac{1", "1", "}{2}"}, {"x^{2x^{", "x", "}}"},
        {"\\sin", "x", ""},        {"|", "1", "|"},
        {"(x=", "1", ")"},         {"", "1", "!"},
        {"\\text{", "a", "}"},     {"\\begin{pmatrix}1&", "1", "\\end{pmatrix}"},
    };
    static const size_t TIMES[] = {30, 95, 300, 4000};
    struct buf text = {0};
    for (size_t n = 0; n < sizeof NESTS / sizeof *NESTS; n++)
        for (size_t t = 0; t < 4; t++) {
            nest(&text, NESTS[n].part, NESTS[n].middle, NESTS[n].tail, TIMES[t]);
            assert_false(equals(&text, "12345"));
            (void)equals(&text, NESTS[n].part);
        }
    buf_free(&text);
}

static void test_sizes(void **state)
{
    (void)state;
    static const char *const PARTS[] = {
        "9", "{",  "\\boxed{",   "\\boxed{1}, ", "####",   "answer is ",
        "$", "1,", "\\sqrt{x}+", "\\pm 1",       "5000!+", "\\("};
    struct buf text = {0};
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
        buf_clear(&text);
        repeat(&text, PARTS[i], ((size_t)10 << 20) / strlen(PARTS[i]));
        assert_false(equals(&text, "12345"));
        assert_true(verify_answer(VERIFIER_MATH, buf_cstr(&text), text.len, "12345") ==
                    0.0f);
        const char *found;
        size_t len;
        (void)math_extract_any(buf_cstr(&text), text.len, &found, &len);
    }
    buf_free(&text);
}

static void test_costly_values(void **state)
{
    (void)state;
    static const char *const COSTLY[] = {
        "9^{9^{9^{9}}}",
        "x^{999999999999999999}",
        "5000!!!!",
        "1e999999999",
        "\\binom{5000}{2500}^{5000}",
        "((((x^{9999})^{9999})^{9999})^{9999})^{9999}",
        "\\sqrt{2}+\\sqrt{3}+\\sqrt{5}+\\sqrt{7}+\\sqrt{11}+\\sqrt{13}+\\sqrt{17}+"
        "\\sqrt{19}"
        "+\\sqrt{23}+\\sqrt{29}+\\sqrt{31}+\\sqrt{37}+\\sqrt{41}+\\sqrt{43}+\\sqrt{47}",
        "\\sqrt{x+1}+\\sqrt{x+2}+\\sqrt{x+3}+\\sqrt{x+4}+\\sqrt{x+5}+\\sqrt{x+6}"
        "+\\sqrt{x+7}+\\sqrt{x+8}+\\sqrt{x+9}+\\sqrt{x+10}+\\sqrt{x+11}",
        "\\sum_{i=1}^{2000}\\sum_{j=1}^{2000}\\sum_{k=1}^{2000}ijk",
        "\\arctan(\\arctan(\\arctan(x)))+\\binom{x}{y}+(x+\\frac17)!",
        "\\max(\\arctan x,\\gcd(x,y))\\bmod 7",
        "-9223372036854775808*-1*9223372036854775807/-9223372036854775808",
    };
    for (size_t i = 0; i < sizeof COSTLY / sizeof *COSTLY; i++)
        assert_false(math_equal(COSTLY[i], strlen(COSTLY[i]), "17", 2));
}

// clang-format off
static const char *const PIECES[] = {
    "1", "2", "x", "y", "+", "-",
    "*", "/", "^", "_", "(", ")",
    "[", "]", "{", "}", "\\frac", "\\sqrt",
    "\\pi", "i", "e", ",", "=", "<",
    "\\le", "\\pm", "\\{", "\\}", "\\text{", "cm",
    "%", "^\\circ", "|", "!", "\\begin{pmatrix}", "\\end{pmatrix}",
    "&", "\\\\", "\\cup", "\\infty", "\\sin", "\\log_",
    ".", "0", "\\boxed{", " and ", "\\$", "\\overline{",
    "\\sum_{", "\xe2\x88\x9a", "\\arctan", "\\choose ", "\\mid ", "\\mathbb{R}", "\\in ",
    " or ", "\\ne ", "\\setminus", "\\emptyset", "\\text{ million}", "\\pmod ", "\\dot{",
    "\\begin{vmatrix}", "\\end{vmatrix}", "\\max", "\xc2\xbd", "\xff", "\\", "$", "1,000",
    "#",
};
// clang-format on

// Pieces of the language in random order: no crash, and order does not matter.
static void test_random_pieces(void **state)
{
    (void)state;
    struct rng_key key = rng_root(5, RNG_TEST);
    uint64_t drawn = 0;
    struct buf a = {0}, b = {0};
    for (int round = 0; round < 5000; round++) {
        struct buf *both[] = {&a, &b};
        for (int i = 0; i < 2; i++) {
            buf_clear(both[i]);
            for (uint64_t n = 1 + rng_below(key, drawn++, 12); n > 0; n--)
                buf_str(
                    both[i],
                    PIECES[rng_below(key, drawn++, sizeof PIECES / sizeof *PIECES)]);
        }
        const char *left = buf_cstr(&a), *right = buf_cstr(&b);
        int there = math_equal(left, a.len, right, b.len);
        if (memchr(left, '%', a.len) || memchr(right, '%', b.len))
            continue; // the reference's sign may be left out, the answer's not put in
        if (there != math_equal(right, b.len, left, a.len))
            fail_msg("%s, %s: depends on the order", left, right);
        assert_true(math_equal(left, a.len, left, a.len));
    }
    buf_free(&a);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_costly_values),
        cmocka_unit_test(test_random_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

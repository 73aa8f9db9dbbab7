// Equality of answers, form by form.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "base/mem.h"
#include "verify/math.h"

#include <string.h>

struct row {
    const char *a, *b;
};

static int equal(const char *a, const char *b)
{
    int there = math_equal(a, strlen(a), b, strlen(b));
    int back = math_equal(b, strlen(b), a, strlen(a));
    if (there != back)
        fail_msg("%s, %s: depends on the order", a, b);
    return there;
}

#define EACH_EQUAL(rows)                                                               \
    for (size_t i = 0; i < sizeof(rows) / sizeof *(rows); i++)                         \
        if (!equal((rows)[i].a, (rows)[i].b))                                          \
            fail_msg("%s is not %s", (rows)[i].a, (rows)[i].b);

#define EACH_DIFFERENT(rows)                                                           \
    for (size_t i = 0; i < sizeof(rows) / sizeof *(rows); i++)                         \
        if (equal((rows)[i].a, (rows)[i].b))                                           \
            fail_msg("%s is %s", (rows)[i].a, (rows)[i].b);

static void test_numbers(void **state)
{
    (void)state;
    static const struct row EQUAL[] = {
        {"1,000", "1000"},
        {"14,\\!400", "14400"},
        {"10{,}000", "10000"},
        {"1,234.50", "1234.5"},
        {"072", "72"},
        {".5", "\\frac{1}{2}"},
        {"a/b", "\\frac ab"},
        {"\\frac15", "0.2"},
        {"\\frac{1}2", "\\dfrac12"},
        {"\\tfrac{3}{6}", "1/2"},
        {"6\\frac12", "13/2"},
        {"-1 1/2", "-1.5"},
        {"1.5\\times10^{3}", "1500"},
        {"1.5e3", "1500"},
        {"0.1\\overline{6}", "1/6"},
        {"0.333333", "1/3"},
        {"-3.", "-3"},
        {"\\boxed{7}", "7"},
        {"1000000000000000000000000", "10^{24}"},
        {"10!", "3628800"},
        {"0.14285714285714286", "1/7"},
        {"0.66666666666666666667", "2/3"},
        {"3.14159265358979323846", "\\pi"},
        {"2.718282", "e"},
        {"0.(3)", "1/3"},
        {"5.\\dot{4}", "\\frac{49}{9}"},
        {"2\xc2\xbd", "2.5"},
        {"95{.}112", "95.112"},
        {"\\binom{10}{3}", "120"},
        {"\\lfloor -2.5 \\rfloor", "-3"},
        {"|3-5|", "2"},
        {"5 \\cdot 3 \\div 2", "7.5"},
    };
    static const struct row DIFFERENT[] = {
        {"5", "5.001"},
        {"0.3333", "1/3"},
        {"3.14159", "\\pi"},
        {"22/7", "\\pi"},
        {"0.007813", "1/128"},
        {"1.0000000000000001", "1"},
        {"(1,000)", "1000"},
        {"0.\\overline{3}", "0"},
        {"0.333...", "0.333"},
        {"1/0", "2/0"},
        {"2^{1000000}", "2^{1000000}+1"},
        {"10000000000000000000000001", "10000000000000000000000000"},
        {"3\\frac52", "5.5"},
        {"3 5", "35"},
        {"0.666666", "2/3"}, // cut off, not rounded
        {"0.14285714285714285", "1/7"},
        {"3.141592", "\\pi"},
        {"0.3333333333333333333334", "1/3"},
        {"\\sqrt2", "\\sqrt2+10^{-40}"},
        {"0.(3)", "0.3"},
        {"", "4"},
        {"", ""},
    };
    EACH_EQUAL(EQUAL)
    EACH_DIFFERENT(DIFFERENT)
    assert_true(math_equal_rounded("0.33", 4, "1/3", 3, 2));
    assert_false(math_equal_rounded("0.34", 4, "1/3", 3, 2));
}

static void test_units(void **state)
{
    (void)state;
    static const struct row EQUAL[] = {
        {"5 \\text{ cm}", "5"},
        {"5 cm", "5\\text{ centimeters}"},
        {"5\\mathrm{~m}", "5"},
        {"2\\mathrm{e}", "2e"},
        {"12\\text{ cm}^2", "12\\text{ square centimeters}"},
        {"\\$20", "20"},
        {"\\$1,000.99", "1000.99"},
        {"\\$20", "20\\text{ dollars}"},
        {"45^\\circ", "45"},
        {"45^{\\circ}", "45\\text{ degrees}"},
        {"28 percent", "28\\%"},
        {"50\\%", "\\frac12"},
        {"\\$\\dfrac23 \\approx \\$0.67", "2/3"},
        {"10\\ \\mathrm{m/s}", "10"},
        {"9.8\\,\\mathrm{m\\,s^{-2}}", "9.8\\text{ m/s}^2"},
        {"60\\text{ mph}", "60\\text{ miles per hour}"},
        {"\\$5\\text{ million}", "5000000"},
        {"5\\text{ dozen}", "60"},
        {"5\\text{ thirds}", "\\frac53"},
        {"5 wibbles", "5\\text{ wibbles}"},
        {"25^\\circ\\mathrm{C}", "25"},
    };
    static const struct row DIFFERENT[] = {
        {"5 \\text{ cm}", "5\\text{ m}"},
        {"12\\text{ cm}", "12\\text{ cm}^2"},
        {"\\$20", "20^\\circ"},
        {"10\\%", "10\\text{ cm}"},
        {"10\\%", "0.1\\%"},
        {"180^\\circ", "\\pi"},
        {"9\\text{ a.m.}", "9\\text{ p.m.}"},
        {"5", "5\\text{ million}"},
        {"5", "5 dozen"},
        {"5", "5 thirds"},
        {"\\$5\\text{ million}", "5"},
        {"5", "5\\text{ wibbles}"},
        {"5", "5\\text{ squared}"},
        {"5 \\text{ apples}", "5\\text{ wibbles}"},
        {"60\\text{ km/h}", "60\\text{ m/s}"},
    };
    EACH_EQUAL(EQUAL)
    EACH_DIFFERENT(DIFFERENT)
    // Of the reference the percent sign may be left out; it may not be put in.
    assert_true(math_equal("28", 2, "28\\%", 4));
    assert_false(math_equal("28\\%", 4, "28", 2));
}

static void test_bases(void **state)
{
    (void)state;
    static const struct row EQUAL[] = {
        {"204_5", "204_{5}"}, {"\\text{A5}_{11}", "A5_{11}"}, {"-221_3", " -221_{3}"}};
    static const struct row DIFFERENT[] = {
        {"204_5", "204_6"}, {"204_5", "204"}, {"204_5", "205_5"}, {"-221_3", "221_3"}};
    EACH_EQUAL(EQUAL)
    EACH_DIFFERENT(DIFFERENT)
}

static void test_roots_and_constants(void **state)
{
    (void)state;
    static const struct row EQUAL[] = {
        {"\\frac{1}{\\sqrt2}", "\\frac{\\sqrt{2}}{2}"},
        {"\\sqrt{2}\\sqrt3", "\\sqrt6"},
        {"\\sqrt{50}", "5\\sqrt2"},
        {"5\\sqrt[3]{16}", "10\\sqrt[3]{2}"},
        {"\\sqrt[3]{-8}", "-2"},
        {"\\sqrt[4]{4}", "\\sqrt2"},
        {"2^{-3/2}", "\\frac{\\sqrt2}{4}"},
        {"\\sqrt{-12}", "2i\\sqrt3"},
        {"\\frac{1}{1+i}", "\\frac{1-i}{2}"},
        {"e^{i\\pi}", "-1"},
        {"e^{2\\pi i/3}", "-\\frac12+\\frac{\\sqrt3}{2}i"},
        {"\\frac94\\pi", "\\frac{9\\pi}{4}"},
        {"\\log_2 8", "3"},
        {"\\log_4 8", "3/2"},
        {"\\ln 6", "\\ln2+\\ln3"},
        {"\\cos 75^\\circ", "\\frac{\\sqrt6-\\sqrt2}{4}"},
        {"\\tan 15^\\circ", "2 - \\sqrt{3}"},
        {"\\sin\\left(\\frac{\\pi}{2}\\right)", "1"},
        {"\\sqrt{11}+\\sqrt{13}+\\sqrt{17}+\\sqrt{19}+\\sqrt{23}",
         "\\sqrt{23}+\\sqrt{19}+\\sqrt{17}+\\sqrt{13}+\\sqrt{11}"},
        {"1.414214", "\\sqrt2"},
        {"\\sqrt{3+2\\sqrt2}", "1+\\sqrt2"},
        {"\\sqrt{4+2\\sqrt3}", "\\sqrt2\\sqrt{2+\\sqrt3}"},
        {"\\sqrt{1-\\sqrt2}", "i\\sqrt{\\sqrt2-1}"},
        {"\\frac{2}{\\sqrt3-1}", "\\sqrt3+1"},
        {"\\frac{28}{\\sqrt{29}-1}", "\\sqrt{29}+1"},
        {"\\frac{1}{\\sqrt5-\\sqrt3}", "\\frac{\\sqrt5+\\sqrt3}{2}"},
        {"\\frac{1}{\\sqrt[3]{2}-1}", "\\sqrt[3]4+\\sqrt[3]2+1"},
        {"\\sqrt[3]{2+\\sqrt5}+\\sqrt[3]{2-\\sqrt5}", "1"},
        {"\\sqrt{4+\\sqrt{15}}+\\sqrt{4-\\sqrt{15}}", "\\sqrt{10}"},
        {"2\\cos\\frac{\\pi}{16}", "\\sqrt{2+\\sqrt{2+\\sqrt2}}"},
        {"\\arctan\\frac12+\\arctan\\frac13", "\\frac{\\pi}{4}"},
        {"\\cos36^\\circ", "\\frac{1+\\sqrt5}{4}"},
        {"\\exp(2)", "e^2"},
        {"e^{\\ln 5}", "5"},
        {"{5\\choose2}", "10"},
        {"\\gcd(12,18)", "6"},
        {"\\operatorname{lcm}(4,6)", "12"},
        {"\\max\\{3,5\\}", "5"},
        {"7\\bmod 4", "3"},
        {"\\lfloor\\sqrt5\\rfloor", "2"},
        {"\\sum_{k=1}^{10} k^2", "385"},
        {"\\sum_{k=0}^{\\infty} 2^{-k}", "2"},
        {"5!!", "15"},
        {"\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}", "-2"},
    };
    static const struct row DIFFERENT[] = {
        {"\\sqrt2", "-\\sqrt2"},
        {"\\sqrt2", "\\sqrt3"},
        {"(-1)^{2/3}", "1"},
        {"\\sqrt{3+2\\sqrt2}", "-1-\\sqrt2"},
        {"\\sqrt{2}+\\sqrt3", "\\sqrt5"},
        {"i", "-i"},
        {"e^2", "2^e"},
        {"\\infty", "-\\infty"},
        {"\\log 2", "\\ln 2"},
        {"\\sqrt[3]{2}", "\\sqrt{2}"},
        {"\\frac{2}{\\sqrt3-1}", "\\sqrt3-1"},
        {"\\sqrt{5+\\sqrt6}", "\\sqrt2+\\sqrt3"},
        {"\\exp(2)", "2e"},
        {"{5\\choose2}", "{6\\choose2}"},
        {"\\arctan 1", "\\frac{\\pi}{3}"},
        {"\\lceil\\pi\\rceil", "3"},
        {"\\sum_{k=1}^{10} k", "45"},
        {"3\\pmod5", "3"},
        {"3\\pmod5", "3\\pmod7"},
    };
    EACH_EQUAL(EQUAL)
    EACH_DIFFERENT(DIFFERENT)
}

static void test_variables(void **state)
{
    (void)state;
    static const struct row EQUAL[] = {
        {"(x+1)^2", "x^2+2x+1"},
        {"\\frac{x^2-1}{x-1}", "x+1"},
        {"x^{1/2}", "\\sqrt{x}"},
        {"\\sqrt{x}\\sqrt{y}", "\\sqrt{xy}"},
        {"\\sqrt[3]{x}\\sqrt{x}", "x^{5/6}"},
        {"\\frac{1}{\\sqrt{x+1}-\\sqrt{x}}", "\\sqrt{x+1}+\\sqrt{x}"},
        {"\\sqrt{12x}", "2\\sqrt{3x}"},
        {"2^{x+1}", "2\\cdot2^x"},
        {"4^x", "2^{2x}"},
        {"e^xe^y", "e^{x+y}"},
        {"\\sin^2 x+\\cos^2 x", "1"},
        {"3\\sec\\frac{1}{2}\\theta", "\\frac{3}{\\cos(\\theta/2)}"},
        {"x^2+2*x+1", "\\left(x+1\\right)\\left(x+1\\right)"},
        {"f(x)+1", "1+f(x)"},
        {"F_n = \\sum_{k=0}^{n} a_k b_k", "F_n = \\sum_{k=0}^{n} b_k a_k"},
    };
    static const struct row DIFFERENT[] = {
        {"\\sqrt{x^2}", "x"},
        {"x", "y"},
        {"x_1", "x_2"},
        {"f(x)", "f(y)"},
        {"f'(x)", "f(x)"},
        {"x^2", "2x"},
        {"(+5)(b+2)", "(a+5)(b+2)"},
        {"\\sin x", "\\cos x"},
        {"x", "X"},
        {"\\mathbb{R}", "\\mathbb{Z}"},
    };
    EACH_EQUAL(EQUAL)
    EACH_DIFFERENT(DIFFERENT)
}

static void test_structures(void **state)
{
    (void)state;
    static const struct row EQUAL[] = {
        {"(1,2]", "\\left(1, 2\\right]"},
        {"\\{1,2\\}", "\\{2,1\\}"},
        {"{1,2}", "2, 1"},
        {"1, 2 and 3", "3, 2 \\text{ and } 1"},
        {"3 \\pm 2\\sqrt2", "3+2\\sqrt2, 3-2\\sqrt2"},
        {"(-\\infty,3)\\cup(3,\\infty)", "(3,+\\infty) \\cup (-\\infty,3)"},
        {"(0;1;2)", "(0,1,2)"},
        {"\\boxed{\\frac12} or \\boxed{0.5}", "1/2"},
        {"\\{1,3\\} \\cup \\{2\\}", "\\{1,2,3\\}"},
        {"\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}",
         "\\begin{bmatrix}1&2\\\\3&\\frac82\\\\\\end{bmatrix}"},
        {"\\frac12\\begin{pmatrix}2\\\\4\\end{pmatrix}",
         "\\begin{pmatrix}1\\\\2\\end{pmatrix}"},
        {"\\begin{pmatrix}0&1\\\\1&0\\end{pmatrix}\\begin{pmatrix}1\\\\2\\end{pmatrix}",
         "\\begin{pmatrix}2\\\\1\\end{pmatrix}"},
        {"\\boxed{-2} \\quad \\text{and} \\quad \\boxed{1}", "1, -2"},
        {"\\mathbb R", "(-\\infty,\\infty)"},
        {"\\text{all real numbers except } 3", "\\mathbb{R}\\setminus\\{3\\}"},
        {"\\varnothing", "\\{\\}"},
        {"[1,3]\\cup[2,4]", "[1,4]"},
        {"[0,5]\\setminus\\{0\\}", "(0,5]"},
        {"(-\\infty,2]\\cap[0,\\infty)", "[0,2]"},
        {"(1,2)", "x=1, y=2"},
        {"(x,y)=(1,2)", "y=2\\text{ and }x=1"},
        {"6\\text{ hours }40\\text{ minutes}", "\\text{6 h 40 min}"},
    };
    static const struct row DIFFERENT[] = {
        {"(1,2]", "[1,2)"},
        {"(1,2)", "(2,1)"},
        {"(1,2)", "\\{1,2\\}"},
        {"(1,2,3)", "(1,2)"},
        {"1,2", "1,3"},
        {"\\sqrt{67},-\\sqrt{85}", "\\sqrt{67}"},
        {"3 \\pm 2", "5"},
        {"75^\\circ, 75^\\circ", "75^\\circ"},
        {"\\begin{pmatrix}1\\\\2\\end{pmatrix}",
         "\\begin{pmatrix}2\\\\1\\end{pmatrix}"},
        {"\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"},
        {"\\text{Softball, Picnic}", "\\text{Picnic, Softball}"},
        {"3:2", "2:3"},
        {"\\{\\emptyset\\}", "\\emptyset"},
        {"(8,-1)", "(8,-1]"},
        {"(1,2)", "x=2, y=1"},
        {"\\mathbb{R}", "\\mathbb{Q}"},
        {"\\emptyset", "0"},
    };
    EACH_EQUAL(EQUAL)
    EACH_DIFFERENT(DIFFERENT)
}

static void test_relations(void **state)
{
    (void)state;
    static const struct row EQUAL[] = {
        {"x = 5", "5"},
        {"x = 5+5+1 = 11", "x=11"},
        {"f(x)=1", "1"},
        {"|AB|=1", "1"},
        {"(p,q,r)=(3,2,7)", "(3,2,7)"},
        {"y=2x+3", "2x+3"},
        {"y=-\\frac{1}{2}x+\\frac{3}{4}", "2x+4y-3=0"},
        {"5 \\geq x", "x \\leq 5"},
        {"-x > -1", "x < 1"},
        {"x > 3", "(3,\\infty)"},
        {"-2 \\le x < 7", "[-2,7)"},
        {"x \\in [-2,7]", "[-2,7]"},
        {"x<1 \\text{ or } x>3", "(-\\infty,1)\\cup(3,\\infty)"},
        {"f(2) < f(1) < f(4)", "f(4) > f(1) > f(2)"},
        {"x\\ge2", "x\\in[2,\\infty)"},
        {"x\\ne1", "(-\\infty,1)\\cup(1,\\infty)"},
        {"x\\ne1,2", "\\mathbb{R}\\setminus\\{1,2\\}"},
        {"\\{x\\in\\mathbb{R}\\mid x>2\\}", "(2,\\infty)"},
        {"|x-1|<2", "(-1,3)"},
        {"x>1\\text{ and }x<2", "(1,2)"},
        {"x=2\\text{ or }x=3", "\\{2,3\\}"},
        {"5=x", "5"},
        {"x\\equiv8\\pmod5", "3\\ (\\text{mod }5)"},
        {"a_{37} = 19, a_3 = 2", "a_3 = 2, a_{37} = 19"},
        {"\\frac{\\sqrt{3}}{3} \\approx 0.577", "\\frac{1}{\\sqrt3}"},
    };
    static const struct row DIFFERENT[] = {
        {"x = 5", "y = 5"},
        {"x = 1", "x = 2"},
        {"0", "a^2+b=0"},
        {"1", "xy=1"},
        {"x < 3", "x > 3"},
        {"x \\le 3", "x < 3"},
        {"-x > -1", "x > 1"},
        {"x+y=3", "x-y=3"},
        {"2=3", "1=5"},
        {"x > 3", "[3,\\infty)"},
        {"x \\ne 3", "x = 3"},
        {"x<1\\text{ and }x>3", "(-\\infty,1)\\cup(3,\\infty)"},
        {"x^2\\in[0,1]", "[0,1]"},
        {"x\\ne-2, x\\ne4", "-2, 4"},
        {"x>3", "y>3"},
    };
    EACH_EQUAL(EQUAL)
    EACH_DIFFERENT(DIFFERENT)
}

static void test_words(void **state)
{
    (void)state;
    static const struct row EQUAL[] = {
        {"\\text{(A)}", "A"},
        {"\\textbf{A}", "A"},
        {"\\text{east}", "East"},
        {"$odd$", "\\text{odd}"},
        {"no solution", "\\text{No solution}"},
        {"True", "true"},
        {"\\mbox{Saturday}", "Saturday."},
        {"\\text{two lines}", "two lines"},
        {"\\text{A, C}", "C, A"},
        {"\\text{4:30 p.m.}", "4:30 \\text{ p.m.}"},
    };
    static const struct row DIFFERENT[] = {
        {"\\text{E}", "d"},          {"Yes", "No"},
        {"no", "no solution"},       {"odd", "\\text{oddd}"},
        {"\\text{forty-two}", "42"}, {"\\text{even}", "\\text{odd}"},
    };
    EACH_EQUAL(EQUAL)
    EACH_DIFFERENT(DIFFERENT)
}

static void test_no_memory_is_not_equal(void **state)
{
    (void)state;
    for (long n = 1; n <= 3; n++) {
        mem_fail_nth(n);
        assert_false(math_equal("1/2", 3, "0.5", 3));
        mem_fail_nth(0);
    }
    assert_true(math_equal("1/2", 3, "0.5", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_bases),
        cmocka_unit_test(test_roots_and_constants),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_structures),
        cmocka_unit_test(test_relations),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_no_memory_is_not_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Numbers.
#include "math_lex.h"

#include <string.h>

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

// The bytes of a group of three digits with its mark at p; 0: none.
static size_t thousands(const struct lexer *l, const char *p)
{
    static const char *const MARKS[] = {",",   "{,}", ",\\!", "\\,", "\\!",
                                        "\\;", "\\:", "\\ ",  "~"};
    enum { COUNT = sizeof MARKS / sizeof *MARKS };
    const char *start = p;
    size_t mark = COUNT;
    while (mark > 0 && !lex_starts(p, l->end, MARKS[mark - 1])) // "," is the last
        mark--;
    if (mark == 0 || (mark == 1 && l->brackets > 0))
        return 0;
    p += strlen(MARKS[mark - 1]);
    while (mark == 3 && p < l->end && *p == ' ')
        p++;
    for (int i = 0; i < 3; i++, p++)
        if (p >= l->end || !digit(*p))
            return 0;
    return p < l->end && digit(*p) ? 0 : (size_t)(p - start);
}

// The bytes of e-3 and the like at p; 0: none.  6e+3 is a sum, 6.0e+3 and 6e+03 are
// numbers.
static size_t exponent(const struct lexer *l, const char *p, bool point)
{
    const char *start = p;
    if (p >= l->end || (*p != 'e' && *p != 'E'))
        return 0;
    p++;
    bool plus = p < l->end && *p == '+';
    if (p < l->end && (*p == '-' || *p == '+'))
        p++;
    const char *digits = p;
    while (p < l->end && digit(*p))
        p++;
    if (p == digits || (plus && !point && p - digits < 2))
        return 0;
    return p < l->end && letter(*p) ? 0 : (size_t)(p - start);
}

// 0.(3): the digits in brackets repeat.
static bool bracketed(const struct lexer *l, const char *p)
{
    if (p >= l->end || *p != '(')
        return false;
    for (p++; p < l->end && digit(*p);)
        p++;
    return p < l->end && *p == ')' && digit(p[-1]);
}

// \\dot3
static bool dotted_digit(const struct lexer *l, const char *p)
{
    return lex_starts(p, l->end, "\\dot") && l->end - p > 4 && digit(p[4]);
}

// The end of what stands behind the point, if there is one: .5, {.}5, .\\overline{3}.
static const char *fraction(const struct lexer *l, const char *p)
{
    size_t point = lex_starts(p, l->end, "{.}") ? 3 : p < l->end && *p == '.';
    const char *behind = p + point;
    if (point == 0 || behind >= l->end)
        return p;
    if (!digit(*behind))
        return bracketed(l, behind) || lex_starts(behind, l->end, "\\overline") ||
                       lex_starts(behind, l->end, "\\bar") ||
                       lex_starts(behind, l->end, "\\dot{") ||
                       lex_starts(behind, l->end, "\\dot ") || dotted_digit(l, behind)
                   ? behind
                   : p;
    for (p = behind; p < l->end && digit(*p);)
        p++;
    return p;
}

void lex_number(struct lexer *l)
{
    const char *p = l->p;
    while (p < l->end && digit(*p))
        p++;
    size_t lead = (size_t)(p - l->p);
    if (lead >= 1 && lead <= 3 && *l->p != '0')
        for (size_t n; (n = thousands(l, p)) > 0;)
            p += n;
    p = fraction(l, p);
    bool point = memchr(l->p, '.', (size_t)(p - l->p)) != NULL;
    p += exponent(l, p, point);
    lex_take(l, MATH_T_NUM, 0, (size_t)(p - l->p));
    if (point && bracketed(l, p))
        lex_take(l, MATH_T_ACCENT, 0, 0);
}

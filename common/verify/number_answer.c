#include "number_answer.h"

#include "number.h"
#include "number_word.h"
#include "unit.h"
#include "verify.h"

#include <stdbool.h>
#include <string.h>

enum { SHOWN = 40 }; // bytes of a text within a reason

// What is left of an answer.
struct reading {
    const char *p, *end;
    struct verify_reason *why;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool accept(struct reading *r, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(r->end - r->p) < len || memcmp(r->p, word, len) != 0)
        return false;
    r->p += len;
    return true;
}

static bool accept_one(struct reading *r, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (accept(r, words[i]))
            return true;
    return false;
}

#define ACCEPT_ONE(r, words) accept_one(r, words, sizeof(words) / sizeof *(words))

// Markup, currencies and at most one sign before the number.
static bool skip_lead(struct reading *r)
{
    static const char *const LEAD[] = {
        " ",        "\t",       "*",        "_",   "`",       "\"",
        "\\$",      "$",        "\\boxed{", "\\(", "\\text{", "\xe2\x82\xac",
        "\xc2\xa3", "\xc2\xa5", "\xc2\xa0", "US$", "USD "};
    static const char *const MINUS[] = {"-", "\xe2\x88\x92", "\xe2\x80\x93",
                                        "\xef\xbc\x8d"};
    bool negative = false, has_sign = false;
    for (;;) {
        if (ACCEPT_ONE(r, LEAD))
            continue;
        if (has_sign)
            return negative;
        negative = ACCEPT_ONE(r, MINUS);
        has_sign = negative || accept(r, "+");
        if (!has_sign)
            return false;
    }
}

// The digits from p on with commas before groups of three, as plain digits.  0: too
// long, or commas stand elsewhere.
static size_t plain_digits(char out[NUMBER_MAX_BYTES], struct reading *r)
{
    size_t n = 0, group = 0, groups = 0;
    const char *p = r->p;
    for (bool point = false; p < r->end; p++) {
        if (*p == '.' && !point && (n > 0 || (p + 1 < r->end && is_digit(p[1])))) {
            point = true;
            if (groups > 0 && group != 3)
                return 0;
            groups = 0;
        } else if (*p == ',' && !point && p + 1 < r->end && is_digit(p[1])) {
            if (group == 0 || group > 3 || (groups > 0 && group != 3))
                return 0;
            groups++;
            group = 0;
            continue;
        } else if (!is_digit(*p)) {
            break;
        }
        group += is_digit(*p);
        if (n == NUMBER_MAX_BYTES)
            return 0;
        out[n++] = *p;
    }
    if (groups > 0 && group != 3)
        return 0;
    r->p = p;
    return n;
}

static bool read_decimal(mpq_t out, struct reading *r)
{
    char digits[NUMBER_MAX_BYTES];
    const char *start = r->p;
    size_t n = plain_digits(digits, r);
    if (n > 0 && number_scan(out, digits, n) == n)
        return true;
    int shown = (int)(r->end - start < SHOWN ? r->end - start : SHOWN);
    verify_because(r->why, "\"%.*s\" does not begin with a number", shown, start);
    return false;
}

// a/b, with spaces around the bar or without.
static bool divide(mpq_t out, struct reading *r)
{
    const char *p = r->p;
    while (p < r->end && *p == ' ')
        p++;
    if (p >= r->end || *p != '/')
        return true;
    for (p++; p < r->end && *p == ' ';)
        p++;
    if (p >= r->end || !(is_digit(*p) || *p == '.'))
        return true; // per hour
    mpq_t below;
    mpq_init(below);
    r->p = p;
    bool ok = read_decimal(below, r) && mpq_sgn(below) != 0;
    if (ok)
        mpq_div(out, out, below);
    mpq_clear(below);
    return ok;
}

static bool attached_unit(const char *word, size_t len)
{
    struct unit unit;
    return unit_find(&unit, word, len, false) && unit.kind == UNIT_MEASURE;
}

static bool skip_word(struct reading *r, bool attached)
{
    const char *word = r->p;
    while (r->p < r->end && is_letter(*r->p))
        r->p++;
    size_t len = (size_t)(r->p - word);
    if (number_word_changes(word, len)) {
        verify_because(r->why, "the word %.*s changes the number",
                       (int)(len < SHOWN ? len : SHOWN), word);
        return false;
    }
    return !attached || attached_unit(word, len);
}

// A character or command of a remark that says nothing of the number.
static bool skip_mark(struct reading *r)
{
    static const char *const MARKS[] = {"\\text{",
                                        "\\mathrm{",
                                        "\\textbf{",
                                        "\\,",
                                        "\\;",
                                        "\\ ",
                                        "\\%",
                                        "\\$",
                                        "\\)",
                                        "\\]",
                                        "\\!",
                                        "%",
                                        "$",
                                        ".",
                                        ",",
                                        ";",
                                        ":",
                                        "(",
                                        ")",
                                        "[",
                                        "]",
                                        "{",
                                        "}",
                                        "\"",
                                        "'",
                                        "`",
                                        "_",
                                        "?",
                                        "#",
                                        " ",
                                        "\t",
                                        "\r",
                                        "\n",
                                        "~",
                                        "^\\circ",
                                        "\xe2\x82\xac",
                                        "\xc2\xa3",
                                        "\xc2\xa5",
                                        "\xc2\xb0",
                                        "\xc2\xa0",
                                        "\xe3\x80\x82",
                                        "\xef\xbc\x8c",
                                        "\xef\xbc\x81",
                                        "\xe2\x80\x9c",
                                        "\xe2\x80\x9d",
                                        "\xe2\x80\x99",
                                        "\xe2\x9c\x85",
                                        "\xe2\x9c\x93",
                                        "\xe2\x9c\x94",
                                        "\xef\xb8\x8f"};
    return ACCEPT_ONE(r, MARKS);
}

// A letter of Chinese or Japanese that is no number.
static bool skip_ideograph(struct reading *r)
{
    static const char *const NUMBERS[] = {
        "\xe5\x8d\x81", "\xe7\x99\xbe", "\xe5\x8d\x83", "\xe4\xb8\x87", "\xe8\x90\xac",
        "\xe4\xba\xbf", "\xe5\x84\x84", "\xe5\x85\x86", "\xe5\x8d\x8a", "\xe5\x88\x86",
        "\xe6\x88\x96", "\xe5\x80\x8d", "\xe6\x89\x93", "\xe5\x92\x8c", "\xe5\x88\xb0"};
    const unsigned char lead = (unsigned char)*r->p;
    if (lead < 0xe4 || lead > 0xe9 || r->end - r->p < 3 || ACCEPT_ONE(r, NUMBERS))
        return false;
    r->p += 3;
    return true;
}

// A dash between words, a bar before a unit's word, a star of markup, a sentence's end.
static bool skip_between(struct reading *r, const char *start)
{
    char before = r->p > start ? r->p[-1] : '5';
    char after = r->p + 1 < r->end ? r->p[1] : ' ';
    char beyond = r->p + 2 < r->end ? r->p[2] : ' ';
    bool ok =
        (*r->p == '-' && before != '5' && (is_letter(after) || is_space(after))) ||
        (*r->p == '/' && is_letter(after) &&
         (is_letter(beyond) || is_letter(before))) ||
        (*r->p == '*' && !is_letter(after) && after != '(' && after != '\\') ||
        (*r->p == '!' && before != '5');
    r->p += ok;
    return ok;
}

static bool skip_part(struct reading *r, const char *start)
{
    if (is_letter(*r->p))
        return skip_word(r, r->p == start);
    return skip_mark(r) || skip_ideograph(r) || skip_between(r, start);
}

// Whether the rest of the line leaves the number as it is.
static bool harmless(struct reading *r)
{
    const char *start = r->p;
    while (r->p < r->end)
        if (!skip_part(r, start)) {
            int shown = (int)(r->end - start < SHOWN ? r->end - start : SHOWN);
            verify_because(r->why, "\"%.*s\" goes on with the number", shown, start);
            return false;
        }
    return true;
}

int number_answer_read(mpq_t out, const char *text, size_t len,
                       struct verify_reason *why)
{
    struct reading r = {.p = text, .end = text + len, .why = why};
    bool negative = skip_lead(&r);
    if (!read_decimal(out, &r) || !divide(out, &r) || !harmless(&r)) {
        verify_because(why, "not a number");
        return 0;
    }
    if (negative)
        mpq_neg(out, out);
    return 1;
}

int number_answer_equal(const char *found, size_t found_len, const char *reference,
                        struct verify_reason *why)
{
    const char *wanted = reference;
    size_t wanted_len = strlen(reference);
    (void)verify_extract(reference, wanted_len, &wanted, &wanted_len);
    mpq_t got, right;
    mpq_inits(got, right, (mpq_ptr)NULL);
    int equal = 0;
    if (!number_answer_read(right, wanted, wanted_len, NULL))
        verify_because(why, "the reference is not a number");
    else
        equal = number_answer_read(got, found, found_len, why) && mpq_equal(got, right);
    mpq_clears(got, right, (mpq_ptr)NULL);
    return equal;
}

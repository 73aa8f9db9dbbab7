#include "number.h"

#include <string.h>

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// out = digits / 10^fraction; `digits` is a NUL-terminated run of decimal digits.
static void set_scaled(mpq_t out, const char *digits, size_t fraction)
{
    mpz_set_str(mpq_numref(out), digits, 10);
    mpz_ui_pow_ui(mpq_denref(out), 10, fraction);
    mpq_canonicalize(out);
}

size_t number_scan(mpq_t out, const char *text, size_t len)
{
    char digits[NUMBER_MAX_BYTES + 1];
    size_t i = 0, n = 0, fraction = 0;
    int dot = 0;
    for (; i < len && (is_digit(text[i]) || (text[i] == '.' && !dot)); i++) {
        if (i == NUMBER_MAX_BYTES)
            return 0;
        if (text[i] == '.') {
            dot = 1;
            continue;
        }
        digits[n++] = text[i];
        fraction += dot != 0;
    }
    if (!n)
        return 0;
    digits[n] = 0;
    set_scaled(out, digits, fraction);
    return i;
}

// Copies text without `$ , %` and spaces; a space between two digits stays, so that
// "1 2" is not 12.  Returns the length, 0 where it is too long or empty.
static size_t strip_marks(char *clean, const char *text, size_t len)
{
    size_t n = 0;
    int gap = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            gap = 1;
            continue;
        }
        if (c == '$' || c == ',' || c == '%')
            continue;
        if (gap && n && is_digit(c) && is_digit(clean[n - 1]))
            return 0;
        gap = 0;
        if (n == NUMBER_MAX_BYTES)
            return 0;
        clean[n++] = c;
    }
    if (n && clean[n - 1] == '.')
        n--;
    return n;
}

// out /= the denominator that follows a '/', all of text.  0: none there, or zero.
static int divide_by(mpq_t out, const char *text, size_t len)
{
    mpq_t below;
    mpq_init(below);
    int ok = len && number_scan(below, text, len) == len && mpq_sgn(below) != 0;
    if (ok)
        mpq_div(out, out, below);
    mpq_clear(below);
    return ok;
}

int number_parse_answer(mpq_t out, const char *text, size_t len)
{
    char clean[NUMBER_MAX_BYTES];
    size_t n = strip_marks(clean, text, len);
    size_t i = n && (clean[0] == '-' || clean[0] == '+');
    size_t taken = number_scan(out, clean + i, n - i);
    if (!taken)
        return 0;
    size_t end = i + taken;
    if (end < n && (clean[end] != '/' || !divide_by(out, clean + end + 1, n - end - 1)))
        return 0;
    if (clean[0] == '-')
        mpq_neg(out, out);
    return 1;
}

// Is the '-' at text[at] a sign, rather than a subtraction or a hyphen?
static int is_sign(const char *text, size_t at)
{
    if (text[at] != '-')
        return 0;
    return at == 0 || memchr(" =($>", text[at - 1], 5) != NULL;
}

int number_last(mpq_t out, const char *text, size_t len)
{
    while (len && !is_digit(text[len - 1]))
        len--;
    size_t start = len;
    while (start && (is_digit(text[start - 1]) || text[start - 1] == '.' ||
                     text[start - 1] == ','))
        start--;
    while (start < len && text[start] == ',')
        start++;
    if (start && is_sign(text, start - 1))
        start--;
    return number_parse_answer(out, text + start, len - start);
}

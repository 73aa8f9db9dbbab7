// Signs outside ASCII.
#include "math_lex.h"

#include <string.h>

static void put(struct lexer *l, enum math_token_kind kind, const char *text)
{
    lex_emit(l, (struct math_token){.kind = kind}, text, strlen(text));
}

// The digit of a superscript or, `below`, a subscript at p; NULL: none.  *len: its
// bytes; "-": a raised minus sign.
static const char *small_digit(const char *p, const char *end, bool below, size_t *len)
{
    static const char *const ABOVE[][2] = {
        {"\xe2\x81\xb0", "0"}, {"\xc2\xb9", "1"},     {"\xc2\xb2", "2"},
        {"\xc2\xb3", "3"},     {"\xe2\x81\xb4", "4"}, {"\xe2\x81\xb5", "5"},
        {"\xe2\x81\xb6", "6"}, {"\xe2\x81\xb7", "7"}, {"\xe2\x81\xb8", "8"},
        {"\xe2\x81\xb9", "9"}, {"\xe2\x81\xbb", "-"}};
    static const char *const DIGITS = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
    *len = 3;
    if (below)
        return end - p >= 3 && memcmp(p, "\xe2\x82", 2) == 0 &&
                       (unsigned char)p[2] >= 0x80 && (unsigned char)p[2] <= 0x89
                   ? DIGITS + 2 * ((unsigned char)p[2] - 0x80)
                   : NULL;
    for (size_t i = 0; i < sizeof ABOVE / sizeof *ABOVE; i++)
        if (lex_starts(p, end, ABOVE[i][0])) {
            *len = strlen(ABOVE[i][0]);
            return ABOVE[i][1];
        }
    return NULL;
}

// x raised to one digit with its sign, or with one digit below.  Longer ones are left
// as words: no number has its digits apart.
static bool lex_small(struct lexer *l, bool below)
{
    size_t len, next;
    const char *digit = small_digit(l->p, l->end, below, &len), *sign = NULL;
    if (digit && *digit == '-') {
        sign = digit;
        l->p += len;
        digit = small_digit(l->p, l->end, below, &len);
    }
    if (!digit || small_digit(l->p + len, l->end, below, &next))
        return false;
    put(l, below ? MATH_T_SUB : MATH_T_POWER, "");
    put(l, MATH_T_LBRACE, "");
    if (sign)
        put(l, MATH_T_MINUS, "");
    put(l, MATH_T_NUM, digit);
    put(l, MATH_T_RBRACE, "");
    l->p += len;
    return true;
}

static bool lex_vulgar(struct lexer *l)
{
    static const char *const FRACTIONS[][3] = {
        {"\xc2\xbd", "1", "2"},     {"\xc2\xbc", "1", "4"},
        {"\xc2\xbe", "3", "4"},     {"\xe2\x85\x93", "1", "3"},
        {"\xe2\x85\x94", "2", "3"}, {"\xe2\x85\x95", "1", "5"},
        {"\xe2\x85\x96", "2", "5"}, {"\xe2\x85\x97", "3", "5"},
        {"\xe2\x85\x98", "4", "5"}, {"\xe2\x85\x99", "1", "6"},
        {"\xe2\x85\x9a", "5", "6"}, {"\xe2\x85\x90", "1", "7"},
        {"\xe2\x85\x9b", "1", "8"}, {"\xe2\x85\x9c", "3", "8"},
        {"\xe2\x85\x9d", "5", "8"}, {"\xe2\x85\x9e", "7", "8"},
        {"\xe2\x85\x91", "1", "9"}, {"\xe2\x85\x92", "1", "10"}};
    for (size_t i = 0; i < sizeof FRACTIONS / sizeof *FRACTIONS; i++)
        if (lex_starts(l->p, l->end, FRACTIONS[i][0])) {
            put(l, MATH_T_FRAC, "");
            put(l, MATH_T_LBRACE, "");
            put(l, MATH_T_NUM, FRACTIONS[i][1]);
            put(l, MATH_T_RBRACE, "");
            put(l, MATH_T_LBRACE, "");
            put(l, MATH_T_NUM, FRACTIONS[i][2]);
            put(l, MATH_T_RBRACE, "");
            l->p += strlen(FRACTIONS[i][0]);
            return true;
        }
    return false;
}

void lex_beyond_ascii(struct lexer *l)
{
    if (lex_small(l, false) || lex_small(l, true) || lex_vulgar(l))
        return;
    struct math_token token = {0};
    size_t len = math_symbol(&token, l->p, (size_t)(l->end - l->p));
    if (len == 0) {
        while (l->p + len < l->end && (unsigned char)l->p[len] >= 0x80)
            len++;
        token.kind = MATH_T_WORD;
        token.id = math_hash(0, l->p, len);
    }
    lex_emit(l, token, l->p, len);
    l->p += len;
}

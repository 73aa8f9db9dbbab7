#include "equation_token.h"

#include "number.h"

#include <string.h>

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

// The byte `ahead` of the cursor; 0 behind the end.
static char at(const struct token_reader *r, size_t ahead)
{
    return ahead < (size_t)(r->end - r->p) ? r->p[ahead] : 0;
}

// Signs in UTF-8: times, middle dot, dot operator, division, minus, en dash; em dash,
// ellipsis, two quotation marks; pound, euro.
static const struct sign {
    const char *bytes;
    enum token_kind kind;
    char op;
} signs[] = {
    {"\u00d7", TOKEN_OPERATOR, '*'}, {"\u00b7", TOKEN_OPERATOR, '*'},
    {"\u22c5", TOKEN_OPERATOR, '*'}, {"\u00f7", TOKEN_OPERATOR, '/'},
    {"\u2212", TOKEN_OPERATOR, '-'}, {"\u2013", TOKEN_OPERATOR, '-'},
    {"\u2014", TOKEN_STOP, 0},       {"\u2026", TOKEN_STOP, 0},
    {"\u201c", TOKEN_STOP, 0},       {"\u201d", TOKEN_STOP, 0},
    {"\u00a3", TOKEN_MONEY, 0},      {"\u20ac", TOKEN_MONEY, 0},
};

static const struct sign *sign_at(const struct token_reader *r)
{
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t len = strlen(signs[i].bytes);
        if ((size_t)(r->end - r->p) >= len && memcmp(r->p, signs[i].bytes, len) == 0)
            return &signs[i];
    }
    return NULL;
}

// Skips spaces and complete annotations; 0 where an annotation has no end in its line.
static int skip_unread(struct token_reader *r)
{
    for (;;) {
        while (at(r, 0) == ' ' || at(r, 0) == '\t' || at(r, 0) == '\r')
            r->p++;
        if (at(r, 0) != '<' || at(r, 1) != '<')
            return 1;
        const char *p = r->p + 2;
        while (p < r->end && *p != '\n' &&
               !(p[0] == '>' && p + 1 < r->end && p[1] == '>'))
            p++;
        if (p == r->end || *p == '\n') {
            r->p = p;
            return 0;
        }
        r->p = p + 2;
    }
}

static size_t digits(const struct token_reader *r, size_t from)
{
    size_t n = 0;
    while (is_digit(at(r, from + n)))
        n++;
    return n;
}

// Bytes of the number at the cursor: 1,234.50 or .5; *odd where something that no plain
// number has follows it, such as the second point of a date.
static size_t number_bytes(const struct token_reader *r, int *odd)
{
    size_t n = digits(r, 0);
    if (n <= 3)
        while (n && at(r, n) == ',' && digits(r, n + 1) == 3)
            n += 4;
    if (at(r, n) == '.' && is_digit(at(r, n + 1)))
        n += 1 + digits(r, n + 1);
    char next = at(r, n);
    *odd = n > NUMBER_MAX_BYTES || next == '^' || next == '!' || next == '_' ||
           (next == '.' && at(r, n + 1) == '.') ||
           ((next == ',' || next == '.' || next == ':') && is_digit(at(r, n + 1)));
    return n;
}

// A letter x between two numbers is a multiplication sign.
static int is_times(const struct token_reader *r)
{
    if ((at(r, 0) != 'x' && at(r, 0) != 'X') || is_letter(at(r, 1)))
        return 0;
    if (r->last != TOKEN_NUMBER && r->last != TOKEN_CLOSE && r->last != TOKEN_PERCENT &&
        r->last != TOKEN_WORD)
        return 0;
    size_t i = 1;
    while (at(r, i) == ' ')
        i++;
    char next = at(r, i);
    return is_digit(next) || next == '.' || next == '$' || next == '(';
}

static size_t word_bytes(const struct token_reader *r)
{
    size_t n = 1;
    for (;;) {
        char c = at(r, n);
        int joint = (c == '-' || c == '\'') && is_letter(at(r, n + 1));
        if (!is_letter(c) && !joint)
            return n;
        n++;
    }
}

// Two bytes that are one sign: ** // == <= >= != ~= := -= => ->
static int is_pair(char c, char next)
{
    if (next == '=')
        return memchr("=<>!~:-", c, 7) != NULL;
    if (next == '>')
        return c == '=' || c == '-';
    return next == c && (c == '*' || c == '/');
}

static enum token_kind sign_kind(char c)
{
    if (memchr("+-*/", c, 4))
        return TOKEN_OPERATOR;
    if (memchr(".,;:?\"'`!|", c, 10))
        return TOKEN_STOP;
    switch (c) {
    case '=':
        return TOKEN_EQUALS;
    case '(':
        return TOKEN_OPEN;
    case ')':
        return TOKEN_CLOSE;
    case '$':
        return TOKEN_MONEY;
    case '%':
        return TOKEN_PERCENT;
    default:
        return TOKEN_ODD;
    }
}

// Kind, sign and length of the token at the cursor, which is no space.
static void read_token(const struct token_reader *r, struct token *t)
{
    const struct sign *sign = sign_at(r);
    char c = at(r, 0);
    int odd = 0;
    t->len = 1;
    if (c == '\n') {
        t->kind = TOKEN_BREAK;
    } else if (sign) {
        t->kind = sign->kind;
        t->op = sign->op;
        t->len = strlen(sign->bytes);
    } else if (is_digit(c) || (c == '.' && is_digit(at(r, 1)))) {
        t->len = number_bytes(r, &odd);
        t->kind = odd ? TOKEN_ODD : TOKEN_NUMBER;
    } else if (is_times(r)) {
        t->kind = TOKEN_OPERATOR;
        t->op = '*';
    } else if (is_letter(c) || (c == '-' && r->last == TOKEN_NUMBER &&
                                is_letter(at(r, 1)) && t->glued)) {
        t->len = word_bytes(r);
        t->kind = TOKEN_WORD;
    } else {
        int pair = is_pair(c, at(r, 1));
        t->len += (size_t)pair;
        t->kind = pair ? TOKEN_ODD : sign_kind(c);
        t->op = c;
    }
}

// A comma and spaces before three digits may be a thousands separator: 14, 400.  1: it
// may; -1: the text ends before that is known.
static int may_group(const struct token_reader *r)
{
    size_t i = 1;
    while (at(r, i) == ' ')
        i++;
    size_t n = digits(r, i);
    if (i + n == (size_t)(r->end - r->p))
        return -1;
    return i > 1 && n == 3;
}

struct token token_next(struct token_reader *r)
{
    const char *before = r->p;
    if (!skip_unread(r)) {
        r->last = TOKEN_ODD;
        return (struct token){.kind = r->p == r->end ? TOKEN_END : TOKEN_ODD,
                              .text = r->p};
    }
    struct token t = {.text = r->p};
    t.glued = r->p == before;
    if (r->p == r->end)
        return t;
    int group = *r->p == ',' && r->last == TOKEN_NUMBER ? may_group(r) : 0;
    read_token(r, &t);
    if (group)
        t.kind = group < 0 ? TOKEN_END : TOKEN_ODD;
    r->p += t.len;
    if (r->p == r->end && t.kind != TOKEN_BREAK)
        t.kind = TOKEN_END;
    t.glued_next = at(r, 0) != ' ' && at(r, 0) != '\t';
    r->last = t.kind;
    return t;
}

// Runs of letters.
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

static bool has_vowel(const char *word, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (strchr("aeiouyAEIOUY", word[i]))
            return true;
    return false;
}

// "no" of "no solution": a short word with another one behind it.
static bool leads_word(const struct lexer *l, size_t len)
{
    const char *p = l->p + len, *next;
    if (len < 2 || !has_vowel(l->p, len) || p >= l->end || *p != ' ')
        return false;
    for (next = ++p; next < l->end && letter(*next);)
        next++;
    return next - p >= 4 && has_vowel(p, (size_t)(next - p));
}

// a.m. and p.m.; 0: something else.
static size_t half_day(const struct lexer *l)
{
    const char *p = l->p;
    bool half = l->end - p >= 3 && strchr("apAP", p[0]) && p[1] == '.' &&
                (p[2] == 'm' || p[2] == 'M');
    return !half ? 0 : l->end - p >= 4 && p[3] == '.' ? 4 : 3;
}

// yes, no and odd are words, in any case but NO, a segment.
static bool is_reply(const char *p, size_t len)
{
    static const char *const WORDS[] = {"yes", "Yes", "YES", "no", "No", "odd", "Odd"};
    for (int i = 0; i < 7; i++)
        if (strlen(WORDS[i]) == len && memcmp(p, WORDS[i], len) == 0)
            return true;
    return false;
}

// A run of letters: a known word, prose, or a product of variables.
void lex_word(struct lexer *l)
{
    size_t len = half_day(l), room = (size_t)(l->end - l->p);
    if (len > 0) {
        struct math_token half = {.kind = MATH_T_WORD, .unit = true};
        half.id = math_hash(0, l->p, len);
        lex_emit(l, half, l->p, len);
        l->p += len;
        return;
    }
    while (
        len < room &&
        (letter(l->p[len]) ||
         (l->text && (digit(l->p[len]) || (unsigned char)l->p[len] >= 0x80 ||
                      (l->p[len] == '-' && len + 1 < room && letter(l->p[len + 1]))))))
        len++;
    struct math_token token = {0};
    bool known = math_word(&token, l->p, len);
    if (token.unit && len < room && l->p[len] == '(' && !l->text) // sec(x)
        known = math_function(&token, l->p, len) || known;
    if (known && token.kind == MATH_T_SETOP && lex_last_kind(l) != MATH_T_CLOSE)
        known = false;
    if (known && l->text && (token.kind == MATH_T_CALL || token.kind == MATH_T_ROOT))
        known = false;
    if (!known) {
        bool word = l->text || is_reply(l->p, len) ||
                    (len >= 4 && has_vowel(l->p, len)) || leads_word(l, len);
        token.kind = word ? MATH_T_WORD : MATH_T_NAME;
        len = word ? len : 1;
        token.id = math_hash(0, l->p, len);
    }
    lex_emit(l, token, l->p, len);
    l->p += len;
}

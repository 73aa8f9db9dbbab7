// The last number of a text.
#include "number_answer.h"
#include "number_word.h"
#include "verify.h"

#include <stdbool.h>
#include <string.h>

enum { MAX_TOKEN = 128 }; // bytes of one number with what is written together with it

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// What may stand within a number or make it something else.
static bool together(char c)
{
    return is_digit(c) || is_letter(c) || (c && strchr(".,/:^*+-_!%", c));
}

static const char *token_start(const char *text, const char *digit)
{
    const char *p = digit;
    while (p > text && digit - p < MAX_TOKEN) {
        if (p - text >= 3 && memcmp(p - 3, "\xe2\x88\x92", 3) == 0)
            return p - 3; // a minus sign
        if (!together(p[-1]))
            break;
        p--;
    }
    while (p < digit && strchr("*_.,:/^+", *p) && !(*p == '.' && is_digit(p[1])))
        p++;
    return p;
}

static const char *token_end(const char *digit, const char *end)
{
    const char *p = digit;
    while (p < end && p - digit < MAX_TOKEN && together(*p))
        p++;
    while (p > digit + 1 && strchr("*_.,:-", p[-1]))
        p--;
    return p;
}

// A word behind the number that changes it belongs to it.
static const char *with_word(const char *p, const char *end)
{
    const char *word = p;
    while (word < end && (*word == ' ' || *word == '*'))
        word++;
    const char *stop = word;
    while (stop < end && is_letter(*stop))
        stop++;
    return stop > word && stop - word < MAX_TOKEN &&
                   number_word_scales(word, (size_t)(stop - word))
               ? stop
               : p;
}

// The number is part of a formula: \frac{1}{2}, x^{2}, \sqrt{2}.  It begins there.
static const char *formula_start(const char *text, const char *p)
{
    if (p == text || p[-1] != '{')
        return p;
    const char *brace = p - 1, *name = brace;
    while (name > text && is_letter(name[-1]))
        name--;
    bool plain = brace == text || strchr(" $\n", brace[-1]) ||
                 (brace - name == 5 && memcmp(name, "boxed", 5) == 0) ||
                 (brace - name >= 4 && memcmp(name, "text", 4) == 0);
    if (plain)
        return p;
    while (p > text && brace - p < MAX_TOKEN && !strchr(" \n$", p[-1]))
        p--;
    return p;
}

int number_last_answer(const char *text, size_t len, const char **answer,
                       size_t *answer_len)
{
    text = verify_after_thought(text, &len);
    const char *end = text + len;
    for (const char *p = end; p > text; p--) {
        if (!is_digit(p[-1]))
            continue;
        const char *start = token_start(text, p - 1), *c = start;
        while (c < p && !is_letter(*c))
            c++;
        if (c < p) { // part of a name: H2O
            p = start + 1;
            continue;
        }
        *answer = formula_start(text, start);
        *answer_len = (size_t)(with_word(token_end(p - 1, end), end) - *answer);
        return 1;
    }
    return 0;
}

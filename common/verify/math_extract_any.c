// The last formula or number of a text without a marked answer.
#include "math.h"
#include "math_box.h"
#include "math_span.h"
#include "math_token.h"
#include "verify.h"

#include <string.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

// Two words of prose or more: what stands between two dollar signs is no formula.
static bool is_prose(struct span s)
{
    int words = 0;
    for (const char *p = s.p; p < s.end; p++) {
        if (!letter(*p))
            continue;
        const char *start = p;
        while (p < s.end && letter(*p))
            p++;
        bool apart = start == s.p || strchr(" \n,?", start[-1]);
        words += apart && p - start >= 3;
    }
    return words >= 2;
}

static const char *last_of(struct span text, const char *mark)
{
    for (const char *p = text.end; p > text.p;)
        if (lower(*--p) == *mark && math_begins(p, text.end, mark))
            return p;
    return NULL;
}

static const char *last_dollar(struct span text)
{
    for (const char *p = text.end; p > text.p;)
        if (*--p == '$' && (p == text.p || p[-1] != '\\'))
            return p;
    return NULL;
}

// The last formula between $ $, \( \) or \[ \] that ends in the last 4096 bytes.
static bool last_formula(struct span text, struct span *out)
{
    static const char *const MARKS[][2] = {{"\\(", "\\)"}, {"\\[", "\\]"}};
    bool found = false;
    for (int i = 0; i < 2; i++) {
        const char *close = last_of(text, MARKS[i][1]);
        const char *open =
            close ? last_of((struct span){text.p, close}, MARKS[i][0]) : NULL;
        if (open && (!found || close > out->end)) {
            *out = (struct span){open + 2, close};
            found = true;
        }
    }
    const char *close = last_dollar(text);
    if (close && close > text.p && close[-1] == '$')
        close--; // $$
    const char *open = close ? last_dollar((struct span){text.p, close}) : NULL;
    if (open && (!found || close > out->end)) {
        *out = (struct span){open + 1, close};
        found = true;
    }
    return found && !is_prose(*out);
}

// The number that ends right before `end`, with thousands, a fraction and a sign.
static const char *number_start(const char *text, const char *end)
{
    const char *p = end;
    while (p > text &&
           (digit(p[-1]) || ((p[-1] == '.' || p[-1] == ',' || p[-1] == '/') &&
                             p - 1 > text && digit(p[-2]) && digit(*p))))
        p--;
    if (p > text && p[-1] == '.' && p < end && digit(*p))
        p--;
    if (p > text && letter(p[-1]))
        return NULL; // part of a word
    if (p > text && p[-1] == '-' && (p - 1 == text || strchr(" ($=\n", p[-2])))
        p--;
    return p;
}

static bool last_number(struct span text, struct span *out)
{
    for (const char *p = text.end; p > text.p; p--) {
        if (!digit(p[-1]))
            continue;
        const char *start = number_start(text.p, p);
        if (!start) {
            while (p > text.p && (digit(p[-1]) || letter(p[-1])))
                p--;
            p++;
            continue;
        }
        *out = (struct span){start, p};
        static const char *const PERCENT[] = {"%", "\\%", " %", " pct", " percent"};
        for (int i = 0; i < 5; i++)
            if (math_begins(p, text.end, PERCENT[i])) {
                out->end = p + strlen(PERCENT[i]);
                break;
            }
        return true;
    }
    return false;
}

int math_extract_any(const char *text, size_t len, const char **answer,
                     size_t *answer_len)
{
    if (math_extract(text, len, answer, answer_len))
        return 1;
    text = verify_after_thought(text, &len);
    if (len > MATH_MAX_BYTES) {
        text += len - MATH_MAX_BYTES;
        len = MATH_MAX_BYTES;
    }
    struct span all = {text, text + len}, formula = {NULL, NULL}, number = formula;
    bool has_formula = last_formula(all, &formula),
         has_number = last_number(all, &number);
    if (has_formula && (!has_number || number.p < formula.end))
        return math_trimmed(formula.p, formula.end, answer, answer_len);
    return has_number && math_trimmed(number.p, number.end, answer, answer_len);
}

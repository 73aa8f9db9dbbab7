#include "annotation.h"

#include "expression.h"

#include <string.h>

// Judges "side=side[=side...]": right where all sides are equal.  *value is the last
// side that was looked at.
static enum verdict judge(const char *text, size_t len, const char **value)
{
    const char *equals = len <= EXPRESSION_MAX_BYTES ? memchr(text, '=', len) : NULL;
    if (!equals)
        return VERDICT_UNKNOWN;
    const char *end = text + len;
    enum verdict verdict = VERDICT_VALID;
    mpq_t left, right;
    mpq_inits(left, right, (mpq_ptr)NULL);
    int ok = expression_eval(left, text, (size_t)(equals - text));
    while (ok && equals) {
        const char *side = equals + 1;
        *value = side;
        equals = memchr(side, '=', (size_t)(end - side));
        ok = expression_eval(right, side, (size_t)((equals ? equals : end) - side));
        if (ok && !mpq_equal(left, right))
            verdict = VERDICT_INVALID;
    }
    mpq_clears(left, right, (mpq_ptr)NULL);
    return ok ? verdict : VERDICT_UNKNOWN;
}

static void count(struct annotations *out, const char *text, size_t len)
{
    const char *value = NULL;
    switch (judge(text, len, &value)) {
    case VERDICT_VALID:
        out->right++;
        break;
    case VERDICT_INVALID:
        out->wrong++;
        break;
    case VERDICT_UNKNOWN:
        out->unreadable++;
        break;
    }
    if (value) {
        out->last = value;
        out->last_len = len - (size_t)(value - text);
    }
}

void annotations_scan(const char *text, size_t len, struct annotations *out)
{
    struct annotations found = {0};
    const char *open = NULL; // just behind the latest "<<" of this line
    for (size_t i = 0; i < len; i++) {
        int pair = i + 1 < len && text[i] == text[i + 1];
        if (text[i] == '\n') {
            open = NULL;
        } else if (pair && text[i] == '<') {
            open = text + i + 2;
        } else if (pair && text[i] == '>' && open && open <= text + i) {
            count(&found, open, (size_t)(text + i - open));
            open = NULL;
        }
    }
    *out = found;
}

enum verdict annotations_verdict(const struct annotations *a)
{
    if (a->wrong)
        return VERDICT_INVALID;
    return a->unreadable || !a->right ? VERDICT_UNKNOWN : VERDICT_VALID;
}

#include "countdown.h"

#include "equation.h"
#include "expression.h"

#include <string.h>

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Reads the digits at *p and moves behind them.  0: none, or not in
// [1, COUNTDOWN_MAX_VALUE].
static int64_t read_number(const char **p, const char *end)
{
    int64_t value = 0;
    for (; *p < end && is_digit(**p); ++*p)
        if (value <= COUNTDOWN_MAX_VALUE)
            value = 10 * value + (**p - '0');
    return value <= COUNTDOWN_MAX_VALUE ? value : 0;
}

int countdown_read(struct countdown *out, const char *reference)
{
    struct countdown c = {0};
    const char *p = reference, *end = p + strlen(p);
    c.target = read_number(&p, end);
    if (!c.target || *p++ != ':')
        return 0;
    while (p < end) {
        if (*p++ != ' ' || c.n == COUNTDOWN_MAX_NUMBERS)
            return 0;
        int64_t number = read_number(&p, end);
        if (!number)
            return 0;
        c.numbers[c.n++] = number;
    }
    *out = c;
    return c.n > 0;
}

// Uses one number up; 0: there is none of this value.
static int take(struct countdown *left, int64_t value)
{
    for (int32_t i = 0; i < left->n; i++)
        if (left->numbers[i] == value) {
            left->numbers[i] = left->numbers[--left->n];
            return 1;
        }
    return 0;
}

// Uses up all numbers of an expression.  INVALID: one is not there; UNKNOWN: more than
// numbers, the four operators between operands, and parentheses.
static enum verdict take_operands(struct countdown *left, const char *text, size_t len)
{
    const char *p = text, *end = text + len;
    int operand = 0; // the last thing read ends one
    while (p < end) {
        char c = *p;
        if (is_digit(c)) {
            if (!take(left, read_number(&p, end)))
                return VERDICT_INVALID;
            operand = 1;
            continue;
        }
        if (memchr("+-*/", c, 4)) {
            if (!operand)
                return VERDICT_UNKNOWN;
            operand = 0;
        } else if (!memchr("() ", c, 3)) {
            return VERDICT_UNKNOWN;
        }
        p++;
    }
    return VERDICT_VALID;
}

static int has_value(const char *text, size_t len, int64_t value)
{
    mpq_t got;
    mpq_init(got);
    int equal = expression_eval(got, text, len) && mpq_cmp_si(got, (long)value, 1) == 0;
    mpq_clear(got);
    return equal;
}

int countdown_equal(const char *answer, size_t len, const char *reference,
                    struct verify_reason *why)
{
    struct countdown left;
    if (!countdown_read(&left, reference)) {
        verify_because(why, "the reference is no target with numbers");
        return 0;
    }
    enum verdict verdict = len > EXPRESSION_MAX_BYTES
                               ? VERDICT_UNKNOWN
                               : take_operands(&left, answer, len);
    if (verdict == VERDICT_UNKNOWN)
        verify_because(why, "not an expression of numbers with + - * / ( )");
    else if (verdict == VERDICT_INVALID)
        verify_because(why, "a number is not one of those given");
    return verdict == VERDICT_VALID && has_value(answer, len, left.target);
}

// One annotation's text, "operation=result".
static enum verdict judge_step(struct countdown *left, const char *text, size_t len)
{
    const char *end = text + len;
    const char *equals = len <= EXPRESSION_MAX_BYTES ? memchr(text, '=', len) : NULL;
    if (!equals)
        return VERDICT_UNKNOWN;
    size_t operation = (size_t)(equals - text);
    enum verdict verdict = take_operands(left, text, operation);
    if (verdict != VERDICT_VALID)
        return verdict;
    const char *p = equals + 1;
    int64_t made = read_number(&p, end);
    if (!made || p != end || !has_value(text, operation, made))
        return VERDICT_INVALID;
    left->numbers[left->n++] = made; // in the room of an operand
    return VERDICT_VALID;
}

// The first `word` in [p, end); NULL: none.
static const char *find(const char *p, const char *end, const char *word)
{
    size_t len = strlen(word);
    for (; (size_t)(end - p) >= len; p++)
        if (memcmp(p, word, len) == 0)
            return p;
    return NULL;
}

// Whether what a line says to be left, if it says so, is what is left.
static int left_is_right(const struct countdown *left, const char *line,
                         const char *end)
{
    struct countdown rest = *left;
    const char *p = find(line, end, ", left ");
    if (!p)
        return 1;
    p += strlen(", left ");
    while (p < end) {
        if (is_digit(*p)) {
            if (!take(&rest, read_number(&p, end)))
                return 0;
        } else if (!memchr(" ,.\r", *p++, 4)) {
            return 1; // prose, not a list
        }
    }
    return rest.n == 0;
}

// One line before the answer; *steps counts the annotations of complete lines.
static enum verdict judge_line(struct countdown *left, const char *line,
                               const char *end, int complete, int *steps)
{
    const char *p = line, *open, *close;
    struct equations plain;
    int found = 0;
    while ((open = find(p, end, "<<")) && (close = find(open + 2, end, ">>"))) {
        enum verdict verdict = judge_step(left, open + 2, (size_t)(close - open - 2));
        if (verdict != VERDICT_VALID)
            return verdict;
        found++;
        p = close + 2;
    }
    if (!found || !complete)
        return VERDICT_VALID;
    *steps += found;
    equations_scan(line, (size_t)(end - line) + 1, &plain); // with the line's end
    return plain.wrong || !left_is_right(left, p, end) ? VERDICT_INVALID
                                                       : VERDICT_VALID;
}

void countdown_steps(const char *text, size_t len, const char *reference,
                     struct step_score *out)
{
    const char *line = text, *end = text + len;
    *out = (struct step_score){0};
    while (line < end && !(end - line >= 4 && memcmp(line, "####", 4) == 0)) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *next = newline ? newline + 1 : end;
        out->steps++;
        out->valid +=
            countdown_partial(text, (size_t)(next - text), reference) == VERDICT_VALID;
        line = next;
    }
    out->right = out->valid;
}

enum verdict countdown_partial(const char *text, size_t len, const char *reference)
{
    struct countdown left;
    const char *line = text, *end = text + len;
    int steps = 0;
    if (!countdown_read(&left, reference))
        return VERDICT_UNKNOWN;
    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *line_end = newline ? newline : end;
        if (line_end - line >= 4 && memcmp(line, "####", 4) == 0)
            break;
        enum verdict verdict =
            judge_line(&left, line, line_end, newline != NULL, &steps);
        if (verdict != VERDICT_VALID)
            return verdict;
        line = newline ? newline + 1 : end;
    }
    return steps ? VERDICT_VALID : VERDICT_UNKNOWN;
}

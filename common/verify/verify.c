#include "verify.h"

#include "annotation.h"
#include "expression.h"
#include "number.h"

#include <string.h>

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// The last "####" of text; NULL where there is none.
static const char *last_mark(const char *text, size_t len)
{
    for (size_t i = len; i >= 4; i--)
        if (memcmp(text + i - 4, "####", 4) == 0)
            return text + i - 4;
    return NULL;
}

const char *verify_after_thought(const char *text, size_t *len)
{
    static const char MARK[] = "</think>";
    const size_t mark = sizeof MARK - 1;
    for (size_t i = *len; i >= mark; i--)
        if (memcmp(text + i - mark, MARK, mark) == 0) {
            *len -= i;
            return text + i;
        }
    return text;
}

// Where the name of a special token begins: 5<|im_end|>, 5</s>.
static const char *before_token(const char *p, const char *end)
{
    for (const char *c = p; c + 1 < end; c++)
        if (*c == '<' && (c[1] == '|' || c[1] == '/'))
            return c;
    return end;
}

// The line behind the last "####" (no more signs and no fewer) on which something
// stands.
static int marked_line(const char *text, size_t len, const char **from, const char **to)
{
    const char *limit = text + len, *mark = limit;
    while ((mark = last_mark(text, (size_t)(mark - text)))) {
        const char *start = mark + 4, *end;
        int heading = mark > text && mark[-1] == '#';
        while (mark > text && mark[-1] == '#')
            mark--;
        end = memchr(start, '\n', (size_t)(limit - start));
        end = end ? end : limit;
        end = before_token(start, end);
        while (start < end && is_space(*start))
            start++;
        while (end > start && is_space(end[-1]))
            end--;
        if (start == end || heading)
            continue;
        *from = start;
        *to = end;
        return 1;
    }
    return 0;
}

int verify_extract(const char *text, size_t len, const char **answer,
                   size_t *answer_len)
{
    const char *from, *to;
    text = verify_after_thought(text, &len);
    if (!marked_line(text, len, &from, &to))
        return 0;
    *answer = from;
    *answer_len = (size_t)(to - from);
    return 1;
}

// The lines of a solution before its last "####" line.
struct lines {
    const char *p, *end;
};

static struct lines lines_of(const char *text, size_t len)
{
    const char *end = last_mark(text, len);
    if (!end)
        return (struct lines){text, text + len};
    while (end > text && end[-1] != '\n')
        end--;
    return (struct lines){text, end};
}

// The next line that is not blank; 0 at the end.
static int next_line(struct lines *l, const char **line, size_t *len)
{
    while (l->p < l->end) {
        const char *start = l->p;
        const char *newline = memchr(start, '\n', (size_t)(l->end - start));
        const char *end = newline ? newline : l->end;
        l->p = newline ? newline + 1 : l->end;
        while (start < end && is_space(*start))
            start++;
        if (start == end)
            continue;
        *line = start;
        *len = (size_t)(end - start);
        return 1;
    }
    return 0;
}

// The result of a line: its last annotation's value, else its last number.
static int line_result(mpq_t out, const char *line, size_t len,
                       const struct annotations *found)
{
    if (found->last)
        return expression_eval(out, found->last, found->last_len);
    return number_last(out, line, len);
}

static int same_result(const char *line, size_t len, const struct annotations *found,
                       const char *reference, size_t reference_len)
{
    struct annotations expected;
    annotations_scan(reference, reference_len, &expected);
    mpq_t got, wanted;
    mpq_inits(got, wanted, (mpq_ptr)NULL);
    int same = line_result(got, line, len, found) &&
               line_result(wanted, reference, reference_len, &expected) &&
               mpq_equal(got, wanted);
    mpq_clears(got, wanted, (mpq_ptr)NULL);
    return same;
}

void verify_steps(const char *text, size_t len, const char *reference,
                  struct step_score *out)
{
    struct step_score score = {0};
    struct lines lines = lines_of(text, len);
    struct lines expected = lines_of(reference, strlen(reference));
    const char *line, *reference_line;
    size_t line_len, reference_len;
    while (next_line(&lines, &line, &line_len)) {
        struct annotations found;
        annotations_scan(line, line_len, &found);
        score.steps++;
        score.valid += annotations_verdict(&found) == VERDICT_VALID;
        if (next_line(&expected, &reference_line, &reference_len))
            score.right +=
                same_result(line, line_len, &found, reference_line, reference_len);
    }
    *out = score;
}

#include "launch/grade_row.h"

#include "data/cell.h"
#include "data/formats.h"

#include <stdlib.h>
#include <string.h>

static const json_t *first_of(const json_t *row, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(row, names[i]);
        if (value && !json_is_null(value))
            return value;
    }
    return NULL;
}

#define FIRST_OF(row, names) first_of(row, names, sizeof(names) / sizeof *(names))

// A text as it is, a number as it is spelled.
static enum status take_text(struct buf *out, const json_t *value, const char *name)
{
    const char *number = cell_number(value);
    if (!value)
        return status_fail(ERR_INPUT, "no field \"%s\"", name);
    if (!json_is_string(value))
        return status_fail(ERR_INPUT, "\"%s\" is neither a text nor a number", name);
    if (number)
        buf_str(out, number);
    else
        buf_append(out, json_string_value(value), json_string_length(value));
    return out->status;
}

// GSM8K's solutions end in a marked answer; another answer beside a question is one.
static int is_solution(const json_t *answer)
{
    const char *text = json_string_value(answer);
    return text && strstr(text, "####") != NULL;
}

// A problem that its data set names by its fields.
static int is_problem(const json_t *row)
{
    static const char *const GOLD[] = {"gold", "reference"};
    static const char *const FIELDS[] = {"problem", "input_output", "entry_point",
                                         "test_list", "target"};
    if (FIRST_OF(row, GOLD))
        return 0;
    return FIRST_OF(row, FIELDS) || (json_object_get(row, "question") &&
                                     is_solution(json_object_get(row, "answer")));
}

static enum status read_problem(struct grade_row *out, const json_t *row,
                                const enum verifier *chosen)
{
    static const struct format published = {0};
    struct problem p = {0};
    TRY(problem_of_row(&p, row, &published));
    if (!p.question)
        return status_fail(ERR_INPUT, "its set left answer or tests out");
    buf_str(&out->gold, p.answer);
    out->verifier = chosen && p.verifier == VERIFIER_NUMBER ? *chosen : p.verifier;
    problem_free(&p);
    return out->gold.status;
}

static enum status read_gold(struct grade_row *out, const json_t *row,
                             const enum verifier *chosen)
{
    static const char *const GOLD[] = {"gold", "answer", "reference"};
    out->verifier = chosen ? *chosen : VERIFIER_MATH;
    TRY(take_text(&out->gold, FIRST_OF(row, GOLD), "gold"));
    if (strlen(buf_cstr(&out->gold)) != out->gold.len)
        return status_fail(ERR_INPUT, "\"gold\" contains a NUL");
    return OK;
}

// The row's own choice, where it has one.
static enum status read_verifier(enum verifier *out, const json_t *row)
{
    const json_t *value = json_object_get(row, "verifier");
    const char *name = json_string_value(value);
    if (!name || !verifier_by_name(out, name) || !grade_row_fits(*out))
        return status_fail(ERR_INPUT,
                           "\"verifier\" is none of number, last-number and math");
    return OK;
}

int grade_row_fits(enum verifier v)
{
    return v == VERIFIER_NUMBER || v == VERIFIER_LAST_NUMBER || v == VERIFIER_MATH;
}

enum status grade_row_read(struct grade_row *out, const json_t *row,
                           const enum verifier *chosen)
{
    static const char *const REPLY[] = {"reply", "response", "completion", "pred"};
    struct grade_row r = {0};
    enum verifier own;
    enum status st;
    if (!chosen && json_object_get(row, "verifier")) {
        TRY(read_verifier(&own, row));
        chosen = &own;
    }
    TRY_OUT(take_text(&r.reply, FIRST_OF(row, REPLY), "reply"));
    TRY_OUT(is_problem(row) ? read_problem(&r, row, chosen)
                            : read_gold(&r, row, chosen));
    *out = r;
    return OK;
out:
    grade_row_free(&r);
    return st;
}

void grade_row_free(struct grade_row *r)
{
    buf_free(&r->reply);
    buf_free(&r->gold);
}

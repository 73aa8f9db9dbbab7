#include "formats.h"

#include "cell.h"
#include "countdown.h"
#include "formats_programs.h"
#include "row_fields.h"

#include "base/mem.h"
#include "verify/math.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A number as the number verifier reads it: it is right as an answer to itself.
static int is_number(const char *answer)
{
    char text[80];
    int n = snprintf(text, sizeof text, "#### %s", answer);
    return n > 0 && n < (int)sizeof text && !strpbrk(answer, "\n#") &&
           verify_answer(VERIFIER_NUMBER, text, (size_t)n, answer) >= 1.0F;
}

static int is_space(char c)
{
    return c && strchr(" \t\r\n", c) != NULL;
}

static enum status trimmed_copy(char **out, const char *text)
{
    while (is_space(*text))
        text++;
    size_t len = strlen(text);
    while (len && is_space(text[len - 1]))
        len--;
    TRY(mem_new(out, len + 1, 1));
    memcpy(*out, text, len);
    return OK;
}

static const char *name_or(const char *name, const char *usual)
{
    return name ? name : usual;
}

// A question, an answer, and perhaps a solution: where there is none, the answer may be
// one that ends in "#### n", as GSM8K's do.
static enum status plain(struct problem *out, const json_t *row,
                         const struct format *format)
{
    const struct fields *f = &format->fields;
    const char *question = NULL, *solution = NULL, *answer = NULL;
    TRY(row_full_text(&question, row, name_or(f->question, "question")));
    TRY(row_full_text(&answer, row, name_or(f->answer, "answer")));
    TRY(row_optional_text(&solution, row, name_or(f->solution, "solution")));
    if (!*solution && !is_number(answer)) {
        enum status st = problem_make(out, question, answer);
        if (st == ERR_INPUT && !format->any_answer)
            return status_fail(ERR_INPUT, "the answer has no last line \"#### n\", and "
                                          "is no number: data.verifier chooses how "
                                          "others are compared");
        if (st != ERR_INPUT)
            return st;
    } else if (!format->any_answer && !is_number(answer)) {
        return status_fail(ERR_INPUT, "\"%s\" is no number: %.40s",
                           name_or(f->answer, "answer"), answer);
    }
    TRY(mem_strdup(&out->question, question));
    TRY(mem_strdup(&out->solution, solution));
    out->steps = problem_count_lines(solution, strlen(solution));
    return trimmed_copy(&out->answer, answer);
}

// MATH: `problem` with `solution`, `answer` or both.
static enum status math(struct problem *out, const json_t *row,
                        const struct format *format)
{
    (void)format;
    const char *problem = NULL, *solution = NULL, *answer = NULL;
    TRY(row_full_text(&problem, row, "problem"));
    TRY(row_optional_text(&solution, row, "solution"));
    TRY(row_optional_text(&answer, row, "answer"));
    size_t len = strlen(answer);
    if (!len && !*solution)
        return OK;
    if (!len && !math_extract(solution, strlen(solution), &answer, &len))
        return status_fail(ERR_INPUT, "no \"answer\", and none in \"solution\"");
    TRY(mem_strdup(&out->question, problem));
    TRY(mem_strdup(&out->solution, solution));
    TRY(mem_new(&out->answer, len + 1, 1));
    memcpy(out->answer, answer, len);
    out->verifier = VERIFIER_MATH;
    return OK;
}

// A positive whole number that Countdown takes.
static enum status countdown_number(int64_t *out, const json_t *value, const char *name)
{
    const char *text = cell_number(value);
    int64_t number = text && strspn(text, "0123456789") == strlen(text)
                         ? strtoll(text, NULL, 10)
                         : 0;
    if (number < 1 || number > COUNTDOWN_MAX_VALUE)
        return status_fail(ERR_INPUT, "\"%s\": whole numbers from 1 to %d", name,
                           COUNTDOWN_MAX_VALUE);
    *out = number;
    return OK;
}

static enum status countdown(struct problem *out, const json_t *row,
                             const struct format *format)
{
    (void)format;
    const char *question = NULL, *solution = NULL;
    const json_t *list = json_object_get(row, "numbers");
    struct countdown task = {0};
    size_t n = json_array_size(list);
    if (n < 1 || n > COUNTDOWN_MAX_NUMBERS)
        return status_fail(ERR_INPUT, "\"numbers\" is not a list of 1 to %d",
                           COUNTDOWN_MAX_NUMBERS);
    for (size_t i = 0; i < n; i++)
        TRY(countdown_number(&task.numbers[task.n++], json_array_get(list, i),
                             "numbers"));
    TRY(countdown_number(&task.target, json_object_get(row, "target"), "target"));
    TRY(row_full_text(&question, row, "question"));
    TRY(row_optional_text(&solution, row, "answer"));
    return countdown_problem(out, &task, question, solution);
}

// Adds the two fields that a reference consists of.
static enum status add_reference(json_t *row, const char *reference)
{
    struct countdown task;
    if (!countdown_read(&task, reference))
        return status_fail(ERR_INPUT, "not a reference: %.60s", reference);
    json_t *numbers = json_array();
    int failed = json_object_set_new(row, "target", json_integer(task.target));
    for (int32_t i = 0; i < task.n; i++)
        failed |= json_array_append_new(numbers, json_integer(task.numbers[i]));
    failed |= json_object_set_new(row, "numbers", numbers);
    return failed ? status_fail(ERR_NOMEM, "cannot build a JSON row") : OK;
}

enum status row_of_problem(json_t **out, const struct problem *p)
{
    json_t *row =
        json_pack("{s:s,s:s}", "question", p->question, "answer", p->solution);
    if (!row)
        return status_fail(ERR_INPUT, "not UTF-8: %.60s", p->question);
    enum status st =
        p->verifier == VERIFIER_COUNTDOWN ? add_reference(row, p->answer) : OK;
    if (st != OK)
        json_decref(row);
    else
        *out = row;
    return st;
}

// All of the row, for a program of the user's.
static enum status keep_row(struct problem *p, const json_t *row)
{
    struct buf text = {0};
    enum status st = cell_write(&text, row);
    mem_free(p->answer);
    p->answer = NULL;
    if (st == OK)
        st = mem_strdup(&p->answer, buf_cstr(&text));
    p->verifier = VERIFIER_PROGRAM;
    buf_free(&text);
    return st;
}

// A question alone: the program may know the answer.
static enum status question_alone(struct problem *out, const json_t *row,
                                  const struct fields *f)
{
    static const char *const usual[] = {"question", "problem", "prompt", "text"};
    const char *question = NULL, *solution = NULL, *name = f->question;
    for (size_t i = 0; !name && i < sizeof usual / sizeof *usual; i++)
        if (!cell_is_absent(json_object_get(row, usual[i])))
            name = usual[i];
    TRY(row_full_text(&question, row, name_or(name, usual[0])));
    if (f->solution)
        TRY(row_optional_text(&solution, row, f->solution));
    TRY(mem_strdup(&out->question, question));
    return mem_strdup(&out->solution, solution ? solution : "");
}

typedef enum status format_read(struct problem *out, const json_t *row,
                                const struct format *format);

// The set that the row is of, by a field that only this set has.
static format_read *reader_of(const json_t *row, const struct format *format)
{
    static const struct {
        const char *field;
        format_read *read;
    } formats[] = {{"input_output", format_apps},
                   {"entry_point", format_humaneval},
                   {"test_list", format_mbpp},
                   {"problem", math},
                   {"target", countdown}};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (!fields_named(&format->fields) && json_object_get(row, formats[i].field))
            return formats[i].read;
    return plain;
}

enum status problem_of_row(struct problem *out, const json_t *row,
                           const struct format *format)
{
    struct problem p = {0};
    enum status st = reader_of(row, format)(&p, row, format);
    if (format->by_program && (st == ERR_INPUT || (st == OK && !p.question))) {
        problem_free(&p);
        st = question_alone(&p, row, &format->fields);
    }
    if (st == OK && format->by_program)
        st = keep_row(&p, row);
    if (st == OK && p.question) {
        if (p.verifier != VERIFIER_NUMBER)
            p.steps = problem_count_lines(p.solution, strlen(p.solution));
        *out = p;
        return OK;
    }
    problem_free(&p);
    return st;
}

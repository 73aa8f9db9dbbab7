#include "formats.h"

#include "called.h"
#include "cell.h"
#include "countdown.h"

#include "base/mem.h"
#include "verify/math.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status text_field(const char **out, const json_t *row, const char *name)
{
    const json_t *value = field_at(row, name);
    return value ? cell_text(out, value, name) : field_missing(row, name);
}

static enum status full_field(const char **out, const json_t *row, const char *name)
{
    TRY(text_field(out, row, name));
    return **out ? OK : status_fail(ERR_INPUT, "\"%s\" is empty", name);
}

// As text_field; "" where the row has no such field.
static enum status optional_field(const char **out, const json_t *row, const char *name)
{
    *out = "";
    return cell_is_absent(field_at(row, name)) ? OK : text_field(out, row, name);
}

// A JSON document that stands as a string within the row.
static enum status inner_json(json_t **out, const char *text, const char *name)
{
    json_error_t error;
    *out = json_loads(text, JSON_DECODE_ANY, &error);
    if (*out)
        return OK;
    return status_fail(ERR_INPUT, "\"%s\" holds no JSON: %s", name, error.text);
}

// Lines of a list of strings, one after the other.
static enum status lines_field(struct buf *out, const json_t *row, const char *name)
{
    const json_t *list = json_object_get(row, name);
    if (list && !json_is_array(list))
        return status_fail(ERR_INPUT, "\"%s\" is not a list", name);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *line = json_string_value(item);
        if (!line || cell_number(item))
            return status_fail(ERR_INPUT, "\"%s\"[%zu] is not a string", name, i);
        buf_str(out, line);
        buf_char(out, '\n');
    }
    return out->status;
}

static void drop_carriage_returns(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != '\r')
            *to++ = *from;
    *to = '\0';
}

// The tests as the judge reads them (judge/tests.md); takes `tests`.
static enum status set_tests(struct problem *p, json_t *tests)
{
    char *text = tests ? json_dumps(tests, JSON_COMPACT) : NULL;
    json_decref(tests);
    if (!text)
        return status_fail(ERR_NOMEM, "cannot write a problem's tests");
    enum status st = mem_strdup(&p->answer, text);
    free(text);
    p->verifier = VERIFIER_CODE;
    return st;
}

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
    TRY(full_field(&question, row, name_or(f->question, "question")));
    TRY(full_field(&answer, row, name_or(f->answer, "answer")));
    TRY(optional_field(&solution, row, name_or(f->solution, "solution")));
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
    TRY(full_field(&problem, row, "problem"));
    TRY(optional_field(&solution, row, "solution"));
    TRY(optional_field(&answer, row, "answer"));
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

static enum status humaneval(struct problem *out, const json_t *row,
                             const struct format *format)
{
    (void)format;
    const char *prompt = NULL, *entry = NULL, *test = NULL, *solution = NULL;
    struct buf preamble = {0}, check = {0};
    enum status st = OK;
    TRY_OUT(full_field(&prompt, row, "prompt"));
    TRY_OUT(full_field(&entry, row, "entry_point"));
    TRY_OUT(full_field(&test, row, "test"));
    TRY_OUT(optional_field(&solution, row, "canonical_solution"));
    // The prompt ends within the function asked for: with a body it is a program of
    // which the tests may use the other functions.
    buf_printf(&preamble, "%s    pass\n", prompt);
    buf_printf(&check, "%s\ncheck(%s)\n", test, entry);
    TRY_OUT(preamble.status);
    TRY_OUT(check.status);
    TRY_OUT(mem_strdup(&out->question, prompt));
    TRY_OUT(mem_strdup(&out->solution, solution));
    out->continues = 1;
    st = set_tests(out, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "form", "asserts",
                                  "prefix", prompt, "entry", entry, "preamble",
                                  buf_cstr(&preamble), "setup", "", "tests",
                                  buf_cstr(&check)));
out:
    buf_free(&preamble);
    buf_free(&check);
    return st;
}

// The asserts of MBPP, or the script that MBPP+ puts in their place.
static enum status mbpp_tests(struct buf *out, const json_t *row)
{
    const char *script = NULL;
    TRY(optional_field(&script, row, "test"));
    TRY(lines_field(out, row, "test_imports"));
    if (!*script)
        return lines_field(out, row, "test_list");
    buf_printf(out, "%s\n", script);
    return out->status;
}

// MBPP, as published (`text`), sanitised (`prompt`) or MBPP+ (with a `test`): the
// asserts name the function.
static enum status mbpp(struct problem *out, const json_t *row,
                        const struct format *format)
{
    (void)format;
    const char *text = NULL, *code = NULL, *setup = NULL;
    const char *first =
        json_string_value(json_array_get(json_object_get(row, "test_list"), 0));
    struct buf question = {0}, tests = {0}, entry = {0};
    enum status st = OK;
    TRY_OUT(full_field(&text, row, json_object_get(row, "text") ? "text" : "prompt"));
    TRY_OUT(optional_field(&code, row, "code"));
    TRY_OUT(optional_field(&setup, row, "test_setup_code"));
    buf_printf(&question, "%s\n", text);
    TRY_OUT(lines_field(&question, row, "test_list"));
    TRY_OUT(mbpp_tests(&tests, row));
    called_function(&entry, first ? first : "", code);
    TRY_OUT(entry.status);
    TRY_OUT(mem_strdup(&out->question, buf_cstr(&question)));
    TRY_OUT(mem_strdup(&out->solution, code));
    drop_carriage_returns(out->solution);
    st = set_tests(out, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "form", "asserts",
                                  "prefix", "", "entry", buf_cstr(&entry), "preamble",
                                  "", "setup", setup, "tests", buf_cstr(&tests)));
out:
    buf_free(&entry);
    buf_free(&question);
    buf_free(&tests);
    return st;
}

// The first of APPS's solutions; "" where it has none.
static enum status apps_solution(struct problem *out, const json_t *row)
{
    const char *text = NULL;
    json_t *list = NULL;
    TRY(optional_field(&text, row, "solutions"));
    if (!*text)
        return mem_strdup(&out->solution, "");
    TRY(inner_json(&list, text, "solutions"));
    const char *first = json_string_value(json_array_get(list, 0));
    enum status st = mem_strdup(&out->solution, first ? first : "");
    json_decref(list);
    return st;
}

// The judge reads APPS's own object: its numbers may be longer than a C integer.
static enum status apps(struct problem *out, const json_t *row,
                        const struct format *format)
{
    (void)format;
    const char *question = NULL, *starter = NULL, *tests = NULL;
    struct buf text = {0};
    TRY(full_field(&question, row, "question"));
    TRY(optional_field(&starter, row, "starter_code"));
    TRY(optional_field(&tests, row, "input_output"));
    if (!*tests)
        return OK;
    buf_str(&text, question);
    if (*starter)
        buf_printf(&text, "\n%s", starter);
    enum status st = text.status;
    if (st == OK)
        st = mem_strdup(&out->question, buf_cstr(&text));
    buf_free(&text);
    TRY(st);
    TRY(apps_solution(out, row));
    return set_tests(out,
                     json_pack("{s:s, s:s}", "form", "apps", "input_output", tests));
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
    TRY(full_field(&question, row, "question"));
    TRY(optional_field(&solution, row, "answer"));
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
    TRY(full_field(&question, row, name_or(name, usual[0])));
    if (f->solution)
        TRY(optional_field(&solution, row, f->solution));
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
    } formats[] = {{"input_output", apps},
                   {"entry_point", humaneval},
                   {"test_list", mbpp},
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

#include "formats_programs.h"

#include "called.h"
#include "row_fields.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

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

enum status format_humaneval(struct problem *out, const json_t *row,
                             const struct format *format)
{
    (void)format;
    const char *prompt = NULL, *entry = NULL, *test = NULL, *solution = NULL;
    struct buf preamble = {0}, check = {0};
    enum status st = OK;
    TRY_OUT(row_full_text(&prompt, row, "prompt"));
    TRY_OUT(row_full_text(&entry, row, "entry_point"));
    TRY_OUT(row_full_text(&test, row, "test"));
    TRY_OUT(row_optional_text(&solution, row, "canonical_solution"));
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
    TRY(row_optional_text(&script, row, "test"));
    TRY(row_lines(out, row, "test_imports"));
    if (!*script)
        return row_lines(out, row, "test_list");
    buf_printf(out, "%s\n", script);
    return out->status;
}

// MBPP, as published (`text`), sanitised (`prompt`) or MBPP+ (with a `test`): the
// asserts name the function.
enum status format_mbpp(struct problem *out, const json_t *row,
                        const struct format *format)
{
    (void)format;
    const char *text = NULL, *code = NULL, *setup = NULL;
    const char *first =
        json_string_value(json_array_get(json_object_get(row, "test_list"), 0));
    struct buf question = {0}, tests = {0}, entry = {0};
    enum status st = OK;
    TRY_OUT(
        row_full_text(&text, row, json_object_get(row, "text") ? "text" : "prompt"));
    TRY_OUT(row_optional_text(&code, row, "code"));
    TRY_OUT(row_optional_text(&setup, row, "test_setup_code"));
    buf_printf(&question, "%s\n", text);
    TRY_OUT(row_lines(&question, row, "test_list"));
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
    TRY(row_optional_text(&text, row, "solutions"));
    if (!*text)
        return mem_strdup(&out->solution, "");
    TRY(row_inner_json(&list, text, "solutions"));
    const char *first = json_string_value(json_array_get(list, 0));
    enum status st = mem_strdup(&out->solution, first ? first : "");
    json_decref(list);
    return st;
}

// The judge reads APPS's own object: its numbers may be longer than a C integer.
enum status format_apps(struct problem *out, const json_t *row,
                        const struct format *format)
{
    (void)format;
    const char *question = NULL, *starter = NULL, *tests = NULL;
    struct buf text = {0};
    TRY(row_full_text(&question, row, "question"));
    TRY(row_optional_text(&starter, row, "starter_code"));
    TRY(row_optional_text(&tests, row, "input_output"));
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

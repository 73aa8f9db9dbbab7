#include "request.h"

#include "base/mem.h"

#include <jansson.h>
#include <string.h>

enum { HEAD_BYTES = 12 };

struct field {
    const char *key;
    json_type type;
};

struct form {
    const char *name;
    struct field fields[5];
};

static const struct form forms[] = {
    {"asserts",
     {{"prefix", JSON_STRING},
      {"entry", JSON_STRING},
      {"preamble", JSON_STRING},
      {"setup", JSON_STRING},
      {"tests", JSON_STRING}}},
    {"stdio", {{"inputs", JSON_ARRAY}, {"outputs", JSON_ARRAY}}},
    {"call", {{"entry", JSON_STRING}, {"inputs", JSON_ARRAY}, {"outputs", JSON_ARRAY}}},
    {"apps", {{"input_output", JSON_STRING}}},
};

enum { FORMS = sizeof forms / sizeof *forms, MAX_FIELDS = 5 };

static enum status check_fields(const json_t *tests, const struct form *form)
{
    size_t count = 1; // "form" itself
    for (int i = 0; i < MAX_FIELDS && form->fields[i].key; i++, count++) {
        const struct field *f = &form->fields[i];
        const json_t *value = json_object_get(tests, f->key);
        if (!value || json_typeof(value) != f->type)
            return status_fail(ERR_INPUT, "tests of form %s: \"%s\" is absent or wrong",
                               form->name, f->key);
    }
    if (json_object_size(tests) != count)
        return status_fail(ERR_INPUT, "tests of form %s: a key that is not known",
                           form->name);
    return OK;
}

enum kind { TEXTS, ARGUMENTS }; // what inputs are

static int is_text(const json_t *value, int lines)
{
    return json_is_string(value) || (lines && json_is_array(value));
}

// As many outputs as inputs.  `lines`: a text may be a list of lines (APPS).
static enum status check_pairs(const json_t *tests, enum kind kind, int lines)
{
    const json_t *inputs = json_object_get(tests, "inputs");
    const json_t *outputs = json_object_get(tests, "outputs");
    size_t n = json_array_size(inputs); // 0 of what is no array
    if (n == 0 || n != json_array_size(outputs))
        return status_fail(ERR_INPUT, "tests: %zu inputs, %zu outputs", n,
                           json_array_size(outputs));
    for (size_t i = 0; i < n; i++) {
        const json_t *in = json_array_get(inputs, i), *out = json_array_get(outputs, i);
        if (kind == TEXTS ? !is_text(in, lines) || !is_text(out, lines)
                          : !json_is_array(in))
            return status_fail(ERR_INPUT,
                               "tests: input or output %zu is of a wrong type", i);
    }
    return OK;
}

// Numbers beyond 64 bits are for the examiner, which reads them whole.
static enum status parse(json_t **out, const char *text, size_t len)
{
    size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    json_error_t error;
    json_t *value = json_loadb(text, len, flags, &error);
    if (!value)
        return status_fail(ERR_INPUT, "tests: not JSON: %s", error.text);
    *out = value;
    return OK;
}

// APPS's own object, as text inside ours.
static enum status check_apps(const json_t *tests)
{
    const json_t *text = json_object_get(tests, "input_output");
    json_t *inner = NULL;
    TRY(parse(&inner, json_string_value(text), json_string_length(text)));
    const json_t *name = json_object_get(inner, "fn_name");
    enum status st = OK;
    if (name && !json_is_string(name))
        st = status_fail(ERR_INPUT, "tests: \"fn_name\" is not a string");
    else
        st = check_pairs(inner, name ? ARGUMENTS : TEXTS, 1);
    json_decref(inner);
    return st;
}

static enum status check_form(const json_t *tests, const struct form *form)
{
    TRY(check_fields(tests, form));
    if (strcmp(form->name, "apps") == 0)
        return check_apps(tests);
    if (strcmp(form->name, "asserts") == 0)
        return OK;
    return check_pairs(tests, strcmp(form->name, "call") == 0 ? ARGUMENTS : TEXTS, 0);
}

static enum status check_object(const json_t *tests)
{
    const char *name = json_string_value(json_object_get(tests, "form"));
    for (size_t i = 0; name && i < FORMS; i++)
        if (strcmp(name, forms[i].name) == 0)
            return check_form(tests, &forms[i]);
    return status_fail(ERR_INPUT, "tests: no known \"form\"");
}

enum status request_check(const char *tests, size_t len)
{
    json_t *object = NULL;
    TRY(parse(&object, tests, len));
    enum status st = check_object(object);
    json_decref(object);
    return st;
}

static void put_u32(uint8_t *to, size_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

enum status request_new(struct job **out, uint64_t ticket, const char *text, size_t len,
                        const char *tests, int partial)
{
    size_t tests_len = strlen(tests);
    if (len > JUDGE_MAX_BYTES || tests_len > JUDGE_MAX_BYTES)
        return status_fail(ERR_INPUT, "judge: a text of more than %d bytes",
                           JUDGE_MAX_BYTES);
    TRY(request_check(tests, tests_len));
    struct job *job = NULL;
    TRY(mem_new(&job, 1, sizeof *job + HEAD_BYTES + len + tests_len));
    job->ticket = ticket;
    job->partial = partial != 0;
    job->len = HEAD_BYTES + len + tests_len;
    put_u32(job->frame, (size_t)job->partial);
    put_u32(job->frame + 4, len);
    put_u32(job->frame + 8, tests_len);
    if (len)
        memcpy(job->frame + HEAD_BYTES, text, len);
    memcpy(job->frame + HEAD_BYTES + len, tests, tests_len);
    *out = job;
    return OK;
}

static size_t get_u32(const uint8_t *from)
{
    size_t value = 0;
    for (int i = 3; i >= 0; i--)
        value = value << 8 | from[i];
    return value;
}

const char *request_tests(const struct job *job, size_t *len)
{
    *len = get_u32(job->frame + 8);
    return (const char *)job->frame + HEAD_BYTES + get_u32(job->frame + 4);
}

#include "dataset.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1 << 20, FILE_MAX_BYTES = 1 << 30 };

void problem_free(struct problem *p)
{
    mem_free(p->question);
    mem_free(p->solution);
    mem_free(p->answer);
    *p = (struct problem){0};
}

void dataset_free(struct dataset *d)
{
    for (size_t i = 0; i < d->n; i++)
        problem_free(&d->problems[i]);
    mem_free(d->problems);
    *d = (struct dataset){0};
}

enum status dataset_add(struct dataset *d, struct problem *p)
{
    TRY(mem_grow(&d->problems, &d->capacity, d->n, d->n + 1, sizeof *d->problems));
    d->problems[d->n++] = *p;
    *p = (struct problem){0};
    return OK;
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t trimmed(const char *text, size_t len)
{
    while (len && is_space(text[len - 1]))
        len--;
    return len;
}

static enum status copy(char **out, const char *text, size_t len)
{
    char *fresh;
    TRY(mem_new(&fresh, len + 1, 1));
    memcpy(fresh, text, len);
    *out = fresh;
    return OK;
}

// Non-blank lines of text.
static int32_t count_lines(const char *text, size_t len)
{
    int32_t lines = 0;
    int blank = 1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            blank = 1;
        else if (!is_space(text[i])) {
            lines += blank;
            blank = 0;
        }
    }
    return lines;
}

// Fills in solution, answer and steps from the worked solution.
static enum status problem_set_solution(struct problem *p, const char *text)
{
    size_t len = trimmed(text, strlen(text)), last = len;
    while (last && text[last - 1] != '\n')
        last--;
    if (len - last < 5 || memcmp(text + last, "####", 4) != 0)
        return status_fail(ERR_INPUT, "the answer has no last line \"#### n\"");
    size_t start = last + 4;
    while (is_space(text[start]))
        start++;
    TRY(copy(&p->solution, text, len));
    TRY(copy(&p->answer, text + start, len - start));
    p->steps = count_lines(text, last);
    return OK;
}

enum status problem_make(struct problem *out, const char *question,
                         const char *solution)
{
    struct problem p = {0};
    enum status st = OK;
    TRY_OUT(copy(&p.question, question, strlen(question)));
    TRY_OUT(problem_set_solution(&p, solution));
    *out = p;
    return OK;
out:
    problem_free(&p);
    return st;
}

static enum status field(const char **out, const json_t *row, const char *name)
{
    const json_t *value = json_object_get(row, name);
    if (!value)
        return status_fail(ERR_INPUT, "no field \"%s\"", name);
    if (!json_is_string(value))
        return status_fail(ERR_INPUT, "\"%s\" is not a string", name);
    const char *text = json_string_value(value);
    if (strlen(text) != json_string_length(value))
        return status_fail(ERR_INPUT, "\"%s\" contains a NUL", name);
    if (!*text)
        return status_fail(ERR_INPUT, "\"%s\" is empty", name);
    *out = text;
    return OK;
}

static enum status add_row(struct dataset *d, const json_t *row)
{
    const char *question = NULL, *solution = NULL;
    struct problem p = {0};
    if (!json_is_object(row))
        return status_fail(ERR_INPUT, "not a JSON object");
    TRY(field(&question, row, "question"));
    TRY(field(&solution, row, "answer"));
    TRY(problem_make(&p, question, solution));
    enum status st = dataset_add(d, &p);
    problem_free(&p);
    return st;
}

static enum status add_line(struct dataset *d, const char *line, size_t len)
{
    if (len > LINE_MAX_BYTES)
        return status_fail(ERR_INPUT, "longer than %d bytes", LINE_MAX_BYTES);
    if (!trimmed(line, len))
        return status_fail(ERR_INPUT, "empty line");
    json_error_t error;
    json_t *row = json_loadb(
        line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    if (!row)
        return status_fail(ERR_INPUT, "not JSON: column %d: %s", error.column,
                           error.text);
    enum status st = add_row(d, row);
    json_decref(row);
    return st;
}

static enum status parse(struct dataset *d, const struct buf *text, const char *path,
                         size_t limit)
{
    const char *p = buf_cstr(text), *end = p + text->len;
    for (size_t number = 1; p < end && (!limit || d->n < limit); number++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *stop = newline ? newline : end;
        TRY(status_wrap(add_line(d, p, (size_t)(stop - p)), "%s:%zu", path, number));
        p = newline ? newline + 1 : end;
    }
    return d->n ? OK : status_fail(ERR_INPUT, "%s: no problem in it", path);
}

enum status dataset_load(struct dataset *out, const char *path, size_t limit)
{
    struct dataset loaded = {0};
    struct buf text = {0};
    enum status st = OK;
    TRY_OUT(file_read(&text, path, FILE_MAX_BYTES));
    TRY_OUT(parse(&loaded, &text, path, limit));
    *out = loaded;
    loaded = (struct dataset){0};
out:
    dataset_free(&loaded);
    buf_free(&text);
    return st;
}

static enum status append_row(struct buf *out, const struct problem *p)
{
    json_t *row =
        json_pack("{s:s,s:s}", "question", p->question, "answer", p->solution);
    if (!row)
        return status_fail(ERR_INPUT, "not UTF-8: %.60s", p->question);
    char *line = json_dumps(row, JSON_ENSURE_ASCII);
    json_decref(row);
    if (!line)
        return status_fail(ERR_NOMEM, "cannot write a JSON line");
    buf_str(out, line);
    buf_char(out, '\n');
    free(line);
    return out->status;
}

enum status dataset_save(const struct dataset *d, const char *path)
{
    struct buf text = {0};
    enum status st = OK;
    for (size_t i = 0; i < d->n; i++)
        TRY_OUT(status_wrap(append_row(&text, &d->problems[i]), "%s:%zu", path, i + 1));
    TRY_OUT(file_write(path, text.data, text.len));
out:
    buf_free(&text);
    return st;
}

void problem_prompt(struct buf *out, const struct problem *p)
{
    buf_str(out, p->question);
    buf_char(out, '\n');
}

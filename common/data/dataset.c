#include "dataset.h"

#include "formats.h"
#include "rows.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

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

int32_t problem_count_lines(const char *text, size_t len)
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
    p->steps = problem_count_lines(text, last);
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

// Rows as they come from a file.
struct reading {
    struct dataset set;
    struct format format;
    size_t limit;   // 0: none
    size_t skipped; // rows without answer or tests
};

static enum status take_row(void *context, const json_t *row, int *stop)
{
    struct reading *r = context;
    struct problem p = {0};
    TRY(problem_of_row(&p, row, &r->format));
    if (!p.question) {
        r->skipped++;
        return OK;
    }
    enum status st = dataset_add(&r->set, &p);
    problem_free(&p);
    *stop = r->limit && r->set.n >= r->limit;
    return st;
}

// Splits "file[first:end]" off; either number may be left out.  ERR_INPUT.
static enum status parse_rows(const char *path, struct buf *file, size_t *first,
                              size_t *end)
{
    const char *open = strrchr(path, '[');
    size_t len = strlen(path);
    *first = 0;
    *end = SIZE_MAX;
    buf_append(file, path, open && path[len - 1] == ']' ? (size_t)(open - path) : len);
    if (file->status != OK || file->len == len)
        return file->status;
    char *rest;
    errno = 0;
    *first = strtoul(open + 1, &rest, 10);
    int good = *rest == ':' && open[1] != '-' && rest[1] != '-';
    if (good && rest[1] != ']')
        *end = strtoul(rest + 1, &rest, 10);
    else
        rest++;
    if (!good || strcmp(rest, "]") != 0 || errno || *first >= *end)
        return status_fail(ERR_INPUT,
                           "%s: rows are written [first:end], end above "
                           "first, the first row is 0",
                           path);
    return file->status;
}

static void tell_left_out(const struct reading *r, const struct rows_seen *seen,
                          const char *path)
{
    if (r->skipped)
        log_warn("%s: %zu rows have no answer or tests and are left out", path,
                 r->skipped);
    if (seen->bad)
        log_warn("%s: %zu of %zu rows cannot be read and are left out; the first is %s",
                 path, seen->bad, seen->rows, seen->first_bad);
}

static enum status no_problems(const struct reading *r, const struct rows_seen *seen,
                               const char *path)
{
    if (seen->bad)
        return status_fail(ERR_INPUT,
                           "%s: no problems in it: of %zu rows %zu cannot be read, the "
                           "first is %s",
                           path, seen->rows, seen->bad, seen->first_bad);
    if (r->skipped)
        return status_fail(ERR_INPUT,
                           "%s: no problems in it: %zu rows have no answer or tests",
                           path, r->skipped);
    return status_fail(ERR_INPUT, "%s: no problems in it", path);
}

enum status dataset_load_by(struct dataset *out, const char *path, size_t limit,
                            const struct dataset_rules *rules)
{
    struct reading r = {
        .limit = limit,
        .format = {.by_program = rules->by_program, .any_answer = rules->any_answer}};
    struct rows_wanted wanted = {.skip_bad = rules->skip_bad};
    struct rows_seen seen = {0};
    struct buf file = {0};
    enum status st = OK;
    TRY_OUT(fields_open(&r.format.fields, rules->fields));
    TRY_OUT(parse_rows(path, &file, &wanted.first, &wanted.end));
    TRY_OUT(rows_read(buf_cstr(&file), &wanted, take_row, &r, &seen));
    if (r.set.n == 0) {
        st = no_problems(&r, &seen, path);
        goto out;
    }
    tell_left_out(&r, &seen, path);
    *out = r.set;
    r.set = (struct dataset){0};
out:
    dataset_free(&r.set);
    fields_close(&r.format.fields);
    buf_free(&file);
    return st;
}

enum status dataset_load(struct dataset *out, const char *path, size_t limit)
{
    return dataset_load_by(out, path, limit, &(struct dataset_rules){0});
}

static enum status append_row(struct buf *out, const struct problem *p)
{
    json_t *row = NULL;
    TRY(row_of_problem(&row, p));
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
    size_t len = strlen(p->question);
    buf_append(out, p->question, len);
    if (!len || p->question[len - 1] != '\n')
        buf_char(out, '\n');
}

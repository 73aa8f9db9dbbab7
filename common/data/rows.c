#include "rows.h"

#include "bytes.h"
#include "cell.h"

#include "base/buf.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1 << 26 };

// A file that is being read.
struct reading {
    const char *path;
    const char *text, *end;
    const struct rows_wanted *wanted;
    rows_take *take;
    void *context;
    struct rows_seen seen;
    int stop;
};

// Where the text says the same with or without what is here.
static size_t blank(const char *p, const char *end)
{
    const char *from = p;
    for (;;) {
        if (p < end && *p && strchr(" \t\r\n", *p))
            p++;
        else if (end - p >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
            p += 3;
        else
            return (size_t)(p - from);
    }
}

static int is_wanted(const struct reading *r)
{
    return r->seen.rows >= r->wanted->first && r->seen.rows < r->wanted->end;
}

// A row that cannot be read: the end, or one more that is passed over.
static enum status bad_row(struct reading *r, enum status st)
{
    if (st != ERR_INPUT || !r->wanted->skip_bad)
        return st;
    if (!r->seen.bad++)
        (void)snprintf(r->seen.first_bad, sizeof r->seen.first_bad, "%s",
                       status_message());
    return OK;
}

static enum status take_value(struct reading *r, const json_t *row)
{
    if (!json_is_object(row))
        return status_fail(ERR_INPUT, "not a JSON object");
    return r->take(r->context, row, &r->stop);
}

// ---- JSON lines

// The line at p, and where the next one begins: behind LF, CR or both.
static size_t line_length(const char *p, const char *end, const char **next)
{
    size_t n = 0;
    while (p + n < end && p[n] != '\n' && p[n] != '\r')
        n++;
    *next = p + n;
    if (*next < end)
        *next += 1 + (**next == '\r' && *next + 1 < end && (*next)[1] == '\n');
    return n;
}

static enum status take_line(struct reading *r, const char *line, size_t len, int last)
{
    json_t *row = NULL;
    size_t at = 0, lead = blank(line, line + len);
    if (len > LINE_MAX_BYTES)
        return status_fail(ERR_INPUT, "longer than %d bytes", LINE_MAX_BYTES);
    enum status st = cell_read(&row, line + lead, len - lead, &at);
    if (st != OK) {
        int cut = last && (strstr(status_message(), "end of") != NULL);
        return status_wrap(st, "column %zu%s", lead + at,
                           cut ? ", where the file ends" : "");
    }
    st = take_value(r, row);
    json_decref(row);
    return st;
}

static enum status take_lines(struct reading *r)
{
    const char *next = r->text;
    for (size_t line = 1; next < r->end && !r->stop; line++) {
        const char *p = next;
        size_t len = line_length(p, r->end, &next);
        if (blank(p, p + len) == len)
            continue;
        if (r->seen.rows >= r->wanted->end)
            return OK;
        if (is_wanted(r)) {
            enum status st = take_line(r, p, len, next == r->end);
            TRY(bad_row(r, status_wrap(st, "%s:%zu", r->path, line)));
        }
        r->seen.rows++;
    }
    return OK;
}

// ---- one array

static size_t line_of(const struct reading *r, const char *p)
{
    size_t line = 1;
    for (const char *next = r->text, *at = next; at < p; at = next) {
        size_t len = line_length(at, r->end, &next);
        line += at + len < p && next <= p;
    }
    return line;
}

static enum status place(const struct reading *r, enum status st, const char *p)
{
    return status_wrap(st, "%s:%zu", r->path, line_of(r, p));
}

// `where`: of what the rows are items, for the messages.
static enum status take_items(struct reading *r, const json_t *list, const char *where)
{
    size_t n = json_array_size(list);
    for (size_t i = 0; i < n && !r->stop && r->seen.rows < r->wanted->end; i++) {
        if (is_wanted(r)) {
            enum status st = take_value(r, json_array_get(list, i));
            TRY(bad_row(r, status_wrap(st, "%s: %srow %zu", r->path, where, i + 1)));
        }
        r->seen.rows++;
    }
    return OK;
}

static enum status take_array(struct reading *r, const char *begin)
{
    json_t *rows = NULL;
    size_t at = 0;
    enum status st = cell_read(&rows, begin, (size_t)(r->end - begin), &at);
    if (st != OK)
        return place(r, st, begin + at);
    st = take_items(r, rows, "");
    json_decref(rows);
    return st;
}

// ---- objects over several lines

// The one list of objects in an object, NULL: there is none; *n: how many such lists.
static const json_t *list_within(const json_t *object, const char **name, int *n)
{
    const json_t *found = NULL;
    const char *key;
    json_t *value;
    *n = 0;
    json_object_foreach((json_t *)object, key, value)
    {
        if (!json_is_object(json_array_get(value, 0)))
            continue;
        found = value;
        *name = key;
        ++*n;
    }
    return *n == 1 ? found : NULL;
}

// The file's only value: a row, or what holds the rows.
static enum status take_only(struct reading *r, const json_t *object, const char *begin)
{
    const char *name = NULL;
    char where[80];
    int lists = 0;
    const json_t *list = list_within(object, &name, &lists);
    enum status st = is_wanted(r) || lists ? take_value(r, object) : OK;
    if (st == OK || st != ERR_INPUT || lists == 0) {
        st = bad_row(r, place(r, st, begin));
        r->seen.rows++;
        return st;
    }
    if (!list)
        return status_fail(ERR_INPUT,
                           "%s: one object with %d lists of rows in it, of which "
                           "\"%.40s\": write one of them as JSON lines",
                           r->path, lists, name);
    (void)snprintf(where, sizeof where, "\"%.60s\" ", name);
    return take_items(r, list, where);
}

// Objects one after the other; `row` is the first, which ends at `next`.
static enum status take_stream(struct reading *r, json_t *row, const char *begin,
                               const char *next)
{
    enum status st = OK;
    if (next + blank(next, r->end) == r->end) {
        st = take_only(r, row, begin);
        json_decref(row);
        return st;
    }
    while (st == OK && row && !r->stop && r->seen.rows < r->wanted->end) {
        if (is_wanted(r))
            st = bad_row(r, place(r, take_value(r, row), begin));
        r->seen.rows++;
        json_decref(row);
        row = NULL;
        begin = next + blank(next, r->end);
        size_t at = 0, len = cell_length(begin, (size_t)(r->end - begin));
        if (st != OK || begin == r->end)
            break;
        st = cell_read(&row, begin, len ? len : (size_t)(r->end - begin), &at);
        if (st != OK)
            return place(r, st, begin + at);
        next = begin + len;
    }
    json_decref(row);
    return st;
}

// Whether the first line is a row for itself; if not, and a value over several lines
// begins there, that is *row, and it ends at *next.
static enum status first_value(struct reading *r, const char *begin, json_t **row,
                               const char **next)
{
    size_t at = 0, len = line_length(begin, r->end, next);
    int alone = *next + blank(*next, r->end) == r->end; // the only line
    enum status st = cell_read(row, begin, len, &at);
    if (st == OK && !(alone && json_is_object(*row))) {
        json_decref(*row);
        *row = NULL;
    }
    if (st == ERR_INPUT && !alone) {
        len = cell_length(begin, (size_t)(r->end - begin));
        *next = begin + len;
        if (len)
            st = cell_read(row, begin, len, &at);
    }
    return st == ERR_INPUT ? OK : st;
}

static enum status take_all(struct reading *r)
{
    const char *begin = r->text + blank(r->text, r->end), *next = begin;
    json_t *row = NULL;
    if (begin < r->end && *begin == '[')
        return take_array(r, begin);
    if (begin < r->end && *begin == '{')
        TRY(first_value(r, begin, &row, &next));
    return row ? take_stream(r, row, begin, next) : take_lines(r);
}

// Rows that the file does not have.
static enum status check_range(const struct reading *r)
{
    size_t n = r->seen.rows, first = r->wanted->first, end = r->wanted->end;
    if (r->stop || n == 0)
        return OK;
    if (first >= n)
        return status_fail(ERR_INPUT, "%s: no row %zu: it has %zu, counted from 0",
                           r->path, first, n);
    if (end != (size_t)-1 && end > n)
        log_warn("%s: rows up to %zu are asked for, it has %zu", r->path, end, n);
    return OK;
}

enum status rows_read(const char *path, const struct rows_wanted *wanted,
                      rows_take *take, void *context, struct rows_seen *seen)
{
    struct buf text = {0};
    enum status st;
    TRY_OUT(bytes_read(&text, path));
    struct reading r = {.path = path,
                        .text = buf_cstr(&text),
                        .wanted = wanted,
                        .take = take,
                        .context = context};
    r.end = r.text + text.len;
    TRY_OUT(take_all(&r));
    TRY_OUT(check_range(&r));
    *seen = r.seen;
out:
    buf_free(&text);
    return st;
}

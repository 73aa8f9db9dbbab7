#include "rows.h"

#include "base/buf.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

enum { LINE_MAX_BYTES = 1 << 26, CHUNK_BYTES = 1 << 16 };
#define FILE_MAX_BYTES ((size_t)1 << 32)

// The bytes of a file, decompressed where it is gzip.
static enum status read_bytes(struct buf *out, const char *path)
{
    char chunk[CHUNK_BYTES];
    enum status st = OK;
    int got = 0, code = 0;
    gzFile file = gzopen(path, "rb");
    if (!file)
        return status_fail(ERR_INPUT, "%s: %s", path, strerror(errno));
    while (st == OK && (got = gzread(file, chunk, sizeof chunk)) > 0) {
        if (out->len > FILE_MAX_BYTES)
            st = status_fail(ERR_INPUT, "%s: larger than %zu bytes", path,
                             FILE_MAX_BYTES);
        buf_append(out, chunk, (size_t)got);
    }
    if (st == OK && got < 0) {
        const char *why = gzerror(file, &code);
        st = status_fail(ERR_INPUT, "%s: %s", path,
                         code == Z_ERRNO ? strerror(errno) : why);
    }
    if (gzclose_r(file) == Z_BUF_ERROR && st == OK)
        st = status_fail(ERR_INPUT, "%s: ends within a gzip stream", path);
    return st == OK ? out->status : st;
}

static int is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!strchr(" \t\r\n", text[i]) || !text[i])
            return 0;
    return 1;
}

static enum status read_json(json_t **out, const char *text, size_t len)
{
    json_error_t error;
    size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY;
    *out = json_loadb(text, len, flags, &error);
    if (*out)
        return OK;
    return status_fail(ERR_INPUT, "not JSON: column %d: %s", error.column, error.text);
}

static enum status take_row(const json_t *row, rows_take *take, void *context,
                            int *stop)
{
    if (!json_is_object(row))
        return status_fail(ERR_INPUT, "not a JSON object");
    return take(context, row, stop);
}

static enum status take_line(const char *line, size_t len, rows_take *take,
                             void *context, int *stop)
{
    json_t *row = NULL;
    if (len > LINE_MAX_BYTES)
        return status_fail(ERR_INPUT, "longer than %d bytes", LINE_MAX_BYTES);
    if (is_blank(line, len))
        return status_fail(ERR_INPUT, "empty line");
    TRY(read_json(&row, line, len));
    enum status st = take_row(row, take, context, stop);
    json_decref(row);
    return st;
}

static enum status take_lines(const struct buf *text, const char *path, size_t first,
                              size_t end, rows_take *take, void *context)
{
    const char *p = buf_cstr(text), *stop_at = p + text->len;
    int stop = 0;
    for (size_t row = 0; p < stop_at && row < end && !stop; row++) {
        const char *newline = memchr(p, '\n', (size_t)(stop_at - p));
        size_t len = (size_t)((newline ? newline : stop_at) - p);
        if (row >= first)
            TRY(status_wrap(take_line(p, len, take, context, &stop), "%s:%zu", path,
                            row + 1));
        p = newline ? newline + 1 : stop_at;
    }
    return OK;
}

static enum status take_array(const struct buf *text, const char *path, size_t first,
                              size_t end, rows_take *take, void *context)
{
    json_t *rows = NULL;
    int stop = 0;
    TRY(status_wrap(read_json(&rows, buf_cstr(text), text->len), "%s", path));
    size_t n = json_array_size(rows);
    enum status st = OK;
    for (size_t i = first; i < n && i < end && st == OK && !stop; i++)
        st = status_wrap(take_row(json_array_get(rows, i), take, context, &stop),
                         "%s: row %zu", path, i + 1);
    json_decref(rows);
    return st;
}

enum status rows_read(const char *path, size_t first, size_t end, rows_take *take,
                      void *context)
{
    struct buf text = {0};
    enum status st = read_bytes(&text, path);
    if (st == OK && buf_cstr(&text)[0] == '[')
        st = take_array(&text, path, first, end, take, context);
    else if (st == OK)
        st = take_lines(&text, path, first, end, take, context);
    buf_free(&text);
    return st;
}

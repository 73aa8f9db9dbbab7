#include "buf.h"

#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buf_free(struct buf *b)
{
    mem_free(b->data);
    *b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->status = OK;
    if (b->data)
        b->data[0] = 0;
}

// Makes room for `extra` bytes and the closing NUL.
static int reserve(struct buf *b, size_t extra)
{
    if (b->status != OK)
        return 0;
    if (extra > (size_t)-1 / 4 - b->len)
        b->status = status_fail(ERR_NOMEM, "buffer of more than %zu bytes", b->len);
    else
        b->status = mem_grow(&b->data, &b->capacity, b->len, b->len + extra + 1, 1);
    return b->status == OK;
}

void buf_append(struct buf *b, const void *data, size_t len)
{
    if (!reserve(b, len))
        return;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = 0;
}

void buf_str(struct buf *b, const char *text)
{
    buf_append(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
    buf_append(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0 && b->status == OK)
        b->status = status_fail(ERR_INTERNAL, "cannot print \"%s\"", format);
    if (n >= 0 && reserve(b, (size_t)n)) {
        (void)vsnprintf((char *)b->data + b->len, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

const char *buf_cstr(const struct buf *b)
{
    return b->data ? (const char *)b->data : "";
}

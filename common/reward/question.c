#include "question.h"

#include "reward.h"

#include "base/buf.h"
#include "base/mem.h"

#include <string.h>

// Bytes of the UTF-8 character that begins at p, of at most `left`; 0: it is none.
static size_t character(const unsigned char *p, size_t left)
{
    static const struct {
        unsigned char first, last, low, high; // of the first byte; of the second
        size_t len;
    } rows[] = {{0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
                {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
                {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
                {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
    if (*p < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (*p < rows[i].first || *p > rows[i].last || rows[i].len > left)
            continue;
        int good = p[1] >= rows[i].low && p[1] <= rows[i].high;
        for (size_t k = 2; k < rows[i].len; k++)
            good = good && (p[k] & 0xC0) == 0x80;
        return good ? rows[i].len : 0;
    }
    return 0;
}

// The text as a JSON string.
static void put_string(struct buf *out, const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    buf_char(out, '"');
    for (size_t i = 0; i < len;) {
        size_t n = character(p + i, len - i);
        if (n == 0)
            buf_str(out, "\\ufffd");
        else if (p[i] == '"' || p[i] == '\\')
            buf_printf(out, "\\%c", p[i]);
        else if (p[i] < 0x20 || p[i] == 0x7f)
            buf_printf(out, "\\u%04x", (unsigned)p[i]);
        else
            buf_append(out, p + i, n);
        i += n ? n : 1;
    }
    buf_char(out, '"');
}

enum status question_new(struct question **out, uint64_t ticket, uint64_t id,
                         const char *problem, const char *reply, size_t len, int whole)
{
    struct buf line = {0};
    struct question *q = NULL;
    enum status st = OK;
    buf_printf(&line, "{\"id\": %llu, \"problem\": ", (unsigned long long)id);
    buf_str(&line, *problem ? problem : "null");
    buf_str(&line, ", \"reply\": ");
    put_string(&line, reply, len);
    buf_printf(&line, ", \"whole\": %s}\n", whole ? "true" : "false");
    TRY_OUT(line.status);
    if (line.len > REWARD_MAX_BYTES) {
        st = status_fail(ERR_LIMIT, "a question of %zu bytes", line.len);
        goto out;
    }
    TRY_OUT(mem_new(&q, 1, sizeof *q + line.len));
    *q = (struct question){.ticket = ticket, .id = id, .whole = whole, .len = line.len};
    memcpy(q->line, line.data, line.len);
    *out = q;
out:
    buf_free(&line);
    return st;
}

void questions_push(struct questions *list, struct question *q)
{
    q->next = NULL;
    if (list->last)
        list->last->next = q;
    else
        list->first = q;
    list->last = q;
    list->n++;
}

struct question *questions_pop(struct questions *list)
{
    return list->first ? questions_take(list, list->first->id) : NULL;
}

struct question *questions_take(struct questions *list, uint64_t id)
{
    struct question *before = NULL, *q = list->first;
    for (; q && q->id != id; q = q->next)
        before = q;
    if (!q)
        return NULL;
    if (before)
        before->next = q->next;
    else
        list->first = q->next;
    if (list->last == q)
        list->last = before;
    list->n--;
    q->next = NULL;
    return q;
}

void questions_prepend(struct questions *to, struct questions *from)
{
    if (!from->first)
        return;
    from->last->next = to->first;
    if (!to->last)
        to->last = from->last;
    to->first = from->first;
    to->n += from->n;
    *from = (struct questions){0};
}

void questions_free(struct questions *list)
{
    for (struct question *q = list->first, *next; q; q = next) {
        next = q->next;
        mem_free(q);
    }
    *list = (struct questions){0};
}

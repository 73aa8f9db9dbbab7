#include "added.h"

#include "base/mem.h"

#include <string.h>

void added_free(struct added *a)
{
    mem_free(a->ids);
    *a = (struct added){0};
}

enum status added_note(struct added *a, const struct vocab *v, int32_t id)
{
    size_t len;
    const char *bytes = vocab_bytes(v, id, &len);
    TRY(mem_grow(&a->ids, &a->capacity, a->n, a->n + 1, sizeof *a->ids));
    a->ids[a->n++] = id;
    a->begins[(unsigned char)*bytes] = 1;
    return OK;
}

// The longest one that stands at the front of text; -1: none.
static int32_t longest_at(const struct added *a, const struct vocab *v,
                          const char *text, size_t len, size_t *length)
{
    int32_t best = -1;
    *length = 0;
    for (size_t i = 0; i < a->n; i++) {
        size_t n;
        const char *bytes = vocab_bytes(v, a->ids[i], &n);
        if (n > *length && n <= len && memcmp(bytes, text, n) == 0) {
            best = a->ids[i];
            *length = n;
        }
    }
    return best;
}

static int is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int32_t added_find(const struct added *a, const struct vocab *v, const char *text,
                   size_t len, size_t *from, size_t *to)
{
    for (size_t i = 0; i < len; i++) {
        size_t n = 0;
        if (!a->begins[(unsigned char)text[i]])
            continue;
        int32_t id = longest_at(a, v, text + i, len - i, &n);
        if (id < 0)
            continue;
        *from = i;
        *to = i + n;
        while ((v->pieces[id].eats & EATS_LEFT) && *from > 0 &&
               is_blank(text[*from - 1]))
            --*from;
        while ((v->pieces[id].eats & EATS_RIGHT) && *to < len && is_blank(text[*to]))
            ++*to;
        return id;
    }
    return -1;
}

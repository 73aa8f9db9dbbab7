#include "launch/words.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void words_free(struct words *w)
{
    for (size_t i = 0; i < w->n; i++)
        mem_free(w->items[i]);
    mem_free(w->items);
    *w = (struct words){0};
}

// Takes a copy of `len` bytes; the list stays ended by a NULL.
static enum status take(struct words *w, const char *word, size_t len)
{
    char *copy = NULL;
    TRY(mem_grow(&w->items, &w->capacity, w->n, w->n + 2, sizeof *w->items));
    TRY(mem_new(&copy, len + 1, 1));
    memcpy(copy, word, len);
    w->items[w->n++] = copy;
    w->items[w->n] = NULL;
    return OK;
}

void words_add(struct words *w, const char *format, ...)
{
    char word[8192];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(word, sizeof word, format, args);
    va_end(args);
    if (w->status == OK)
        w->status = n < 0 || (size_t)n >= sizeof word
                        ? status_fail(ERR_LIMIT, "an argument of %d bytes", n)
                        : take(w, word, (size_t)n);
}

void words_split(struct words *w, const char *text)
{
    static const char white[] = " \t\r\n";
    for (text += strspn(text, white); *text && w->status == OK;
         text += strspn(text, white)) {
        size_t len = strcspn(text, white);
        w->status = take(w, text, len);
        text += len;
    }
}

#include "launch/longest.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { LOOKED_AT = 64 };

struct text_length {
    size_t row, bytes;
};

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static int longer_first(const void *a, const void *b)
{
    const struct text_length *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

// Rows by the length of what is encoded of them, the longest first.
static enum status by_length(const struct dataset *set, int imitated,
                             struct text_length **out)
{
    struct text_length *rows = NULL;
    TRY(mem_new(&rows, set->n, sizeof *rows));
    for (size_t i = 0; i < set->n; i++) {
        const struct problem *p = &set->problems[i];
        size_t solution = imitated ? strlen(p->solution) : 0;
        rows[i] = (struct text_length){i, strlen(p->question) + solution};
    }
    qsort(rows, set->n, sizeof *rows, longer_first);
    *out = rows;
    return OK;
}

static enum status look_at(const struct job *job, const struct problem *p, int imitated,
                           struct longest *out)
{
    size_t positions = (size_t)job->model.config.max_positions;
    size_t more = (size_t)job->settings.rollout.max_new_tokens;
    struct tokens ask = {0}, tell = {0};
    enum status st = prompts_ask(&job->prompts, p, &ask);
    if (st == OK && imitated)
        st = prompts_tell(&job->prompts, p, &tell);
    if (imitated)
        more = tell.len + 1;
    size_t prompt = larger(ask.len, (size_t)out->prompt);
    size_t path = larger(ask.len + more, (size_t)out->path);
    *out = (struct longest){(int32_t)at_most(prompt, positions),
                            (int32_t)at_most(path, positions)};
    tokens_free(&ask);
    tokens_free(&tell);
    return st;
}

enum status longest_find(const struct job *job, const struct dataset *set, int what,
                         struct longest *out)
{
    int imitated = (what & LONGEST_IMITATED) != 0;
    size_t n = what & LONGEST_EXACT ? set->n : at_most(set->n, LOOKED_AT);
    struct text_length *rows = NULL;
    struct longest longest = {0};
    enum status st;
    TRY(by_length(set, imitated, &rows));
    for (size_t i = 0; i < n; i++)
        TRY_OUT(
            status_wrap(look_at(job, &set->problems[rows[i].row], imitated, &longest),
                        "problem %zu", rows[i].row));
    *out = longest;
out:
    mem_free(rows);
    return st;
}

// Rows of the embedding table, and their gradient.
#include "cut.h"

#include "base/par.h"
#include "tensor/ops.h"
#include "tensor/simd.h"

#include <string.h>

struct gather {
    float *Y;
    const float *table;
    const int32_t *tokens;
    int M, D;
};

static void gather_task(void *context, int index, int thread)
{
    const struct gather *g = context;
    (void)thread;
    size_t width = (size_t)g->D;
    int rows = rows_a_task(g->D), end = min_int((index + 1) * rows, g->M);
    for (int i = index * rows; i < end; i++)
        memcpy(g->Y + (size_t)i * width, g->table + (size_t)g->tokens[i] * width,
               width * sizeof *g->Y);
}

void embedding_forward(float *Y, const float *table, const int32_t *tokens, int M,
                       int D)
{
    struct gather g = {Y, table, tokens, M, D};
    par_for(ceil_div(M, rows_a_task(D)), gather_task, &g);
}

enum { COLUMNS = 4 * VF_LANES }; // a task's share of the columns: no two tasks meet

struct scatter {
    float *d_table;
    const float *dY;
    const int32_t *tokens;
    int M, D;
};

static void scatter_task(void *context, int index, int thread)
{
    const struct scatter *s = context;
    (void)thread;
    int end = min_int((index + 1) * COLUMNS, s->D);
    for (int i = 0; i < s->M; i++) {
        float *to = s->d_table + (size_t)s->tokens[i] * (size_t)s->D;
        const float *from = s->dY + (size_t)i * (size_t)s->D;
        for (int j = index * COLUMNS; j < end; j++)
            to[j] += from[j];
    }
}

void embedding_backward(float *d_table, const float *dY, const int32_t *tokens, int M,
                        int D)
{
    struct scatter s = {d_table, dY, tokens, M, D};
    par_for(ceil_div(D, COLUMNS), scatter_task, &s);
}

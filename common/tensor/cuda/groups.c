#include "groups.h"

#include <stdlib.h>

static int compare(const void *x, const void *y, void *context)
{
    const int32_t *tokens = context;
    int32_t a = *(const int32_t *)x, b = *(const int32_t *)y;
    if (tokens[a] != tokens[b])
        return tokens[a] < tokens[b] ? -1 : 1;
    return (a > b) - (a < b);
}

int token_groups(int32_t *order, int32_t *first, int32_t *token, const int32_t *tokens,
                 int M)
{
    union { // qsort_r's context is not const
        const int32_t *read;
        void *pass;
    } context = {.read = tokens};
    int n = 0;
    for (int32_t i = 0; i < M; i++)
        order[i] = i;
    qsort_r(order, (size_t)M, sizeof *order, compare, context.pass);
    for (int32_t i = 0; i < M; i++)
        if (i == 0 || tokens[order[i]] != token[n - 1]) {
            token[n] = tokens[order[i]];
            first[n++] = i;
        }
    first[n] = M;
    return n;
}

#include "tiles.h"

#include "tensor/ops.h"

// A span's subtree ends where the first later span starts that is not below it.  Parents
// come first, so walking backwards a span's end is known before its parent asks.
void tiles_ends(int32_t *ends, const struct attention_span *spans, int n_spans, int M)
{
    // The end of a span is kept at its first token until it is spread.
    for (int s = 0; s < n_spans; s++)
        if (spans[s].count > 0)
            ends[spans[s].begin] = spans[s].begin + spans[s].count;
    for (int s = n_spans - 1; s >= 0; s--) {
        const struct attention_span *own = &spans[s];
        int parent = own->parent;
        int32_t end = own->count > 0 ? ends[own->begin] : own->begin;
        if (parent >= 0 && spans[parent].count > 0 && ends[spans[parent].begin] < end)
            ends[spans[parent].begin] = end;
    }
    for (int s = 0; s < n_spans; s++)
        for (int i = 1; i < spans[s].count; i++)
            ends[spans[s].begin + i] = ends[spans[s].begin];
    (void)M;
}

size_t tiles_most(int M, int n_keys)
{
    return (size_t)tiles_count(M) * (size_t)tiles_count(n_keys);
}

struct sides {
    const int32_t *ends;
    int M, shift, n_keys;
};

enum meeting { EMPTY, PARTIAL, FULL };

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static enum meeting meet(const struct sides *s, int row_tile, int key_tile)
{
    int first_row = s->shift + row_tile * TILE;
    int last_row = s->shift + smaller((row_tile + 1) * TILE, s->M) - 1;
    int first_key = key_tile * TILE;
    int last_key = smaller((key_tile + 1) * TILE, s->n_keys) - 1;
    if (first_key > last_row)
        return EMPTY;
    int whole = last_key <= first_row && last_key - first_key == TILE - 1, seen = !s->ends;
    for (int j = first_key; s->ends && j <= last_key; j++) {
        seen |= s->ends[j] > first_row;
        whole &= s->ends[j] > last_row;
    }
    return !seen ? EMPTY : whole ? FULL : PARTIAL;
}

size_t tiles_list(int32_t *first, int32_t *items, const int32_t *ends, int M, int shift,
                  int n_keys, int transposed)
{
    const struct sides s = {ends, M, shift, n_keys};
    int own = tiles_count(transposed ? n_keys : M);
    int other = tiles_count(transposed ? M : n_keys);
    size_t n = 0;
    for (int t = 0; t < own; t++) {
        first[t] = (int32_t)n;
        for (int u = 0; u < other; u++) {
            enum meeting m = transposed ? meet(&s, u, t) : meet(&s, t, u);
            if (m != EMPTY)
                items[n++] = 2 * u + (m == PARTIAL);
        }
    }
    first[own] = (int32_t)n;
    return n;
}

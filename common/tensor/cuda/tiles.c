#include "tiles.h"

#include "tensor/ops.h"

#include <limits.h>

// A span's subtree ends where the first later span starts that is not below it. Parents
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

// A tile of keys: its first and last, and between which their ends lie.
struct key_tile {
    int first, last, least, most;
};

static struct key_tile key_tile_at(const struct sides *s, int tile)
{
    struct key_tile k = {tile * TILE, smaller((tile + 1) * TILE, s->n_keys) - 1,
                         INT_MAX, INT_MIN};
    if (!s->ends)
        k.most = k.least = INT_MAX;
    for (int j = k.first; s->ends && j <= k.last; j++) {
        k.least = smaller(k.least, s->ends[j]);
        k.most = k.most > s->ends[j] ? k.most : s->ends[j];
    }
    return k;
}

static enum meeting meet(const struct sides *s, int row_tile, const struct key_tile *k)
{
    int first_row = s->shift + row_tile * TILE;
    int last_row = s->shift + smaller((row_tile + 1) * TILE, s->M) - 1;
    if (k->first > last_row || k->most <= first_row)
        return EMPTY;
    return k->last <= first_row && k->last - k->first == TILE - 1 && k->least > last_row
               ? FULL
               : PARTIAL;
}

// Writes the items of all keys' tiles, each list where `at` says, or only counts them.
static void each_meeting(const struct sides *s, int32_t *at, int32_t *items,
                         int transposed)
{
    int row_tiles = tiles_count(s->M), key_tiles = tiles_count(s->n_keys);
    for (int u = 0; u < key_tiles; u++) {
        const struct key_tile k = key_tile_at(s, u);
        for (int t = 0; t < row_tiles; t++) {
            enum meeting m = meet(s, t, &k);
            int32_t *place = &at[transposed ? u : t];
            if (m == EMPTY)
                continue;
            if (items)
                items[*place] = 2 * (transposed ? t : u) + (m == PARTIAL);
            ++*place;
        }
    }
}

size_t tiles_list(int32_t *first, int32_t *items, const int32_t *ends, int M, int shift,
                  int n_keys, int transposed)
{
    const struct sides s = {ends, M, shift, n_keys};
    int own = tiles_count(transposed ? n_keys : M);
    for (int t = 0; t <= own; t++)
        first[t] = 0;
    each_meeting(&s, first + 1, NULL, transposed);
    for (int t = 0; t < own; t++)
        first[t + 1] += first[t];
    // Filled from its first item on, each list ends where the next begins.
    each_meeting(&s, first, items, transposed);
    for (int t = own; t > 0; t--)
        first[t] = first[t - 1];
    first[0] = 0;
    return (size_t)first[own];
}

// ---- shares

int tiles_parts_most(int M, int wanted)
{
    int64_t n = tiles_count(M), least = n + n * n / SHARE_LEAST;
    int64_t split = n + wanted < 2 * (int64_t)wanted ? n + wanted : 2 * (int64_t)wanted;
    return (int)(least < split ? least : split);
}

int tiles_shares_most(int M, int wanted)
{
    return tiles_count(M) + tiles_parts_most(M, wanted);
}

int tiles_share(struct tile_share *out, int32_t *part_first, const int32_t *first,
                int n, int wanted)
{
    int each = (first[n] + wanted - 1) / wanted, shares = 0, parts = 0;
    each = each < SHARE_LEAST ? SHARE_LEAST : each;
    for (int t = 0; t < n; t++) {
        int items = first[t + 1] - first[t], pieces = (items + each - 1) / each;
        part_first[t] = parts;
        for (int i = 0; i < pieces; i++)
            out[shares++] = (struct tile_share){
                .tile = t,
                .begin = first[t] + (int32_t)((int64_t)items * i / pieces),
                .end = first[t] + (int32_t)((int64_t)items * (i + 1) / pieces),
                .part = pieces > 1 ? parts++ : -1,
            };
    }
    part_first[n] = parts;
    return shares;
}

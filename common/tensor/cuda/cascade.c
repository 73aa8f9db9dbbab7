#include "cascade.h"

enum { KEYS_MOST = 4096, KEYS_LEAST = 64, PAGE = 16 };

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

// The rows under every segment: those whose path leads through it.
static void find_rows(struct cascade_plan *p, const struct cascade_segment *segments,
                      int n_segments, const int32_t *leaf, int M)
{
    for (int s = 0; s < n_segments; s++) {
        p->low[s] = M;
        p->high[s] = 0;
    }
    for (int32_t row = 0; row < M; row++)
        for (int32_t s = leaf[row]; s >= 0 && p->high[s] != row + 1;
             s = segments[s].parent) {
            if (p->low[s] > row)
                p->low[s] = row;
            p->high[s] = row + 1;
        }
}

struct amount {
    int64_t items, parts;
};

static struct amount amount_of(const struct cascade_plan *p,
                               const struct cascade_limits *l,
                               const struct cascade_segment *segments, int n_segments,
                               int keys)
{
    struct amount a = {0, 0};
    for (int s = 0; s < n_segments; s++) {
        int rows = p->high[s] - p->low[s];
        if (rows <= 0)
            continue;
        int64_t cuts = ceil_div(segments[s].count, keys);
        a.items += cuts * ceil_div(rows, l->rows_per_item);
        a.parts += cuts * rows;
    }
    return a;
}

static int fits(const struct amount *a, const struct cascade_limits *l)
{
    return a->items <= l->items && a->parts <= l->parts;
}

// Keys of an item where all items together are shared out evenly.
static int64_t even_share(const struct cascade_plan *p, const struct cascade_limits *l,
                          const struct cascade_segment *segments, int n_segments)
{
    int64_t keys = 0;
    for (int s = 0; s < n_segments; s++)
        if (p->high[s] > p->low[s])
            keys += (int64_t)segments[s].count *
                    ceil_div(p->high[s] - p->low[s], l->rows_per_item);
    return keys / l->units_wanted;
}

// The coarsest cut that keeps the GPU busy to the end, with no item half as long again
// as an even share; where none does, the finest that fits.
static enum status choose_cut(struct cascade_plan *p, const struct cascade_limits *l,
                              const struct cascade_segment *segments, int n_segments)
{
    struct amount a = {0, 0};
    int64_t even = even_share(p, l, segments, n_segments);
    int chosen = 0;
    for (int keys = KEYS_MOST; keys >= KEYS_LEAST; keys /= 2) {
        a = amount_of(p, l, segments, n_segments, keys);
        if (!fits(&a, l))
            break;
        chosen = keys;
        if (a.items >= l->units_wanted && 2 * keys <= 3 * even)
            break;
    }
    if (!chosen)
        return status_fail(
            ERR_LIMIT,
            "decode: attention over %d segments takes %lld parts and %lld "
            "items, there is room for %d and %d: fewer rows at once "
            "(rollout.max_rows) would fit",
            n_segments, (long long)a.parts, (long long)a.items, l->parts, l->items);
    p->keys_per_item = chosen;
    return OK;
}

static void add_items(struct cascade_plan *p, const struct cascade_limits *l,
                      const struct cascade_segment *s, int low, int high)
{
    for (int key = 0; key < s->count; key += p->keys_per_item) {
        int keys =
            s->count - key < p->keys_per_item ? s->count - key : p->keys_per_item;
        for (int row = low; row < high; row += l->rows_per_item) {
            int rows = high - row < l->rows_per_item ? high - row : l->rows_per_item;
            p->items[p->n_items++] = (struct cascade_item){s->page + key / PAGE, keys,
                                                           row, rows, p->n_parts};
            p->n_parts += rows;
        }
    }
}

// Part numbers by row, from the items' runs of rows: counted, then placed in order.
static void list_parts(struct cascade_plan *p, int M)
{
    for (int row = 0; row <= M; row++)
        p->part_first[row] = 0;
    for (int i = 0; i < p->n_items; i++)
        for (int r = 0; r < p->items[i].rows; r++)
            p->part_first[p->items[i].row + r + 1]++;
    for (int row = 0; row < M; row++)
        p->part_first[row + 1] += p->part_first[row];
    for (int i = 0; i < p->n_items; i++)
        for (int r = 0; r < p->items[i].rows; r++)
            p->parts[p->part_first[p->items[i].row + r]++] = p->items[i].part + r;
    for (int row = M; row > 0; row--)
        p->part_first[row] = p->part_first[row - 1];
    p->part_first[0] = 0;
}

enum status cascade_build(struct cascade_plan *p, const struct cascade_limits *l,
                          const struct cascade_segment *segments, int n_segments,
                          const int32_t *leaf, int M)
{
    p->n_items = p->n_parts = 0;
    find_rows(p, segments, n_segments, leaf, M);
    TRY(choose_cut(p, l, segments, n_segments));
    for (int s = 0; s < n_segments; s++)
        add_items(p, l, &segments[s], p->low[s], p->high[s]);
    list_parts(p, M);
    return OK;
}

// The host's part of the kernels' work against the definition: tiles, cascade plans,
// groups of tokens, pieces of memory.  Random trees, and the edges.
#include "device_test.h"

#include "model/cuda/arena.h"
#include "tensor/cuda/cascade.h"
#include "tensor/cuda/groups.h"
#include "tensor/cuda/tiles.h"

#include <stdlib.h>

#include "../unit/tensor/attention_case.h"

enum { PAGE_TOKENS = 16 };

static int below(uint64_t *at, int n)
{
    return (int)rng_below(test_key(1234), (*at)++, (uint64_t)n);
}

// ---- tiles

struct counted {
    int pairs, possible; // visible pairs; pairs of real rows and a whole tile of keys
};

static struct counted count_pairs(const int32_t *ends, int M, int shift, int n_keys,
                                  int row_tile, int key_tile)
{
    struct counted c = {0, 0};
    for (int i = row_tile * TILE; i < (row_tile + 1) * TILE && i < M; i++)
        for (int j = key_tile * TILE; j < (key_tile + 1) * TILE; j++) {
            int real = j < n_keys;
            c.possible++;
            c.pairs += real && j <= shift + i && (!ends || ends[j] > shift + i);
        }
    return c;
}

// Every tile that holds a visible pair is listed once, in order; those without a mask
// hold nothing else.
static void check_tiles(const int32_t *ends, int M, int shift, int n_keys,
                        int transposed)
{
    int own = tiles_count(transposed ? n_keys : M),
        other = tiles_count(transposed ? M : n_keys);
    int32_t *first = test_new((size_t)own + 1, sizeof *first);
    int32_t *items = test_new(tiles_most(M, n_keys), sizeof *items);
    size_t used = tiles_list(first, items, ends, M, shift, n_keys, transposed), at = 0;
    assert_int_equal(first[0], 0);
    for (int t = 0; t < own; t++) {
        assert_int_equal((size_t)first[t], at);
        for (int u = 0; u < other; u++) {
            struct counted c = transposed ? count_pairs(ends, M, shift, n_keys, u, t)
                                          : count_pairs(ends, M, shift, n_keys, t, u);
            if (c.pairs == 0)
                continue;
            assert_true(at < used);
            assert_int_equal(items[at] / 2, u);
            if (items[at] % 2 == 0)
                assert_int_equal(c.pairs, c.possible);
            else // a mask is not asked for where all is seen
                assert_true(c.pairs < c.possible);
            at++;
        }
    }
    assert_int_equal(at, used);
    assert_int_equal((size_t)first[own], used);
    mem_free(first);
    mem_free(items);
}

static void tiles_of_trees(void **state)
{
    (void)state;
    const struct tree_size sizes[] = {{1, 0, 1, 1, 0},  {1, 4, 2, 90, 0},
                                      {9, 2, 3, 30, 0}, {40, 0, 1, 60, 0},
                                      {2, 3, 4, 40, 0}, {9, 1, 3, 30, 90}};
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct attention_case *c =
            case_new((struct heads){1, 1, 8}, sizes[seed % 6], 900 + seed);
        int32_t *ends = test_new((size_t)c->n_tokens, sizeof *ends);
        tiles_ends(ends, c->spans, c->n_spans, c->n_tokens);
        check_tiles(ends, c->n_tokens, 0, c->n_tokens, 0);
        check_tiles(ends, c->n_tokens, 0, c->n_tokens, 1);
        mem_free(ends);
        case_free(c);
    }
}

// Rows of a prompt are the last of its keys.
static void tiles_of_prompts(void **state)
{
    (void)state;
    const int rows[] = {1, 2, 63, 64, 65, 128, 200},
              before[] = {0, 1, 63, 64, 65, 127, 1000};
    for (int i = 0; i < 7; i++)
        for (int j = 0; j < 7; j++) {
            check_tiles(NULL, rows[i], before[j], rows[i] + before[j], 0);
            check_tiles(NULL, rows[i], before[j], rows[i] + before[j], 1);
        }
}

// ---- cascade plans

enum { MOST_SEGMENTS = 200, MOST_LEAVES = 150, ROOM = 40000 };

struct forest {
    struct cascade_segment segments[MOST_SEGMENTS];
    int32_t leaf[MOST_LEAVES];
    int n_segments, n_rows, pages;
};

// Depth first; a node's own rows, if any, come before its children's.
static void forest_grow(struct forest *f, int32_t parent, int depth, uint64_t *at)
{
    if (f->n_segments == MOST_SEGMENTS)
        return;
    int32_t own = f->n_segments++, count = below(at, 4) ? 1 + below(at, 300) : 0;
    f->segments[own] = (struct cascade_segment){f->pages, count, parent};
    f->pages += (count + PAGE_TOKENS - 1) / PAGE_TOKENS;
    int children = depth > 0 ? below(at, 5) : 0,
        rows = children ? below(at, 2) : below(at, 4);
    for (int i = 0; i < rows && f->n_rows < MOST_LEAVES; i++)
        f->leaf[f->n_rows++] = own;
    for (int i = 0; i < children; i++)
        forest_grow(f, own, depth - 1, at);
}

static struct cascade_plan plan_new(void)
{
    return (struct cascade_plan){.items = test_new(ROOM, sizeof(struct cascade_item)),
                                 .part_first =
                                     test_new(MOST_LEAVES + 1, sizeof(int32_t)),
                                 .parts = test_new(ROOM, sizeof(int32_t)),
                                 .low = test_new(MOST_SEGMENTS, sizeof(int32_t)),
                                 .high = test_new(MOST_SEGMENTS, sizeof(int32_t))};
}

static void plan_free(struct cascade_plan *p)
{
    mem_free(p->items);
    mem_free(p->part_first);
    mem_free(p->parts);
    mem_free(p->low);
    mem_free(p->high);
}

// How often each (row, slot of the list of pages) is read, and each part written.
static void count_reads(const struct cascade_plan *p, const struct cascade_limits *l,
                        unsigned char *reads, int32_t *row_of_part, size_t slots, int M)
{
    for (int i = 0; i < p->n_parts; i++)
        row_of_part[i] = -1;
    for (int i = 0; i < p->n_items; i++) {
        const struct cascade_item *it = &p->items[i];
        assert_in_range(it->rows, 1, l->rows_per_item);
        assert_in_range(it->keys, 1, p->keys_per_item);
        assert_true(it->row >= 0 && it->row + it->rows <= M);
        assert_true(it->part >= 0 && it->part + it->rows <= p->n_parts);
        for (int r = 0; r < it->rows; r++) {
            assert_int_equal(row_of_part[it->part + r], -1);
            row_of_part[it->part + r] = it->row + r;
            for (int k = 0; k < it->keys; k++)
                reads[(size_t)(it->row + r) * slots +
                      (size_t)(it->page * PAGE_TOKENS + k)]++;
        }
    }
}

static void check_plan(const struct forest *f, const struct cascade_limits *l)
{
    struct cascade_plan p = plan_new();
    size_t slots = (size_t)f->pages * PAGE_TOKENS + 1;
    unsigned char *reads = test_new((size_t)f->n_rows * slots + 1, 1);
    int32_t *row_of_part = test_new(ROOM, sizeof *row_of_part);
    enum status st =
        cascade_build(&p, l, f->segments, f->n_segments, f->leaf, f->n_rows);
    if (st == OK) {
        assert_true(p.n_items <= l->items && p.n_parts <= l->parts);
        count_reads(&p, l, reads, row_of_part, slots, f->n_rows);
        for (int row = 0; row < f->n_rows; row++) {
            for (int32_t s = f->leaf[row]; s >= 0; s = f->segments[s].parent)
                for (int k = 0; k < f->segments[s].count; k++)
                    reads[(size_t)row * slots +
                          (size_t)(f->segments[s].page * PAGE_TOKENS + k)]--;
            for (int i = p.part_first[row]; i < p.part_first[row + 1]; i++) {
                assert_int_equal(row_of_part[p.parts[i]], row);
                row_of_part[p.parts[i]] = -2; // once
            }
        }
        for (size_t i = 0; i < (size_t)f->n_rows * slots; i++)
            assert_int_equal(reads[i], 0); // each key of the path once, nothing else
        assert_int_equal(p.part_first[0], 0);
        assert_int_equal(p.part_first[f->n_rows], p.n_parts);
    } else {
        assert_int_equal(st, ERR_LIMIT);
    }
    mem_free(reads);
    mem_free(row_of_part);
    plan_free(&p);
}

static void plans_read_each_key_once(void **state)
{
    (void)state;
    struct forest *f = test_new(1, sizeof *f);
    uint64_t at = 0;
    for (int round = 0; round < 60; round++) {
        *f = (struct forest){.n_rows = 0};
        for (int trees = 1 + below(&at, 4); trees > 0; trees--)
            forest_grow(f, -1, 4, &at);
        const struct cascade_limits l = {ROOM, ROOM, 1 + below(&at, 64),
                                         1 << below(&at, 12)};
        check_plan(f, &l);
        const struct cascade_limits tight = {below(&at, 300), below(&at, 600), 64, 100};
        check_plan(f, &tight);
    }
    mem_free(f);
}

// More units wanted: no coarser cut.
static void plans_keep_the_gpu_busy(void **state)
{
    (void)state;
    const struct cascade_segment segments[2] = {{0, 5000, -1}, {313, 700, 0}};
    const int32_t leaf[2] = {1, 1};
    struct cascade_plan p = plan_new();
    int before = 1 << 30;
    for (int wanted = 1; wanted < 300; wanted *= 2) {
        const struct cascade_limits l = {ROOM, ROOM, 64, wanted};
        assert_ok(cascade_build(&p, &l, segments, 2, leaf, 2));
        assert_true(p.keys_per_item <= before);
        assert_true(p.n_items >= wanted || p.keys_per_item == 64);
        assert_int_equal(p.keys_per_item % PAGE_TOKENS, 0);
        before = p.keys_per_item;
    }
    plan_free(&p);
}

// ---- groups of tokens

static void groups_list_every_row(void **state)
{
    (void)state;
    const int sizes[] = {0, 1, 2, 17, 500}, kinds[] = {1, 3, 1000};
    for (int i = 0; i < 15; i++) {
        int M = sizes[i % 5];
        int32_t *tokens = random_ints((size_t)M + 1, kinds[i / 5], (uint64_t)(80 + i));
        int32_t order[500], first[501], token[500], seen[500] = {0};
        int n = token_groups(order, first, token, tokens, M);
        assert_int_equal(first[0], 0);
        assert_int_equal(first[n], M);
        for (int k = 0; k < n; k++) {
            assert_true(first[k + 1] > first[k]);
            assert_true(k == 0 || token[k] > token[k - 1]);
            for (int r = first[k]; r < first[k + 1]; r++) {
                assert_int_equal(tokens[order[r]], token[k]);
                assert_true(r == first[k] ||
                            order[r] > order[r - 1]); // a fixed order of sums
                assert_int_equal(seen[order[r]]++, 0);
            }
        }
        mem_free(tokens);
    }
}

// ---- pieces of memory

static void pieces_lie_apart(void **state)
{
    (void)state;
    struct arena measured = {0}, placed = {.base = aligned_alloc(ARENA_ALIGN, 1 << 16)};
    const size_t counts[] = {1, 0, 255, 256, 257, 3}, bytes[] = {4, 8, 1, 1, 1, 100};
    char *end = placed.base;
    assert_non_null(placed.base);
    for (int i = 0; i < 6; i++) {
        assert_null(arena_take(&measured, counts[i], bytes[i]));
        char *at = arena_take(&placed, counts[i], bytes[i]);
        assert_int_equal(at == NULL, counts[i] == 0);
        if (!at)
            continue;
        assert_int_equal((uintptr_t)at % ARENA_ALIGN, 0);
        assert_true(at >= end);
        end = at + counts[i] * bytes[i];
        assert_true(end <= placed.base + placed.used);
    }
    assert_int_equal(measured.used, placed.used);
    assert_false(measured.overflowed);
    free(placed.base);
}

static void pieces_that_overflow(void **state)
{
    (void)state;
    const size_t most = SIZE_MAX;
    const size_t counts[] = {most / 4 + 1, most, most - 100, most / 2 + 1};
    const size_t bytes[] = {4, 1, 1, 1};
    for (int i = 0; i < 4; i++) {
        struct arena a = {.used = i == 3 ? most / 2 + 1 : 0};
        size_t before = a.used;
        assert_null(arena_take(&a, counts[i], bytes[i]));
        assert_true(a.overflowed);
        assert_int_equal(a.used, before);
        assert_null(arena_take(&a, 1, 1)); // and it stays known
        assert_true(a.overflowed);
    }
    assert_int_equal(arena_rows(0, 64), 0);
    assert_int_equal(arena_rows(1, 64), 64);
    assert_int_equal(arena_rows(64, 64), 64);
    assert_int_equal(arena_rows(65, 64), 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_of_trees),
        cmocka_unit_test(tiles_of_prompts),
        cmocka_unit_test(plans_read_each_key_once),
        cmocka_unit_test(plans_keep_the_gpu_busy),
        cmocka_unit_test(groups_list_every_row),
        cmocka_unit_test(pieces_lie_apart),
        cmocka_unit_test(pieces_that_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "decode_plan.h"

#include "base/mem.h"

enum status decode_plan_new(struct decode_plan *p, int32_t max_rows)
{
    size_t rows = (size_t)max_rows;
    TRY(mem_new(&p->positions, rows, sizeof *p->positions));
    TRY(mem_new(&p->page, rows, sizeof *p->page));
    TRY(mem_new(&p->slot, rows, sizeof *p->slot));
    return mem_new(&p->leaf, rows, sizeof *p->leaf);
}

void decode_plan_free(struct decode_plan *p)
{
    mem_free(p->positions);
    mem_free(p->page);
    mem_free(p->slot);
    mem_free(p->leaf);
    mem_free(p->segments);
    mem_free(p->numbers);
    mem_free(p->pages);
    mem_free(p->path);
    *p = (struct decode_plan){0};
}

enum status decode_plan_reserve(struct decode_plan *p, const struct kv_cache *cache,
                                int32_t max_rows)
{
    // One segment a branch; a prefill cuts its own branch by rows.
    size_t segments = cache->n_branches + (size_t)max_rows + 1;
    size_t pages = (size_t)cache->max_pages;
    TRY(mem_grow(&p->segments, &p->segment_capacity, 0, segments, sizeof *p->segments));
    TRY(mem_grow(&p->numbers, &p->number_capacity, 0, pages, sizeof *p->numbers));
    TRY(mem_grow(&p->pages, &p->page_capacity, 0, pages, sizeof *p->pages));
    return mem_grow(&p->path, &p->path_capacity, 0, cache->n_branches, sizeof *p->path);
}

static void plan_clear(struct decode_plan *p, struct kv_cache *cache)
{
    p->n_segments = 0;
    p->n_pages = 0;
    cache->visit++;
}

// Lists the branch's pages and gives the place of the first.
static size_t add_pages(struct decode_plan *p, const struct kv_branch *b)
{
    size_t first = p->n_pages;
    for (int32_t i = 0; i * KV_PAGE < b->count; i++)
        p->numbers[p->n_pages++] = b->pages[i];
    return first;
}

static int32_t add_segment(struct decode_plan *p, size_t first_page, int32_t count,
                           int32_t parent, int32_t start)
{
    p->segments[p->n_segments] = (struct kv_segment){.pages = p->pages + first_page,
                                                     .count = count,
                                                     .parent = parent,
                                                     .start = start};
    return (int32_t)p->n_segments++;
}

// The segment in which the path to `branch` ends, -1 where the path is empty.  Branches
// without tokens have no segment of their own.
static int32_t segment_of(struct decode_plan *p, struct kv_cache *cache, int32_t branch)
{
    size_t top = 0;
    while (branch >= 0 && cache->branches[branch].visited != cache->visit) {
        p->path[top++] = branch;
        branch = cache->branches[branch].parent;
    }
    int32_t above = branch < 0 ? -1 : cache->branches[branch].segment;
    while (top > 0) {
        struct kv_branch *b = &cache->branches[p->path[--top]];
        if (b->count > 0)
            above = add_segment(p, add_pages(p, b), b->count, above, b->start);
        b->segment = above;
        b->visited = cache->visit;
    }
    return above;
}

static void place_row(struct decode_plan *p, const struct kv_branch *b, int32_t row,
                      int32_t own)
{
    p->positions[row] = b->start + own;
    p->page[row] = b->pages[own / KV_PAGE];
    p->slot[row] = own % KV_PAGE;
}

void decode_plan_step(struct decode_plan *p, struct kv_cache *cache,
                      const int32_t *branches, const int32_t *order, int32_t n)
{
    plan_clear(p, cache);
    for (int32_t i = 0; i < n; i++) {
        int32_t branch = branches[order[i]];
        const struct kv_branch *b = &cache->branches[branch];
        place_row(p, b, i, b->count - 1);
        p->leaf[i] = segment_of(p, cache, branch);
    }
}

// A row sees its own token and those before it, so each row ends in a segment of its
// own: its page up to its slot.  A full page is a segment that all later rows share.
void decode_plan_prefill(struct decode_plan *p, struct kv_cache *cache, int32_t branch,
                         int32_t n)
{
    plan_clear(p, cache);
    const struct kv_branch *b = &cache->branches[branch];
    int32_t above = segment_of(p, cache, b->parent);
    size_t first = add_pages(p, b);
    int32_t before = b->count - n, whole = before - before % KV_PAGE;
    if (whole > 0)
        above = add_segment(p, first, whole, above, b->start);
    for (int32_t i = 0; i < n; i++) {
        int32_t own = before + i, slot = own % KV_PAGE;
        place_row(p, b, i, own);
        p->leaf[i] = add_segment(p, first + (size_t)(own / KV_PAGE), slot + 1, above,
                                 b->start + own - slot);
        if (slot == KV_PAGE - 1)
            above = p->leaf[i];
    }
}

void decode_plan_path(struct decode_plan *p, struct kv_cache *cache, int32_t branch,
                      int32_t n)
{
    plan_clear(p, cache);
    int32_t leaf = segment_of(p, cache, branch);
    for (int32_t i = 0; i < n; i++) {
        const struct kv_branch *b = &cache->branches[branch];
        place_row(p, b, i, b->count - n + i);
        p->leaf[i] = leaf;
    }
}

void decode_plan_layer(struct decode_plan *p, const struct kv_cache *cache, int layer)
{
    for (size_t i = 0; i < p->n_pages; i++)
        p->pages[i] = kv_page(cache, layer, p->numbers[i]);
}

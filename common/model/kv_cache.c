#include "kv_cache.h"

#include "base/mem.h"
#include "tensor/ops.h"

#include <stdlib.h>

static enum status arena_new(struct kv_cache *k)
{
    size_t floats = 0, states = 0;
    TRY(mem_mul(&k->layer_stride, k->page_stride, (size_t)k->max_pages));
    TRY(mem_mul(&floats, k->layer_stride, (size_t)k->config.layers));
    TRY(mem_mul(&states, (size_t)k->max_pages, (size_t)k->config.dim));
    TRY(mem_new(&k->arena, floats, sizeof *k->arena));
    return mem_new(&k->states, states, sizeof *k->states);
}

static enum status cache_new(struct kv_cache **out, const struct model_config *c,
                             int32_t max_pages, int here)
{
    struct kv_cache *k = NULL;
    enum status st = OK;
    if (max_pages < 1)
        return status_fail(ERR_INPUT, "kv cache: %d pages", max_pages);
    TRY_OUT(mem_new(&k, 1, sizeof *k));
    k->config = *c;
    k->head_stride = kv_page_floats(c->head_dim);
    k->page_stride = k->head_stride * (size_t)c->kv_heads;
    k->max_pages = max_pages;
    if (here)
        TRY_OUT(arena_new(k));
    TRY_OUT(mem_new(&k->free_pages, (size_t)max_pages, sizeof *k->free_pages));
    // Page 0 is on top of the stack.
    for (int32_t i = 0; i < max_pages; i++)
        k->free_pages[i] = max_pages - 1 - i;
    k->n_free_pages = max_pages;
    *out = k;
    k = NULL;
out:
    kv_cache_free(k);
    return status_wrap(st, "kv cache of %d pages", max_pages);
}

enum status kv_cache_new(struct kv_cache **out, const struct model_config *c,
                         int32_t max_pages)
{
    return cache_new(out, c, max_pages, 1);
}

enum status kv_cache_new_elsewhere(struct kv_cache **out, const struct model_config *c,
                                   int32_t max_pages)
{
    return cache_new(out, c, max_pages, 0);
}

void kv_cache_free(struct kv_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < cache->n_branches; i++)
        mem_free(cache->branches[i].pages);
    mem_free(cache->branches);
    mem_free(cache->free_branches);
    mem_free(cache->free_pages);
    mem_free(cache->arena);
    mem_free(cache->states);
    mem_free(cache);
}

int32_t kv_cache_free_pages(const struct kv_cache *cache)
{
    return cache->n_free_pages;
}

size_t kv_cache_page_bytes(const struct model_config *c)
{
    size_t keys = kv_page_floats(c->head_dim) * (size_t)c->kv_heads * (size_t)c->layers;
    return (keys + (size_t)c->dim) * sizeof(float);
}

static int is_live(const struct kv_cache *cache, int32_t branch)
{
    if (branch < 0 || (size_t)branch >= cache->n_branches)
        return 0;
    const struct kv_branch *b = &cache->branches[branch];
    return b->held || b->children > 0;
}

// A number for a new branch.  The stack of free numbers is grown along with the
// branches, so that a release never allocates.
static enum status take_number(struct kv_cache *cache, int32_t *number)
{
    if (cache->n_free_branches > 0) {
        *number = cache->free_branches[--cache->n_free_branches];
        return OK;
    }
    size_t n = cache->n_branches;
    if (n >= INT32_MAX)
        return status_fail(ERR_LIMIT, "kv cache: %zu branches", n);
    TRY(mem_grow(&cache->branches, &cache->branch_capacity, n, n + 1,
                 sizeof *cache->branches));
    TRY(mem_grow(&cache->free_branches, &cache->free_branch_capacity,
                 cache->n_free_branches, n + 1, sizeof *cache->free_branches));
    cache->n_branches++;
    *number = (int32_t)n;
    return OK;
}

enum status kv_branch_open(struct kv_cache *cache, int32_t parent, int32_t *branch)
{
    int32_t number = -1;
    if (parent != -1 && !is_live(cache, parent))
        return status_fail(ERR_INTERNAL, "kv cache: branch %d is not open", parent);
    TRY(take_number(cache, &number));
    struct kv_branch *b = &cache->branches[number];
    struct kv_branch *up = parent < 0 ? NULL : &cache->branches[parent];
    b->parent = parent;
    b->depth = up ? up->depth + 1 : 0;
    b->start = up ? up->start + up->count : 0;
    b->count = 0;
    b->children = 0;
    b->held = 1;
    b->visited = 0;
    if (up)
        up->children++;
    *branch = number;
    return OK;
}

void kv_branch_release(struct kv_cache *cache, int32_t branch)
{
    if (!is_live(cache, branch))
        return;
    cache->branches[branch].held = 0;
    while (branch >= 0 && !is_live(cache, branch)) {
        struct kv_branch *b = &cache->branches[branch];
        int32_t n = (b->count + KV_PAGE - 1) / KV_PAGE;
        while (n > 0)
            cache->free_pages[cache->n_free_pages++] = b->pages[--n];
        b->count = 0;
        cache->free_branches[cache->n_free_branches++] = branch;
        branch = b->parent;
        if (branch >= 0)
            cache->branches[branch].children--;
    }
}

int32_t kv_branch_length(const struct kv_cache *cache, int32_t branch)
{
    const struct kv_branch *b = &cache->branches[branch];
    return b->start + b->count;
}

enum status kv_branch_check(const struct kv_cache *cache, int32_t branch)
{
    if (!is_live(cache, branch) || !cache->branches[branch].held)
        return status_fail(ERR_INTERNAL, "kv cache: branch %d is not open", branch);
    if (cache->branches[branch].children > 0)
        return status_fail(ERR_INTERNAL, "kv cache: branch %d has branches below it",
                           branch);
    return OK;
}

enum status kv_branch_state(const struct kv_cache *cache, int32_t branch, int32_t *page)
{
    int32_t at = branch;
    if (!is_live(cache, branch))
        return status_fail(ERR_INTERNAL, "kv cache: branch %d is not open", branch);
    while (at >= 0 && cache->branches[at].count == 0)
        at = cache->branches[at].parent;
    if (at < 0)
        return status_fail(ERR_INTERNAL, "kv cache: branch %d has no tokens", branch);
    *page = cache->branches[at].pages[(cache->branches[at].count - 1) / KV_PAGE];
    return OK;
}

int32_t kv_pages_wanted(const struct kv_cache *cache, int32_t branch, int32_t n)
{
    int32_t count = cache->branches[branch].count;
    int32_t room = (KV_PAGE - count % KV_PAGE) % KV_PAGE;
    return n <= room ? 0 : (n - room + KV_PAGE - 1) / KV_PAGE;
}

enum status kv_branch_room(struct kv_cache *cache, int32_t branch, int32_t n)
{
    struct kv_branch *b = &cache->branches[branch];
    size_t used = ((size_t)b->count + KV_PAGE - 1) / KV_PAGE;
    size_t wanted = used + (size_t)kv_pages_wanted(cache, branch, n);
    return mem_grow(&b->pages, &b->page_capacity, used, wanted, sizeof *b->pages);
}

void kv_branch_grow(struct kv_cache *cache, int32_t branch, int32_t n)
{
    struct kv_branch *b = &cache->branches[branch];
    for (int32_t i = 0; i < n; i++, b->count++)
        if (b->count % KV_PAGE == 0)
            b->pages[b->count / KV_PAGE] = cache->free_pages[--cache->n_free_pages];
}

// Depth-first order: by the first branches in which two paths differ; a branch stands
// before those below it.
static int compare_branches(const struct kv_cache *cache, int32_t a, int32_t b)
{
    const struct kv_branch *all = cache->branches;
    int32_t depth_a = all[a].depth, depth_b = all[b].depth;
    while (all[a].depth > all[b].depth)
        a = all[a].parent;
    while (all[b].depth > all[a].depth)
        b = all[b].parent;
    if (a == b)
        return (depth_a > depth_b) - (depth_a < depth_b);
    while (all[a].parent != all[b].parent) {
        a = all[a].parent;
        b = all[b].parent;
    }
    return (a > b) - (a < b);
}

struct order_context {
    const struct kv_cache *cache;
    const int32_t *branches;
};

static int compare_rows(const void *x, const void *y, void *context)
{
    const struct order_context *o = context;
    int32_t a = *(const int32_t *)x, b = *(const int32_t *)y;
    int by_path = compare_branches(o->cache, o->branches[a], o->branches[b]);
    return by_path ? by_path : (a > b) - (a < b);
}

void kv_branch_order(const struct kv_cache *cache, const int32_t *branches,
                     int32_t *order, int32_t n)
{
    struct order_context o = {cache, branches};
    for (int32_t i = 0; i < n; i++)
        order[i] = i;
    qsort_r(order, (size_t)(n > 0 ? n : 0), sizeof *order, compare_rows, &o);
}

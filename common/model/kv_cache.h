// The paged key-value cache as decode.c sees it.  Private to the layer; one thread.
#ifndef MODEL_KV_CACHE_H
#define MODEL_KV_CACHE_H

#include "decode.h"

struct kv_branch {
    int32_t parent;   // -1: a root
    int32_t depth;    // branches above it
    int32_t start;    // position of its first own token
    int32_t count;    // own tokens
    int32_t children; // branches that hang on it
    int32_t held;     // 1 until its opener releases it
    int32_t *pages;   // ceil(count / KV_PAGE) page numbers
    size_t page_capacity;
    // Of the call that runs now (decode.c).
    uint64_t visited;
    int32_t segment;
};

// Pages lie as [layer][page][kv head][kv_page_floats].
struct kv_cache {
    struct model_config config;
    float *arena;  // NULL where a device holds it
    float *states; // (max_pages, dim) a branch's, at its last page; likewise
    size_t head_stride, page_stride, layer_stride; // floats
    int32_t *free_pages;                           // a stack
    int32_t n_free_pages, max_pages;
    struct kv_branch *branches;
    size_t n_branches, branch_capacity;
    int32_t *free_branches; // a stack
    size_t n_free_branches, free_branch_capacity;
    uint64_t visit; // number of the last call
};

// A branch that may be fed: open and with nothing below it.  ERR_INTERNAL.
CHECKED enum status kv_branch_check(const struct kv_cache *cache, int32_t branch);

// Pages that n more tokens of `branch` take from the pool.
int32_t kv_pages_wanted(const struct kv_cache *cache, int32_t branch, int32_t n);

// Makes room in the branch's page list for n more tokens; takes no page.  ERR_NOMEM.
CHECKED enum status kv_branch_room(struct kv_cache *cache, int32_t branch, int32_t n);

// Adds n tokens to the branch.  Room was made and the pool holds the pages.
void kv_branch_grow(struct kv_cache *cache, int32_t branch, int32_t n);

// The page at which the state stands that the branch's path ends in.  ERR_INTERNAL.
CHECKED enum status kv_branch_state(const struct kv_cache *cache, int32_t branch,
                                    int32_t *page);

static inline float *kv_page(const struct kv_cache *cache, int layer, int32_t page)
{
    return cache->arena + (size_t)layer * cache->layer_stride +
           (size_t)page * cache->page_stride;
}

#endif

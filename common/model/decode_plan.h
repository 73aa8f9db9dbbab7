// Where the rows of one decoding call read and write their keys and values: the
// segments of their paths, each once, and every row's own slot.  Private to the layer.
#ifndef MODEL_DECODE_PLAN_H
#define MODEL_DECODE_PLAN_H

#include "kv_cache.h"

#include "tensor/ops.h"

struct decode_plan {
    // By row.
    int32_t *positions, *page, *slot, *leaf;
    // The paths, cut into segments; a parent stands before its children.
    struct kv_segment *segments;
    size_t n_segments, segment_capacity;
    // Page numbers of all segments, and their addresses in the layer at hand.
    int32_t *numbers;
    float **pages;
    size_t n_pages, number_capacity, page_capacity;
    int32_t *path; // a stack of branches
    size_t path_capacity;
};

CHECKED enum status decode_plan_new(struct decode_plan *p, int32_t max_rows);
void decode_plan_free(struct decode_plan *p);

// Room for any plan of max_rows rows over `cache` as it is.  ERR_NOMEM.
CHECKED enum status decode_plan_reserve(struct decode_plan *p,
                                        const struct kv_cache *cache, int32_t max_rows);

// Row i is the last token of branches[order[i]], which has just grown by it.
void decode_plan_step(struct decode_plan *p, struct kv_cache *cache,
                      const int32_t *branches, const int32_t *order, int32_t n);

// The rows are the last n tokens of one branch, which has just grown by them.
void decode_plan_prefill(struct decode_plan *p, struct kv_cache *cache, int32_t branch,
                         int32_t n);

// The same rows on the one path that they end: its segments in order, each once.
void decode_plan_path(struct decode_plan *p, struct kv_cache *cache, int32_t branch,
                      int32_t n);

// Points `pages` into `layer`.
void decode_plan_layer(struct decode_plan *p, const struct kv_cache *cache, int layer);

#endif

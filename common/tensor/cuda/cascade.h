// How one decode step's attention is cut into work: each stretch of keys once for all
// the rows that share it.  Host code, pure.
//
// An item is a stretch of one segment's keys and a run of adjacent rows that see it; it
// gives each of its rows a part (maximum, sum, weighted values), and a row's parts are
// merged afterwards.  Rows that share a segment are adjacent (depth-first order).
#ifndef TENSOR_CUDA_CASCADE_H
#define TENSOR_CUDA_CASCADE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "base/status.h"

// Keys [0, keys) of the pages listed from `page` on, for rows [row, row + rows); row
// row + i writes part number part + i.
struct cascade_item {
    int32_t page, keys, row, rows, part;
};

// A segment as of a plan: `count` tokens in the pages listed from `page` on; parents
// come first.
struct cascade_segment {
    int32_t page, count, parent;
};

// The arrays, on the host or, copied as they are, on the device.
struct cascade_view {
    const int32_t *n_items; // (1)
    const struct cascade_item *items;
    const int32_t *part_first; // (M + 1)
    const int32_t *parts;      // part numbers, row after row
    const int32_t *pages;
};

struct cascade_limits {
    int items, parts;  // room in the arrays
    int rows_per_item; // of one tile: TILE / (heads a key/value head serves)
    int units_wanted;  // items that keep the GPU busy
};

struct cascade_plan {
    struct cascade_item *items; // (limits.items)
    int32_t *part_first, *parts;
    int32_t *low, *high; // scratch, a segment each: its rows
    int n_items, n_parts;
    int keys_per_item; // as chosen
};

// Fills the plan for M rows, row i ending in segment leaf[i].  Keys are cut as finely
// as keeps the GPU evenly busy and the parts within their room.  ERR_LIMIT: no cut
// fits.
CHECKED enum status cascade_build(struct cascade_plan *p,
                                  const struct cascade_limits *l,
                                  const struct cascade_segment *segments,
                                  int n_segments, const int32_t *leaf, int M);

// Floats of scratch for so many parts.
static inline size_t cascade_scratch_floats(int parts, int heads, int head_dim)
{
    return (size_t)parts * (size_t)heads * (size_t)(head_dim + 2);
}

#ifdef __cplusplus
}
#endif

#endif

// How many key/value pages a path can come to need.  Pure arithmetic.
//
// A page belongs to one node, so every node of a path may leave its last page unfilled.
// A `lane` is a promise of pages for one path from a node down to a leaf: whoever holds
// it can always finish that path, whatever the others do.
#ifndef ROLLOUT_PAGES_H
#define ROLLOUT_PAGES_H

#include "tensor/ops.h"

#include <stdint.h>

static inline int32_t pages_of(int32_t tokens)
{
    return (tokens + KV_PAGE - 1) / KV_PAGE;
}

// The most pages that `tokens` tokens in at most `nodes` nodes (each of one token or
// more) can fill.  For l >= 1 taken off by the first node:
//   pages_lane(t, n) >= pages_of(l) + pages_lane(t - l, n - 1),
// so what is left of a lane always carries the path below.
static inline int32_t pages_lane(int32_t tokens, int32_t nodes)
{
    int32_t parts = nodes < tokens ? nodes : tokens;
    return (tokens + (KV_PAGE - 1) * parts) / KV_PAGE;
}

#endif

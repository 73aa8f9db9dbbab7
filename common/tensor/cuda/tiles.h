// Which tiles of the (rows, keys) matrix of packed trees hold a visible pair.  Host
// code, pure.
//
// In depth-first order key j is seen by the rows [j, ends[j]), where ends[j] is the
// first row behind the subtree that hangs on j's node.  A tile of TILE rows by TILE
// keys is empty where the keys' largest end is at or above its first row, or all keys
// stand behind the rows; it is full where every pair in it is visible; the rest need
// the mask.
#ifndef TENSOR_CUDA_TILES_H
#define TENSOR_CUDA_TILES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "base/status.h"

enum { TILE = 64 };

// Tile t of one side meets the tiles items[first[t]] .. items[first[t + 1] - 1] of the
// other, each as 2 * number + (1 where the mask is needed), ascending.
struct gpu_tiles {
    const int32_t *first; // (n + 1)
    const int32_t *items;
    int n;
};

struct attention_span; // tensor/ops.h

// ends (M) of packed spans.
void tiles_ends(int32_t *ends, const struct attention_span *spans, int n_spans, int M);

// The most items that a list over M rows and n_keys keys can have.
size_t tiles_most(int M, int n_keys);
static inline int tiles_count(int n)
{
    return (n + TILE - 1) / TILE;
}

// Of each tile of rows, the tiles of keys (transposed == 0), or of each tile of keys
// the tiles of rows.  Row i is key shift + i; ends (n_keys) as above, NULL: all later
// rows. first has room for tiles_count + 1, items for tiles_most.  Returns the items
// written.
size_t tiles_list(int32_t *first, int32_t *items, const int32_t *ends, int M, int shift,
                  int n_keys, int transposed);

// The keys near a root are seen by nearly all rows: their lists are cut, so that no
// block works long after the others.  A share is a stretch of one tile's list; the
// shares of a list that is cut write parts, which are added in order.
struct tile_share {
    int32_t tile, begin, end; // items [begin, end)
    int32_t part;             // -1: the whole list
};
enum { SHARE_LEAST = 8 }; // items

// Cuts the lists of n tiles into about `wanted` pieces, tile after tile; those of tile
// t write the parts part_first[t] .. part_first[t + 1] - 1, (n + 1) numbers.  Room:
// `out` tiles_shares_most, parts tiles_parts_most, of M rows and as many keys.  Returns
// the shares written.
int tiles_share(struct tile_share *out, int32_t *part_first, const int32_t *first,
                int n, int wanted);
int tiles_shares_most(int M, int wanted);
int tiles_parts_most(int M, int wanted);

#ifdef __cplusplus
}
#endif

#endif

// From trees to packs: depth-first token rows in which every unique token stands once.
#ifndef LEARNER_PACK_H
#define LEARNER_PACK_H

#include "model/model.h"
#include "tree/tree.h"

// One prediction's origin: token `token` (index into the tree's arrays) of tree `tree`.
struct pack_origin {
    int32_t tree, token;
};

// Packs trees[0..n).  Outputs are all generated tokens (every node but the root), in
// row order.  A token's row predicts the first token of each child node and the next
// token of its own node.  The owner calls pack_free.  ERR_NOMEM, ERR_LIMIT.
CHECKED enum status pack_trees(struct pack *out, struct pack_origin **origins,
                               struct tree *const *trees, size_t n);
// The same trees with every root-to-leaf path laid out on its own: the reference that
// tree packing is measured and tested against.
CHECKED enum status pack_flattened(struct pack *out, struct pack_origin **origins,
                                   struct tree *const *trees, size_t n);
// A worked solution: prompt and continuation as a tree of two nodes (for sft).
CHECKED enum status pack_check(const struct pack *p, const struct model_config *c);
void pack_free(struct pack *p);

#endif

// From trees to packs: depth-first token rows in which every unique token stands once.
#ifndef LEARNER_PACK_H
#define LEARNER_PACK_H

#include "model/model.h"
#include "tree/tree.h"

// One prediction's origin: token `token` (index into the tree's arrays) of tree `tree`.
struct pack_origin {
    int32_t tree, token;
};

// Packs canonical trees[0..n).  Outputs are all generated tokens (every node but the
// root), in row order.  A token's row predicts the next token of its own node, a node's
// last row the first token of each child.  *origins has one entry an output (mem_free);
// the owner calls pack_free.  ERR_NOMEM, ERR_LIMIT.
CHECKED enum status pack_trees(struct pack *out, struct pack_origin **origins,
                               struct tree *const *trees, size_t n);
// The same trees with every root-to-leaf path laid out on its own: the reference that
// tree packing is measured and tested against.
CHECKED enum status pack_flattened(struct pack *out, struct pack_origin **origins,
                                   struct tree *const *trees, size_t n);
void pack_free(struct pack *p);

#endif

// Parts of a tree on their own, and hung into another tree.  Both make canonical trees
// of their own memory; the owner calls tree_free.
#ifndef TREE_GRAFT_H
#define TREE_GRAFT_H

#include "tree.h"

// The tree whose root is the whole text up to the end of `node` (the prompt included)
// and whose children are the node's.  Prompt id, step, version and control are the
// tree's.  ERR_INPUT: the node is a leaf; ERR_LIMIT, ERR_NOMEM.
CHECKED enum status tree_below(struct tree *out, const struct tree *t, int32_t node);

// `t` with the children of `below`'s root, from `first` on, as further children of
// `node`, after its own.  `t` is replaced.  ERR_LIMIT, ERR_NOMEM leave it as it was.
CHECKED enum status tree_graft(struct tree *t, int32_t node, const struct tree *below,
                               int32_t first);

#endif

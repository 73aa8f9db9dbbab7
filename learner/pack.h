// From trees to packs: depth-first token rows in which every unique token stands once;
// also what the prompts of all trees begin with, where the caller asks for it: a common
// root, below which every tree hangs with the rest of its prompt.
#ifndef LEARNER_PACK_H
#define LEARNER_PACK_H

#include "model/model.h"
#include "tree/tree.h"

// One prediction's origin: token `token` (index into the tree's arrays) of tree `tree`.
struct pack_origin {
    int32_t tree, token;
};

// Nodes [begin, end) of a canonical tree, 1 <= begin: a stretch of its depth-first
// order.
struct pack_part {
    const struct tree *tree;
    int32_t begin, end;
};
static inline struct pack_part pack_whole(const struct tree *t)
{
    return (struct pack_part){t, 1, (int32_t)t->n_nodes};
}

// How many leading tokens the prompts of a and b have in common, `most` at most; at
// least one token of each is its own, so that every tree keeps a root.
int32_t pack_alike(const struct tree *a, const struct tree *b, int32_t most);
// The same of all the trees.  0 for fewer than two.
int32_t pack_common(struct tree *const *trees, size_t n);

// Packs parts[0..n).  The first `common` tokens of every part's prompt, the same ones
// in all, stand once (0: nowhere).  Outputs are the tokens of the parts' nodes, in row
// order; what stands above them is packed too, but predicts only them.  A token's row
// predicts the next token of its own node, a node's last row the first token of each
// child. *origins has one entry an output (mem_free), whose `tree` numbers the part;
// the owner calls pack_free.  ERR_NOMEM, ERR_LIMIT.
CHECKED enum status pack_parts(struct pack *out, struct pack_origin **origins,
                               const struct pack_part *parts, size_t n, int32_t common);
// Whole trees.
CHECKED enum status pack_trees(struct pack *out, struct pack_origin **origins,
                               struct tree *const *trees, size_t n, int32_t common);
// The next part of a tree from node `begin` on, of at most `most` rows; of one node
// where already its path has more.  A function of the tree and `most` alone.  The whole
// tree where it fits; together the parts predict every token once.
struct pack_part pack_next_part(const struct tree *t, int32_t begin, size_t most);
// The same trees with every root-to-leaf path laid out on its own: the reference that
// tree packing is measured and tested against.
CHECKED enum status pack_flattened(struct pack *out, struct pack_origin **origins,
                                   struct tree *const *trees, size_t n);
void pack_free(struct pack *p);

#endif

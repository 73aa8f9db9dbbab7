// The tree of one prompt: its nodes are reasoning steps, its leaves are finished (or
// abandoned) solutions.
//
// Flat arrays: parents before children, and in canonical form depth-first with children
// in the order of their child index.  Node 0 is the root and holds the prompt; its
// tokens were not generated and carry no log-prob.  A tree owns its arrays: tree_free.
// One thread at a time.
#ifndef TREE_TREE_H
#define TREE_TREE_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum node_end {
    NODE_OPEN = 0,     // still being sampled; never in a finished tree
    NODE_BRANCHED = 1, // ended at a step boundary and has children
    NODE_EOS = 2,      // leaf: the model ended the text
    NODE_LENGTH = 3,   // leaf: ran out of tokens (a status of its own, not a silent 0)
    NODE_CUT = 4,      // leaf: a partial verifier called the text so far invalid
};

struct tree_node {
    int32_t parent;      // -1 at the root
    int32_t child_index; // its place among its siblings, from 0
    int32_t branching;   // how many children were asked for (0 at a leaf)
    int32_t depth;       // 0 at the root
    int32_t token_begin; // its tokens: [token_begin, token_begin + token_count)
    int32_t token_count;
    enum node_end end;
    float reward; // leaf: the verifier's, in [0, 1]; of a cut one its control; else 0
    // Early cutoff (tree/cutoff.h): the probability with which the tree goes on below a
    // step that a partial verifier called invalid; 1 where it had no objection.
    float keep;
    // Of the step, current over sampling policy: a subtree used again; else 1.
    float ratio;
    // Filled by the learner (tree/credit.h):
    float value;     // what the node's subtree estimates of V^pi
    float advantage; // of each of the node's tokens
    float weight;    // factor of the node's tokens in the loss (the 1/b product)
};

struct tree {
    uint64_t prompt_id;      // index of the problem in its data set
    uint64_t step;           // training step it was planned for
    uint64_t policy_version; // that sampled every generated token of it
    float control;           // in [0, 1]: what a cut path is worth (tree/cutoff.h)
    struct tree_node *nodes;
    size_t n_nodes, node_capacity;
    // Token arrays, node by node; for the root's tokens log_prob = entropy = 0.
    int32_t *tokens;
    float *log_probs; // of the sampling distribution (temperature applied)
    float *entropies; // over the whole vocabulary, nats
    size_t n_tokens, token_capacity;
};

// Bounds that every tree keeps, whoever made it.
enum { TREE_MAX_NODES = 1 << 20, TREE_MAX_TOKENS = 1 << 26, TREE_MAX_DEPTH = 4096 };

void tree_free(struct tree *t); // accepts a zeroed or half-built tree

// Starts a tree with the prompt as its root.  ERR_NOMEM, ERR_LIMIT.
CHECKED enum status tree_init(struct tree *t, uint64_t prompt_id, const int32_t *prompt,
                              size_t n);

// Appends a node with its tokens; *index is its number.  ERR_NOMEM, ERR_LIMIT.
CHECKED enum status tree_add(struct tree *t, int32_t parent, int32_t child_index,
                             enum node_end end, const int32_t *tokens,
                             const float *log_probs, const float *entropies, size_t n,
                             int32_t *index);

// Every structural law: a prompt, parents first, token ranges adjacent and inside,
// depths, child indices unique below `branching`, branched nodes complete, leaves
// without children, rewards in [0, 1] and of leaves alone, log-probs <= 0 and entropies
// >= 0 but for rounding, both finite, and 0 in the prompt; tokens below `vocab`.  Any
// numbers may stand in the arrays; the work is linear.
// ERR_PROTOCOL names the node and the law; ERR_NOMEM.
CHECKED enum status tree_check(const struct tree *t, int32_t vocab);
// The same for a part: the root holds exactly its children [first, first + count).
CHECKED enum status tree_check_part(const struct tree *t, int32_t vocab, int32_t first,
                                    int32_t count);

// Depth-first order, children by child index; keeps every number.  The tree or part
// must have passed its check.  ERR_NOMEM.
CHECKED enum status tree_canonical(struct tree *t);

// Joins parts of one prompt's tree: each holds the root and some of the root's children
// (with everything below them).  The result is canonical.  Parts are left as they are;
// each must have passed tree_check_part.  ERR_PROTOCOL where prompts differ or a child
// is missing or doubled; ERR_LIMIT where the whole is too large; ERR_NOMEM.
CHECKED enum status tree_join(struct tree *out, const struct tree *parts, size_t n);

static inline int tree_end_is_leaf(enum node_end end)
{
    return end >= NODE_EOS;
}

static inline int tree_is_leaf(const struct tree_node *n)
{
    return tree_end_is_leaf(n->end);
}

size_t tree_leaf_count(const struct tree *t);

// Tokens on the path from the root to `node`, both included; the path's tokens are
// written to `out` (room for tree_path_length) in order.
size_t tree_path_length(const struct tree *t, int32_t node);
void tree_path_tokens(const struct tree *t, int32_t node, int32_t *out);

// Fingerprint of everything that was sampled (structure, tokens, bits of log-probs,
// rewards, versions), not of values and advantages.
uint64_t tree_hash(uint64_t hash, const struct tree *t);

#endif

// The growing tree of one task: nodes in the order in which they were opened (parents
// first), each with its own token list.  Knows where steps end; knows nothing of
// batches or of who decodes.  One thread; the owner calls task_free.
#ifndef ROLLOUT_TASK_STATE_H
#define ROLLOUT_TASK_STATE_H

#include "base/rng.h"
#include "base/status.h"
#include "proto/message.h"
#include "tree/tree.h"

#include <stddef.h>
#include <stdint.h>

struct drawn_token {
    int32_t token;
    float log_prob, entropy;
};

struct live_node {
    int32_t parent, child_index, depth; // as in struct tree_node
    enum node_end end;
    struct rng_key key;  // of its path of child indices
    int32_t path_tokens; // generated on the path before its first token
    int64_t budget;      // tokens for it and everything below it; 0: no budget
    int64_t child_budget;
    struct drawn_token *tokens;
    size_t n_tokens, token_capacity;

    int32_t branch; // in the key/value cache; -1: none, or released
    int32_t pages;  // promised to it and to one path below it (rollout/pages.h)
    int from_lane;  // the promise is its parent's lane, lent to it
    int lane_lent;  // its own lane is lent to one of its children
    int32_t next_child, end_child; // child indices still to open
    int32_t children_left;         // children whose subtrees are not complete

    float reward; // of a leaf
    float keep;   // as tree_node.keep
    int ungraded; // 1: the judge has its text: a leaf's, or at a step's end (cutoff)
};

struct task_state {
    struct msg_task spec; // a copy
    uint64_t sequence;    // order of arrival
    int32_t limit;        // most generated tokens on a path
    int32_t shared;       // leading tokens of its prompt that stand in the common root
    int32_t prefilled;    // tokens of its prompt that were computed for it
    int started;          // prompt is in the cache
    int finished;         // every node is complete
    int32_t ungraded;     // nodes whose verdict has not come yet
    struct live_node *nodes;
    size_t n_nodes, node_capacity;
};

// What the rules of a task are held against.
struct task_bounds {
    int32_t vocab, max_positions, pages;
};

// Checks a task and copies it.  ERR_INPUT: it can never be done, and why; ERR_NOMEM.
CHECKED enum status task_new(struct task_state **out, const struct msg_task *spec,
                             const struct task_bounds *bounds);
void task_free(struct task_state *t);

// Pages that the task must be promised before it starts: what of its prompt is its own,
// and one path.
int32_t task_pages(const struct task_state *t);
// Pages that a child of `parent` must be promised: a path from it to the end.
int32_t task_child_pages(const struct task_state *t, int32_t parent);

// Node 0, with all of the task's root children to open.  ERR_NOMEM.
CHECKED enum status task_start(struct task_state *t, int32_t branch);
// The next child of `parent`; it has no tokens yet.  ERR_NOMEM.
CHECKED enum status task_open_child(struct task_state *t, int32_t parent,
                                    int32_t *child);

enum token_end { TOKEN_GOES_ON, TOKEN_ENDS_STEP, TOKEN_ENDS_TEXT };

// Adds a token to a node and ends the node where the rules say so; ends (vocab): an
// enum token_end each.  ERR_NOMEM.
CHECKED enum status task_push_token(struct task_state *t, int32_t node,
                                    struct drawn_token token, const uint8_t *ends);

// The text up to the end of this branched node cannot become right any more: by the
// task's cutoff and the node's own random number it goes on, or becomes a cut leaf.
void task_flag(struct task_state *t, int32_t node);

// The finished and graded task as a canonical tree.  ERR_NOMEM, ERR_LIMIT.
CHECKED enum status task_tree(const struct task_state *t, struct tree *out);

#endif

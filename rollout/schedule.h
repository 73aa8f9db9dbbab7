// Which nodes decode now and which wait: rows and key/value pages are shared out here.
// Private to the layer.
//
// A node opens only with a promise of pages for one whole path from it to a leaf (a
// lane).  When it branches, what is left of the lane is lent to one child after
// another; further children open beside it where the pool can promise a lane of their
// own.  So some open node can always go on, and a page is never missing when a token
// needs one. What is sampled depends on none of this.
#ifndef ROLLOUT_SCHEDULE_H
#define ROLLOUT_SCHEDULE_H

#include "expand.h"
#include "grade.h"
#include "root.h"
#include "task_state.h"

struct node_ref {
    struct task_state *task;
    int32_t node;
};

static inline struct live_node *node_of(struct node_ref r)
{
    return &r.task->nodes[r.node];
}

struct expander {
    const struct model *model; // borrowed
    struct grader *grader;
    uint8_t *ends; // (vocab) enum token_end
    struct kv_cache *cache;
    struct decoder *decoder;
    int32_t max_rows;
    int32_t pages, free_pages; // in all; promised to nobody
    struct common_root root;   // which holds pages of its own
    struct task_state **tasks; // by arrival
    size_t n_tasks, task_capacity;
    uint64_t next_sequence;
    struct node_ref *running; // (max_rows) nodes whose last token is to be fed
    int32_t n_running;
    struct node_ref *waiting; // branched nodes with children to open
    size_t n_waiting, waiting_capacity;
    int64_t generated_tokens;
    int32_t taken_prefilled; // of the task taken last
    // Scratch of one step, (max_rows) each.
    struct decode_draw *draws;
    int32_t *branches, *tokens;
};

// Opens children of waiting nodes, the oldest task's deepest first, while there are
// rows and pages; they are appended to the running ones.  ERR_NOMEM.
CHECKED enum status schedule_open_children(struct expander *e);

// A branched node whose last token was fed waits for its children to open.  ERR_NOMEM.
CHECKED enum status schedule_wait(struct expander *e, struct node_ref r);

// A leaf is complete: frees its branch and pages, and its ancestors' where it was the
// last thing below them.  Marks the task finished at the root.
void schedule_complete(struct expander *e, struct node_ref leaf);

// Completes the branched nodes that a late verdict has cut off.
void schedule_cut(struct expander *e);

// The oldest task that has not begun, if its pages can be promised; else NULL.  Its
// `shared` tokens are the root's, or *fresh = 1: the root is to be made of them.
struct task_state *schedule_next_task(struct expander *e, int *fresh);

// Takes back everything that a task holds.
void schedule_drop(struct expander *e, struct task_state *t);

#endif

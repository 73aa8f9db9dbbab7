// Tree expansion, free of messages: tasks in, finished trees out.
#ifndef ROLLOUT_EXPAND_H
#define ROLLOUT_EXPAND_H

#include "judge/judge.h"
#include "model/decode.h"
#include "proto/message.h"
#include "text/tokenizer.h"

struct expander_config {
    int32_t max_rows, kv_pages;
    const int32_t *delimiters; // borrowed
    size_t n_delimiters;
    const int32_t *stops; // tokens that end a text, beside the model's own; borrowed
    size_t n_stops;
    struct judge_config judge;          // of programs
    const struct reward_config *reward; // the user's own; NULL: none
};

struct expander;
CHECKED enum status expander_new(struct expander **out, const struct expander_config *c,
                                 const struct model *m, const struct tokenizer *t);
void expander_free(struct expander *e);

// Queues a task (copied).  ERR_INPUT where it can never fit (prompt too long for the
// model's positions, or for the key/value pages) or be graded: the message says why.
CHECKED enum status expander_add(struct expander *e, const struct msg_task *task);
// Drops a task by its lease id, finished or not.
void expander_cancel(struct expander *e, uint64_t lease);

// One decode step over all open branches; *worked = 0 where there is nothing to do.
// Where only the judge has work left, waits for it a few milliseconds.
CHECKED enum status expander_step(struct expander *e, int *worked);

// Takes one finished and graded tree (with the lease it belongs to); *got = 0 where
// there is none.
CHECKED enum status expander_take(struct expander *e, uint64_t *lease, struct tree *out,
                                  int *got);
// Tokens of its prompt that were computed for the task taken last; the others stood in
// the common root (rollout/root.h).
int32_t expander_taken_prefilled(const struct expander *e);

// Between two versions of the model's weights, with no task open: what was computed of
// the old ones is of no use.
void expander_weights_changed(struct expander *e);

size_t expander_open_tasks(const struct expander *e);
double expander_flops(const struct expander *e);
int64_t expander_generated_tokens(const struct expander *e);

#endif

// The common root: what the prompts of many tasks begin with alike (a system prompt,
// the head of a template, worked examples), computed once and kept until the weights
// change.
//
// A task says how many leading tokens of its prompt others have too (msg_task.common).
// They become one branch of the cache, in whole pages, so that a prompt takes no page
// more for hanging below it; at least one token of every prompt is the prompt's own.
// The branch's pages come from the pool that promises are made of.  Where no prompt
// hangs below it and a task lacks pages, it is given up: so nobody waits for it for
// ever.  What is sampled depends on none of this.  Private to the layer.
#ifndef ROLLOUT_ROOT_H
#define ROLLOUT_ROOT_H

#include "task_state.h"

#include "model/decode.h"

struct common_root {
    int32_t *tokens;
    int32_t n; // tokens, a multiple of KV_PAGE; 0: there is none
    size_t capacity;
    int32_t branch;
    int32_t users; // prompts that hang below it
};

// How many tokens of the task's prompt shall come from a root: the present one, or
// (*fresh = 1) one that root_make has to make, for which this gives an old one up.
struct expander;
int32_t root_offer(struct expander *e, const struct msg_task *spec, int *fresh);

// Computes the first n tokens of a prompt as the root and takes their pages from the
// pool, which holds them.  Fails as decode_prefill does; there is no root then.
CHECKED enum status root_make(struct expander *e, const int32_t *tokens, int32_t n);

// Gives its pages back to the pool.  Nothing hangs below it.
void root_give_up(struct expander *e);

#endif

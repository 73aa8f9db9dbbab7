// From a step's number to its tasks: which prompts, and the random key of each.
#ifndef LEARNER_PLAN_H
#define LEARNER_PLAN_H

#include "base/rng.h"
#include "proto/message.h"

// Where prompts come from.  `fill` sets prompt_id, prompt, n_prompt, verifier, answer
// and prefill (the arrays allocated; the task's owner frees them) of the position-th
// prompt of the run.
struct prompt_source {
    void *context;
    enum status (*fill)(void *context, uint64_t position, struct msg_task *task);
};

// What all tasks of a run have in common.
struct plan {
    struct prompt_source prompts;
    uint64_t seed;
    enum rng_purpose purpose;
    int32_t branch[PROTO_MAX_BRANCH_DEPTHS];
    int32_t n_branch;
    struct branching rule; // rates and means of this step, most, budget
    struct cutoff_rule cutoff;
    int32_t step_tokens, max_new_tokens;
    float temperature;
    // 1: every task says what of its prompt the others of its step begin with too, and
    // so do these tokens (borrowed; none: n_like 0).
    int common_root;
    const int32_t *like;
    size_t n_like;
};

// Sets the rule's rates and means of the next step by what earlier ones have shown. The
// rates spend as many tokens as the branches of the plan would.
void plan_adapt(struct plan *plan, const struct anova *seen);

// The tasks of step `step`: prompts [first, first + n) of the source, to be sampled by
// `version`.  Keys are (seed, purpose, step, slot).  The owner calls plan_free.
CHECKED enum status plan_tasks(const struct plan *plan, uint64_t step, uint64_t first,
                               size_t n, uint64_t version, struct msg_task **out);
void plan_free(struct msg_task *tasks, size_t n);

#endif

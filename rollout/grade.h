// Rewards of leaves, and early verdicts on steps.  An answer is compared at once; a
// program is handed to the judge and a reply to the user's own program: their processes
// work beside the sampling, and the reward arrives later.  One thread; the owner calls
// grader_free.
#ifndef ROLLOUT_GRADE_H
#define ROLLOUT_GRADE_H

#include "task_state.h"

#include "judge/judge.h"
#include "reward/reward.h"
#include "text/tokenizer.h"

struct grader;

// The judge starts with the first task that needs it, the user's program (NULL: none)
// now.  ERR_INPUT: no sandbox for it; ERR_IO, ERR_NOMEM.
CHECKED enum status grader_new(struct grader **out, const struct judge_config *judge,
                               const struct reward_config *reward,
                               const struct tokenizer *text);
void grader_free(struct grader *g);

// Whether tasks of this verifier can be graded here.  ERR_INPUT says why not.
CHECKED enum status grader_accept(struct grader *g, int32_t verifier);

// Grades a leaf that has just ended.  Only a text that the model ended is an answer: a
// leaf out of tokens has reward 0.  ERR_NOMEM; ERR_INPUT: the task's tests are no
// tests.
CHECKED enum status grader_leaf(struct grader *g, struct task_state *t, int32_t node);

// Looks at a step that has just ended and would branch, where the task cuts off: a text
// that can no longer be right is flagged (task_flag); a program's verdict comes later,
// and until then the node is `ungraded`.  ERR_NOMEM; ERR_INPUT as for a leaf.
CHECKED enum status grader_step(struct grader *g, struct task_state *t, int32_t node);

// Stores the verdicts that have come in the tasks they belong to; waits for the first
// at most wait_ms.  *stored: how many.  ERR_INPUT: the user's program failed.
CHECKED enum status grader_poll(struct grader *g, int64_t wait_ms,
                                struct task_state *const *tasks, size_t n_tasks,
                                int *stored);
// Forgets the verdicts that a task still waits for.
void grader_drop(struct grader *g, const struct task_state *t);

size_t grader_pending(const struct grader *g);

#endif

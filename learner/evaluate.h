// Evaluation: a state machine like the learner's, without training.  It samples
// `samples` flat chains of every problem, chunk by chunk, and hands each chunk's trees
// out in problem order.
#ifndef LEARNER_EVALUATE_H
#define LEARNER_EVALUATE_H

#include "comm/outbox.h"
#include "learner/dispatch.h"
#include "learner/plan.h"
#include "model/model.h"

struct evaluate_config {
    struct dispatch_config dispatch;
    struct plan plan; // branch = {samples}
    uint64_t problems;
    size_t chunk; // problems in flight at once
};

struct evaluate;
// Borrows the model, whose parameters the workers that lack them are given: no copy is
// made before one asks.
CHECKED enum status evaluate_new(struct evaluate **out, const struct evaluate_config *c,
                                 struct model *m, int64_t now_ms);
void evaluate_free(struct evaluate *e);

CHECKED enum status evaluate_start(struct evaluate *e, int64_t now_ms,
                                   struct outbox *out);
CHECKED enum status evaluate_receive(struct evaluate *e, int rank, const uint8_t *bytes,
                                     size_t len, int64_t now_ms, struct outbox *out);
CHECKED enum status evaluate_tick(struct evaluate *e, int64_t now_ms,
                                  struct outbox *out);
CHECKED enum status evaluate_work(struct evaluate *e, int64_t now_ms,
                                  struct outbox *out, int *worked);
// A finished chunk: trees of problems [*first, *first + *n), borrowed until the next
// call; *n = 0 where none is waiting.  The next chunk begins only after this.
void evaluate_take(struct evaluate *e, uint64_t *first, struct tree *const **trees,
                   size_t *n);
// What the workers computed of the prompts (learner/dispatch.h).
struct prompt_tokens evaluate_prompt_tokens(const struct evaluate *e);
int evaluate_done(const struct evaluate *e);

#endif

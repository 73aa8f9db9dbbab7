// Subtree reuse in a step: fresh trees take further children from the replay store, and
// the store takes the fresh ones.
#ifndef LEARNER_REGROW_H
#define LEARNER_REGROW_H

#include "replay.h"
#include "trainer.h"

enum { REUSE_MAX_AGE = 15 };

struct reuse_config {
    int on;
    int32_t depth;    // of the nodes that take children; 0: the prompt
    int32_t children; // that one node takes at most
    int32_t max_age;  // in policy versions, 1 to REUSE_MAX_AGE
    // An age is used where the paths of that age had this effective sample size (of 1)
    // in earlier steps.  Judged by those, and not by the step's own weights, it does
    // not depend on what it lets in.
    double min_ess;
    size_t max_bytes; // of the store
    int32_t visits;   // steps in a row in which a prompt stands
    int32_t again;    // steps after its own in which a tree is trained once more, alone
};

// What earlier steps have shown, by age; doubles alone, for the checkpoint.
struct reuse_memory {
    struct reuse_weights {
        double n, sum, square_sum; // of path weights
    } ages[REUSE_MAX_AGE + 1];
};

struct reuse_stats {       // of one step
    int64_t nodes, tokens; // that were used again
    double flops;          // for their log-probs
    struct reuse_weights weights;
    double gap, gaps; // sum and count of regrow_gap
};

// Gives fresh[0..n) (canonical) further children, weighted for the trainer's policy,
// whose version is the trees'; out[0..n), empty before and where this fails, are
// trees of their own.  Adds to stats and to *seen, the memory of the next step.
// ERR_NOMEM, ERR_LIMIT.
CHECKED enum status regrow(struct tree *out, struct tree *const *fresh, size_t n,
                           const struct reuse_config *c, const struct replay *store,
                           const struct reuse_memory *memory, struct trainer *trainer,
                           struct reuse_memory *seen, struct reuse_stats *stats);

// Copies of entries that are trained once more, weighted for the trainer's policy.
struct regrow_pack {
    struct tree *trees, **views; // to each of them
    size_t n;
};
void regrow_pack_free(struct regrow_pack *p);
// The next ones, from entry *at on, as many as one pack takes; none: there are no more.
// *at moves behind them.  ERR_NOMEM, ERR_LIMIT.
CHECKED enum status regrow_again(struct regrow_pack *out, const struct replay *store,
                                 size_t *at, const struct reuse_config *c,
                                 const struct reuse_memory *memory,
                                 struct trainer *trainer, uint64_t version,
                                 struct reuse_memory *seen, struct reuse_stats *stats);

// Of a credited tree whose root's children from `own` on were used again: their
// weighted mean value less the fresh ones' mean is added to the stats.  On average 0
// where the weights are unbiased.
void regrow_gap(const struct tree *grown, int32_t own, const struct reuse_rule *rule,
                struct reuse_stats *stats);

// Stores a fresh tree's subtrees.  ERR_NOMEM, ERR_LIMIT.
CHECKED enum status regrow_store(struct replay *store, const struct tree *fresh,
                                 const struct reuse_config *c);

// Old knowledge fades, the step's is added.
void regrow_learn(struct reuse_memory *memory, const struct reuse_memory *seen);

#endif

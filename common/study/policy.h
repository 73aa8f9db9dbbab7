// A policy small enough to enumerate: a tree of prefixes, a few symbols to go on with
// at each, one logit a symbol, and a reward at each leaf.
//
// Some prefixes end early, so that leaves lie at several depths.  A step is its
// symbol's token and, where its length is more than one, tokens that carry no choice.
// Prefixes are numbered by depth, parents first, and the children of one stand side by
// side. The owner calls policy_free; read by any thread.
#ifndef STUDY_POLICY_H
#define STUDY_POLICY_H

#include "base/rng.h"
#include "base/status.h"

#include <stdint.h>

enum { POLICY_MAX_SYMBOLS = 8, POLICY_MAX_DEPTH = 6, POLICY_MAX_LENGTH = 256 };

struct prefix {
    int32_t parent; // -1 at the root
    int32_t depth;
    int32_t first_child; // -1: a leaf
    int32_t length;      // tokens of the step that leads here
    double logit;        // of that step
    double score;        // sum of the steps' random effects: a leaf's reward follows it
    double reward;       // of a leaf, in [0, 1]
    // Exact, by policy_solve:
    double probability, log_probability; // of the step that leads here
    double entropy;                      // of the choice that leads here, nats
    double reach;                        // probability of the whole prefix
    double value;                        // V^pi: expected reward
};

struct policy {
    int32_t symbols, depth;
    int32_t n; // prefixes; 0 is the empty one
    struct prefix *prefixes;
};

struct policy_shape {
    int32_t symbols, depth;
    double ends;     // probability that a prefix short of `depth` is a leaf
    int graded;      // rewards in [0, 1]; else 0 or 1
    int32_t longest; // tokens of a step: 1 to this
};

void policy_free(struct policy *p);

// Draws logits, ends, lengths and rewards, and solves.  ERR_INPUT, ERR_NOMEM.
CHECKED enum status policy_make(struct policy *out, const struct policy_shape *shape,
                                struct rng_key key);

// One step, reward 1 with probability p in (0, 1).  ERR_NOMEM.
CHECKED enum status policy_coin(struct policy *out, double p);

// The same prefixes and rewards with logits moved by spread * N(0, 1).  ERR_NOMEM.
CHECKED enum status policy_moved(struct policy *out, const struct policy *p,
                                 double spread, struct rng_key key);

// Every exact number again, from logits and rewards.
void policy_solve(struct policy *p);

static inline int policy_is_leaf(const struct policy *p, int32_t prefix)
{
    return p->prefixes[prefix].first_child < 0;
}

// The child of a prefix that `uniform` in [0, 1) falls on, by the probabilities
// without child `excluded` (-1: of all).
int32_t policy_draw(const struct policy *p, int32_t prefix, int32_t excluded,
                    double uniform);

#endif

// Early cutoff: a step that a partial verifier calls invalid goes on with probability
// keep = 1 - cut only; else its path ends there as NODE_CUT.
//
// What such a node is worth (V: the mean of its children, c: the control):
//   zero      V where it goes on, 0 where it was cut; biased by -(1 - keep) E[V] a flag
//   roulette  c + (V - c) / keep where it goes on, c where it was cut: unbiased for any
//             c, least noisy for c = E[V | flag]; descendants weigh 1/keep
// In both modes the kept ones show how often the verifier was wrong, and what the
// zero mode's bias is.  Functions of finished trees; any thread.
#ifndef TREE_CUTOFF_H
#define TREE_CUTOFF_H

#include "tree.h"

enum cutoff_mode { CUTOFF_OFF, CUTOFF_ZERO, CUTOFF_ROULETTE, CUTOFF_MODES };

// ERR_INPUT lists the names.
CHECKED enum status cutoff_mode_by_name(enum cutoff_mode *out, const char *name);

struct cutoff_rule {
    float cut;     // probability that a flagged step ends its path; 0: no cutoff
    float control; // in [0, 1]; 0 in the zero mode
};

// The counter of a node's key that decides whether a flagged node goes on.
#define CUTOFF_DRAW (((uint64_t)1 << 62) + 1)

static inline int cutoff_flagged(const struct tree_node *n)
{
    return n->keep < 1.0F;
}

// What flagged nodes showed; sums over trees.
struct cutoff_stats {
    double steps;   // share of the trees' steps that were looked at: branched or cut
    double flagged; // of these, called invalid
    double cut;     // of these, ended there
    double kept;    // share of flagged nodes that went on
    double right;   // of these, the value: paths that would have come right
    double probes;  // flagged nodes that went on, a count
    double bias;    // sum over trees of (zero mode's root value - the unbiased one)
    double trees;
};

// Adds a tree with rewards.  A node's share is the 1/b product above it.  ERR_NOMEM.
CHECKED enum status cutoff_add(struct cutoff_stats *s, const struct tree *t);
void cutoff_fade(struct cutoff_stats *s, double keep); // all before counts `keep` times
// Of flagged paths that go on, the mean value: 0 where none did.
double cutoff_false_rate(const struct cutoff_stats *s);

#endif

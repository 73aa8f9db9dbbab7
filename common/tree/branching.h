// How many children a node gets.
//
// Every rule looks at the prefix alone, at what earlier training steps have shown, and
// at a random number that is the node's own: never at values sampled below the node
// (that would be optional stopping).  So the mean over children stays unbiased whatever
// the rule chooses.  Pure functions, any thread.
#ifndef TREE_BRANCHING_H
#define TREE_BRANCHING_H

#include "anova.h"

#include <stdint.h>

enum branch_rule {
    BRANCH_FIXED,    // rate[d] children
    BRANCH_ENTROPY,  // more where the step's mean entropy is above its depth's mean
    BRANCH_VARIANCE, // FIXED by rates in proportion to sigma_d, from earlier steps
    BRANCH_NEYMAN,   // FIXED by the rates of least variance for the tokens, likewise
    BRANCH_RULES
};

const char *branch_rule_name(enum branch_rule rule);
CHECKED enum status branch_rule_by_name(enum branch_rule *out, const char *name);

enum { BRANCH_MAX_DEPTH = ANOVA_MAX_DEPTH };
#define BRANCH_LEAST 1.125

struct branching {
    enum branch_rule rule;
    int32_t depths;                // at which nodes branch
    int32_t most;                  // children of one node
    double rate[BRANCH_MAX_DEPTH]; // mean children of a node of depth d; a fraction is
                                   // rounded up with its own probability
    double entropy[BRANCH_MAX_DEPTH]; // ENTROPY: mean of the steps that end at depth d,
                                      // nats a token; 0: unknown, as FIXED
    double sharpness;                 // ENTROPY: exponent of step over mean entropy
    int64_t budget; // generated tokens of the whole tree, a hard bound; 0: none
};

// Whether counts differ from the rates, which then are whole numbers.
static inline int branching_adapts(const struct branching *b)
{
    return b->rule != BRANCH_FIXED || b->budget > 0;
}

// What one node is decided by.
struct branch_view {
    int32_t depth;       // of the node; 0: the root
    double entropy;      // mean over its own tokens, nats; the root's counts as unknown
    double uniform;      // in [0, 1), drawn for this node alone
    int64_t tokens_left; // of the budget, for everything below the node
    int32_t path_left;   // tokens that one path below it may still take, >= 1
};

// Children of the node, in [1, most].  With a budget never more than paths of full
// length fit, so that no path below is ever cut short for a sibling's sake.
int32_t branching_children(const struct branching *b, const struct branch_view *v);

// The counter of a node's key that is drawn for `uniform`; tokens count from 0.
#define BRANCH_DRAW ((uint64_t)1 << 62)

// The share of `tokens_left` that each of n children gets.
int64_t branching_share(int64_t tokens_left, int32_t n);

// The rates for `tokens` generated tokens a tree, in place of b->rate: VARIANCE and
// NEYMAN once `a` knows every depth; others, and before that, keep theirs.
// A depth of single children would never show its variance again, so that a planned
// rate is BRANCH_LEAST at least.
//   NEYMAN    N_d proportional to sigma_d / sqrt(L_d), made non-decreasing
//   VARIANCE  N_d proportional to sigma_d, likewise
// with sum_d N_d L_d = tokens and rate_d = N_d / N_{d-1}, at most `most`.
void branching_plan(struct branching *b, const struct anova *a, double tokens);

#endif

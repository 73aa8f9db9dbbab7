// Values and advantages: from leaf rewards to one number for every token.
//
// Value (TreeRPO, arXiv 2506.05183): V(leaf) = reward, V(n) = mean over CHILDREN of V,
// never over leaves: the leaf mean is biased when branching depends on the prefix.
// A node with one child is one edge with that child: it takes the advantage and the
// weight of the ancestor edge, so no generated token is left without one.  Where
// nothing has branched above it, there is no sibling to compare with and the baseline
// is 0: the advantage is the value itself (etreerpo; still unbiased) or 0 (treerpo, as
// published).
//
// A step that was cut with some probability, or that an earlier policy sampled, counts
// as tree/cutoff.h and tree/reuse.h say.  The baseline of leave-one-out is then the
// others' weighted mean: it does not depend on the child, so the gradient stays
// unbiased.
#ifndef TREE_CREDIT_H
#define TREE_CREDIT_H

#include "tree/anova.h"
#include "tree/cutoff.h"
#include "tree/reuse.h"
#include "tree/tree.h"

enum credit_method {
    // Leave-one-out value against the siblings, A_j = V_j - mean of the other V, and
    // weight prod over ancestors of 1/b: the unbiased gradient.
    CREDIT_ETREERPO,
    // V_j minus the group's mean (with itself), normalised, unweighted, groups without
    // signal dropped: as published.
    CREDIT_TREERPO,
    // All leaves of the prompt as one flat group; a node's advantage is the mean of its
    // leaves' and its weight their share: exactly the sum over flattened paths.
    CREDIT_GRPO, // (R - mean) / std
    CREDIT_RLOO, // R - mean of the others
};

enum credit_norm { CREDIT_NORM_NONE, CREDIT_NORM_STD, CREDIT_NORM_BERNOULLI };
enum credit_weight { CREDIT_WEIGHT_EXACT, CREDIT_WEIGHT_SQRT, CREDIT_WEIGHT_NONE };

// What an advantage is taken against, for etreerpo.
enum credit_baseline {
    CREDIT_SIBLINGS, // the other children of the parent
    // These and the parent's own baseline, each by its precision: the fewer siblings
    // and the less the parent's step decides, the more the whole tree has a say.  Both
    // are independent of the child, so the gradient stays unbiased.
    CREDIT_TREE,
};

// What earlier steps know (tree/anova.h), for CREDIT_TREE; all 0: nothing yet, and
// siblings alone count.  Must not depend on the tree it is used for.
struct credit_prior {
    double
        sigma2[ANOVA_MAX_DEPTH]; // [d - 1]: variance of V that a step of depth d adds
    double mean;                 // of V over prompts, where a root has one child
};

struct credit_config {
    enum credit_method method;
    // Divides by std, or by V(1-V) of the group's mean; CREDIT_TREE: of the root's,
    // whose std is sqrt(V(1-V)).
    enum credit_norm norm;
    enum credit_weight weight; // prod 1/b, its square root, or 1
    enum credit_baseline baseline;
    struct credit_prior prior;
    enum cutoff_mode cutoff; // how kept flagged steps count; grpo, rloo: as any other
    struct reuse_rule reuse; // how a ratio counts; grpo, rloo: not at all
};

// The defaults that belong to a method by its name: etreerpo, treerpo, grpo, rloo.
// ERR_INPUT lists the names.
CHECKED enum status credit_by_name(struct credit_config *out, const char *name);

// What one tree contributed, for metrics and for the loss's normaliser.
struct credit_stats {
    int64_t groups;        // step groups (or prompts for grpo, rloo) of two or more
    int64_t silent_groups; // of these, max = min of the RAW rewards below them (and of
                           // the values of flagged steps)
    int64_t leaves;
    int64_t signal_tokens; // generated tokens with weight * advantage != 0
    double weight_tokens;  // sum of weight over those tokens
    double reward_sum;     // over leaves
    double root_value;
};

// Fills value, advantage and weight of every node; adds to *stats (may be NULL).
// ERR_NOMEM.
CHECKED enum status credit_assign(struct tree *t, const struct credit_config *config,
                                  struct credit_stats *stats);

#endif

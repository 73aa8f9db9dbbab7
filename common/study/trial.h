// One tree of a grower, credited as in training, and the numbers that most cells need.
// Private to study.
#ifndef STUDY_TRIAL_H
#define STUDY_TRIAL_H

#include "grow.h"
#include "study.h"

#include "tree/credit.h"

// The numbers of trial_sample.
enum trial_number {
    TRIAL_VALUE,  // of the root
    TRIAL_SQUARE, // (value - exact)^2
    TRIAL_SECOND, // value^2
    TRIAL_LEAVES,
    TRIAL_LEAF_REST, // sum of the leaves' rewards - leaf_mean * leaves
    TRIAL_TOKENS,    // generated
    TRIAL_NUMBERS
};

struct trial {
    struct grower grower;
    struct credit_config credit;
    double exact, leaf_mean;
    // Reuse: the grower's policy is an earlier one, this the policy that is learned
    // from its trees; the root's first `fresh` children are sampled from it.  Or NULL.
    const struct policy *target;
    int32_t fresh;
};

// A trial of a policy under a rule, credited by `method` (etreerpo, ...).
struct trial trial_of(const struct policy *p, children_fn *children,
                      const void *context, const char *method);

sample_fn trial_sample; // context: struct trial; TRIAL_NUMBERS numbers

// Grows and credits one tree in scratch.
CHECKED enum status trial_tree(const struct trial *t, struct rng_key key,
                               struct tree *scratch);

// FIXED rates 1, ..., where `rates` ends with 0.
struct branching trial_rule(const struct policy *p, const double *rates);

// The policies of the study: `shape` draws, from a key of its own.
CHECKED enum status trial_policy(struct policy *out, struct policy_shape shape,
                                 uint64_t which);

#endif

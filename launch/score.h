// The score of an evaluation: what the sampled chains of a data set's problems are
// worth.
#ifndef LAUNCH_SCORE_H
#define LAUNCH_SCORE_H

#include "base/buf.h"
#include "data/dataset.h"
#include "learner/metrics.h"
#include "text/tokenizer.h"
#include "tree/tree.h"

struct score {
    size_t problems;  // scored so far, from 0 on
    int64_t samples;  // per problem
    double *correct;  // (problems): right samples, those with a reward of 1
    double *rewards;  // (problems): sum of the samples' rewards
    double *majority; // (problems): 1 where the most frequent answer is right
    double leaves, tokens, truncated;       // over all chains
    double steps, valid_steps, right_steps; // of problems whose steps can be judged
    double votes;                           // distinct answers, over all problems
    double between;                         // samples with a reward between 0 and 1
};

// Room for n problems.  The owner calls score_free.  ERR_NOMEM.
CHECKED enum status score_new(struct score *s, size_t n, int64_t samples);
void score_free(struct score *s);

// Adds the tree of the next problem; what is looked at is `prefill`, with which the
// reply began, and the generated text.  ERR_NOMEM.
CHECKED enum status score_add(struct score *s, const struct tree *t,
                              const struct problem *p, const char *prefill,
                              const struct tokenizer *tokenizer);

struct metrics_mean score_pass_at(const struct score *s, int64_t k);
struct metrics_mean score_majority(const struct score *s);
struct metrics_mean score_reward(const struct score *s); // of one sample

// For a reader, and as one JSON object.
void score_print(const struct score *s, const char *how, struct buf *out);
void score_json(const struct score *s, struct buf *out);

#endif

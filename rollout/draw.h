// One token drawn from each of several rows of logits.
#ifndef ROLLOUT_DRAW_H
#define ROLLOUT_DRAW_H

#include "base/rng.h"

#include <stdint.h>

struct draw {
    const float *logits; // (vocab), borrowed
    struct rng_key key;  // of the node's path
    uint64_t position;   // of the token among the path's generated tokens
    float temperature;   // 0: the most likely token
    // Results: the token, and its log-prob and the row's entropy (nats) in the sampling
    // distribution; for a greedy row in the distribution at temperature 1.
    int32_t token;
    float log_prob, entropy;
};

// Fills the results of all n draws, on all threads of the process.
void draw_tokens(struct draw *draws, int32_t n, int32_t vocab);

#endif

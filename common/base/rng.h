// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC 2011).
//
// A number is a pure function of a key and a counter; no state lives anywhere.  So no
// rank, arrival order, restart or thread changes what is drawn.  Keys are derived along
// the path (seed, purpose, step, prompt, node path) and the counter is the position.
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

// What the numbers are for: two purposes never share a stream.
enum rng_purpose {
    RNG_DATA = 1,   // generating and shuffling problems
    RNG_INIT = 2,   // initial parameters
    RNG_SAMPLE = 3, // token sampling in training rollouts
    RNG_EVAL = 4,   // token sampling in evaluation
    RNG_TEST = 5,
};

struct rng_key {
    uint64_t k;
};

struct rng_key rng_root(uint64_t seed, enum rng_purpose purpose);

// The key of a child stream: step of a run, prompt of a step, child of a tree node.
struct rng_key rng_child(struct rng_key parent, uint64_t index);

uint64_t rng_u64(struct rng_key key, uint64_t counter);
double rng_uniform(struct rng_key key, uint64_t counter);             // [0, 1), 53 bits
uint64_t rng_below(struct rng_key key, uint64_t counter, uint64_t n); // [0, n), n > 0
double rng_normal(struct rng_key key, uint64_t counter);              // N(0, 1)

#endif

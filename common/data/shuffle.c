#include "dataset.h"
#include "streams.h"

#include "base/rng.h"

enum { ROUNDS = 8 };

// One pass of a Feistel network over 2 * half bits: a bijection whatever the round
// function is (Luby and Rackoff, 1988).
static uint64_t permute(struct rng_key key, unsigned half, uint64_t x)
{
    uint64_t mask = ((uint64_t)1 << half) - 1;
    uint64_t left = x >> half, right = x & mask;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t mixed = left ^ (rng_u64(rng_child(key, round), right) & mask);
        left = right;
        right = mixed;
    }
    return left << half | right;
}

uint64_t dataset_shuffled(uint64_t seed, uint64_t epoch, uint64_t n, uint64_t i)
{
    if (i >= n)
        return i;
    struct rng_key key = rng_child(rng_root(seed, RNG_DATA), STREAM_SHUFFLE);
    key = rng_child(key, epoch);
    unsigned half = 1;
    while (half < 32 && (uint64_t)1 << (2 * half) < n)
        half++;
    // Walk the cycle until it is back in [0, n): still a bijection there; the domain is
    // less than 4 n, so this takes few passes.
    do {
        i = permute(key, half, i);
    } while (i >= n);
    return i;
}

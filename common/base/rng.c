#include "rng.h"

#include <math.h>

__extension__ typedef unsigned __int128 uint128;

struct block {
    uint32_t x[4];
};

static struct block philox(struct rng_key key, uint64_t counter, uint64_t lane)
{
    struct block b = {{(uint32_t)counter, (uint32_t)(counter >> 32), (uint32_t)lane,
                       (uint32_t)(lane >> 32)}};
    uint32_t k0 = (uint32_t)key.k, k1 = (uint32_t)(key.k >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * b.x[0];
        uint64_t p1 = (uint64_t)0xCD9E8D57u * b.x[2];
        b = (struct block){{(uint32_t)(p1 >> 32) ^ b.x[1] ^ k0, (uint32_t)p1,
                            (uint32_t)(p0 >> 32) ^ b.x[3] ^ k1, (uint32_t)p0}};
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return b;
}

static uint64_t first_u64(struct block b)
{
    return (uint64_t)b.x[0] | (uint64_t)b.x[1] << 32;
}

enum { LANE_VALUE = 0, LANE_CHILD = 1 };

struct rng_key rng_root(uint64_t seed, enum rng_purpose purpose)
{
    return rng_child((struct rng_key){seed}, (uint64_t)purpose);
}

struct rng_key rng_child(struct rng_key parent, uint64_t index)
{
    return (struct rng_key){first_u64(philox(parent, index, LANE_CHILD))};
}

uint64_t rng_u64(struct rng_key key, uint64_t counter)
{
    return first_u64(philox(key, counter, LANE_VALUE));
}

double rng_uniform(struct rng_key key, uint64_t counter)
{
    return (double)(rng_u64(key, counter) >> 11) * 0x1p-53;
}

uint64_t rng_below(struct rng_key key, uint64_t counter, uint64_t n)
{
    // Multiply-shift: the bias is below n / 2^64.
    return (uint64_t)(((uint128)rng_u64(key, counter) * n) >> 64);
}

double rng_normal(struct rng_key key, uint64_t counter)
{
    struct block b = philox(key, counter, LANE_VALUE);
    double u = ((double)(first_u64(b) >> 11) + 0.5) * 0x1p-53;
    double v = (double)(((uint64_t)b.x[2] | (uint64_t)b.x[3] << 32) >> 11) * 0x1p-53;
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

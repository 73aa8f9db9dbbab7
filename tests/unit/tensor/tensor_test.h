// What the tests of the numeric operations share: random operands, comparisons, and
// running a test on one and on several threads.
#ifndef TENSOR_TEST_H
#define TENSOR_TEST_H

// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "base/mem.h"
#include "base/par.h"
#include "base/rng.h"
#include "tensor/ops.h"

#include <math.h>
#include <string.h>

static inline void *test_new(size_t count, size_t size)
{
    void *memory = NULL;
    assert_int_equal(mem_new(&memory, count, size), OK);
    return memory;
}

static inline float *new_floats(size_t n)
{
    return test_new(n, sizeof(float));
}

static inline struct rng_key test_key(uint64_t stream)
{
    return rng_child(rng_root(7, RNG_TEST), stream);
}

// n numbers of mean 0 and variance 1, without libm: the same on any machine.
static inline float *random_floats(size_t n, uint64_t stream)
{
    float *x = new_floats(n);
    for (size_t i = 0; i < n; i++)
        x[i] = 3.4641F * ((float)rng_uniform(test_key(stream), i) - 0.5F);
    return x;
}

static inline float *copy_floats(const float *from, size_t n)
{
    float *x = new_floats(n);
    memcpy(x, from, n * sizeof *x);
    return x;
}

static inline int32_t *random_ints(size_t n, int below, uint64_t stream)
{
    int32_t *x = test_new(n, sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = (int32_t)rng_below(test_key(stream), i, (uint64_t)below);
    return x;
}

// order := a random permutation of [0, n).
static inline void shuffle(int *order, int n, uint64_t stream)
{
    for (int i = 0; i < n; i++)
        order[i] = i;
    for (int i = n - 1; i > 0; i--) {
        int k = (int)rng_below(test_key(stream), (uint64_t)i, (uint64_t)i + 1);
        int swap = order[i];
        order[i] = order[k];
        order[k] = swap;
    }
}

static inline void assert_near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.9g is not %.9g (+- %.2g)", got, want, tolerance);
}

static inline void assert_same_bits(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(a + i, b + i, sizeof *a) != 0)
            fail_msg("element %zu: %.9g is not bitwise %.9g", i, (double)a[i],
                     (double)b[i]);
}

// FNV-1a over the bytes: equal on every machine, whatever its vectors.
static inline uint64_t hash_floats(const float *x, size_t n)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        for (int k = 0; k < 32; k += 8)
            hash = (hash ^ ((bits >> k) & 0xff)) * UINT64_C(0x100000001b3);
    }
    return hash;
}

// Runs `body` with one thread, then with three.
static inline void on_threads(void (*body)(void))
{
    body();
    assert_int_equal(par_start(3, 20), OK);
    body();
    par_stop();
}

#endif

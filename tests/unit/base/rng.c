// Philox4x32-10 against the published vectors, and what is drawn with it against its
// distributions.
#include "base/rng.h"

#include "base_test.h"

#include <math.h>

// ---- the published function --------------------------------------------------------

struct words {
    uint32_t w[4];
};

// The generator as Salmon et al. (SC 2011) write it, apart from the library's.
static struct words reference(struct words c, uint32_t k0, uint32_t k1)
{
    for (int round = 0; round < 10; round++) {
        uint64_t left = UINT64_C(0xD2511F53) * c.w[0];
        uint64_t right = UINT64_C(0xCD9E8D57) * c.w[2];
        struct words next = {{(uint32_t)(right >> 32) ^ c.w[1] ^ k0, (uint32_t)right,
                              (uint32_t)(left >> 32) ^ c.w[3] ^ k1, (uint32_t)left}};
        c = next;
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
    return c;
}

static struct words at(struct rng_key key, uint64_t counter, uint64_t lane)
{
    struct words c = {{(uint32_t)counter, (uint32_t)(counter >> 32), (uint32_t)lane,
                       (uint32_t)(lane >> 32)}};
    return reference(c, (uint32_t)key.k, (uint32_t)(key.k >> 32));
}

static uint64_t low(struct words w)
{
    return w.w[0] | (uint64_t)w.w[1] << 32;
}

static uint64_t high(struct words w)
{
    return w.w[2] | (uint64_t)w.w[3] << 32;
}

// Counter, key, output: kat_vectors of Random123, lines "philox4x32 10".
static const uint32_t published[][10] = {
    {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
    {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d,
     0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
    {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09,
     0x94fdcceb, 0x5001e420, 0x24126ea1},
};

static void the_reference_gives_the_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const uint32_t *v = published[i];
        struct words out =
            reference((struct words){{v[0], v[1], v[2], v[3]}}, v[4], v[5]);
        assert_memory_equal(out.w, v + 6, sizeof out.w);
    }
}

static double normal_of(struct words w)
{
    double u = ((double)(low(w) >> 11) + 0.5) * 0x1p-53;
    return sqrt(-2.0 * log(u)) *
           cos(6.283185307179586 * (double)(high(w) >> 11) * 0x1p-53);
}

// The first published vector through the public functions, all 128 bits of it.
static void the_first_vector_is_drawn(void **state)
{
    (void)state;
    struct rng_key zero = {0};
    assert_true(rng_u64(zero, 0) == UINT64_C(0xe169c58d6627e8d5));
    assert_true(rng_uniform(zero, 0) ==
                (double)(UINT64_C(0xe169c58d6627e8d5) >> 11) * 0x1p-53);
    assert_true(rng_below(zero, 0, 1000) == 880); // floor(0.88052... x 1000)
    struct words out = {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}};
    assert_true(fabs(rng_normal(zero, 0) - normal_of(out)) < 1e-12);
}

// Values are drawn in lane 0 of the counter, child keys in lane 1: no two numbers share
// a block.
static void values_and_children_are_the_reference(void **state)
{
    (void)state;
    struct rng_key key = {UINT64_C(0x299f31d0a4093822)};
    const uint64_t counters[] = {0, 1, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};
    for (int i = 0; i < 1000; i++) {
        for (size_t k = 0; k < sizeof counters / sizeof *counters; k++) {
            uint64_t c = counters[k];
            assert_true(rng_u64(key, c) == low(at(key, c, 0)));
            assert_true(rng_child(key, c).k == low(at(key, c, 1)));
            assert_true(fabs(rng_normal(key, c) - normal_of(at(key, c, 0))) < 1e-12);
        }
        key = rng_child(key, (uint64_t)i);
    }
    for (int purpose = RNG_DATA; purpose <= RNG_TEST; purpose++)
        assert_true(rng_root(7, (enum rng_purpose)purpose).k ==
                    low(at((struct rng_key){7}, (uint64_t)purpose, 1)));
}

// ---- distributions -----------------------------------------------------------------

// Fixed keys: each statistic is one number, within 4 standard errors of its
// expectation.

enum { DRAWS = 1 << 20, BINS = 256 };

static struct rng_key test_key(uint64_t index)
{
    return rng_child(rng_root(1, RNG_TEST), index);
}

static void expect_even(const int64_t *counts, int bins, int64_t draws)
{
    double expected = (double)draws / bins, chi_square = 0.0;
    for (int i = 0; i < bins; i++)
        chi_square += pow((double)counts[i] - expected, 2) / expected;
    double z = (chi_square - (bins - 1)) / sqrt(2.0 * (bins - 1));
    if (!(fabs(z) < 4))
        fail_msg("chi-square %g on %d bins: z = %g", chi_square, bins, z);
}

static void uniforms_fill_the_interval_evenly(void **state)
{
    (void)state;
    int64_t coarse[BINS] = {0}, pairs[BINS] = {0}, fine[BINS] = {0};
    double before = 0.5, sum = 0.0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        double u = rng_uniform(test_key(0), i);
        assert_true(u >= 0.0 && u < 1.0);
        coarse[(int)(u * BINS)]++;
        fine[(int)(fmod(u * 0x1p20, 1.0) * BINS)]++;
        pairs[(int)(before * 16) * 16 + (int)(u * 16)]++;
        sum += u;
        before = u;
    }
    expect_even(coarse, BINS, DRAWS);
    expect_even(fine, BINS, DRAWS);
    expect_even(pairs, BINS, DRAWS);
    assert_true(fabs(sum / DRAWS - 0.5) < 4 * sqrt(1.0 / 12 / DRAWS));
}

static void sibling_streams_are_as_good_as_one(void **state)
{
    (void)state;
    int64_t first[BINS] = {0}, both[BINS] = {0}, purposes[BINS] = {0};
    for (uint64_t i = 0; i < DRAWS / 4; i++) {
        double a = rng_uniform(test_key(i), 0), b = rng_uniform(test_key(i + 1), 0);
        double c = rng_uniform(rng_root(i, RNG_DATA), 0);
        double d = rng_uniform(rng_root(i, RNG_SAMPLE), 0);
        first[(int)(a * BINS)]++;
        both[(int)(a * 16) * 16 + (int)(b * 16)]++;
        purposes[(int)(c * 16) * 16 + (int)(d * 16)]++;
    }
    expect_even(first, BINS, DRAWS / 4);
    expect_even(both, BINS, DRAWS / 4);
    expect_even(purposes, BINS, DRAWS / 4);
}

static void every_bit_is_fair(void **state)
{
    (void)state;
    enum { SAMPLES = 1 << 17 };
    int64_t ones[64] = {0}, flips = 0;
    for (uint64_t i = 0; i < SAMPLES; i++) {
        uint64_t x = rng_u64(test_key(2), i);
        for (int bit = 0; bit < 64; bit++)
            ones[bit] += (int64_t)(x >> bit & 1);
        // One changed bit of the counter changes half of the output's.
        flips +=
            __builtin_popcountll(x ^ rng_u64(test_key(2), i ^ UINT64_C(1) << i % 64));
    }
    for (int bit = 0; bit < 64; bit++) // 64 tests: 5 standard errors
        assert_true(fabs((double)ones[bit] - SAMPLES / 2.0) < 5 * sqrt(SAMPLES / 4.0));
    assert_true(fabs((double)flips / SAMPLES - 32) <
                4 * sqrt(16.0 / SAMPLES) * sqrt(2));
}

static void bounded_numbers_are_even(void **state)
{
    (void)state;
    const int bounds[] = {2, 3, 7, 100};
    for (size_t k = 0; k < 4; k++) {
        int64_t counts[100] = {0};
        for (uint64_t i = 0; i < DRAWS / 4; i++) {
            uint64_t x = rng_below(test_key(3 + k), i, (uint64_t)bounds[k]);
            assert_true(x < (uint64_t)bounds[k]);
            counts[x]++;
        }
        expect_even(counts, bounds[k], DRAWS / 4);
    }
    for (uint64_t i = 0; i < 100; i++) {
        assert_true(rng_below(test_key(8), i, 1) == 0);
        assert_true(rng_below(test_key(8), i, UINT64_MAX) < UINT64_MAX);
        assert_true(rng_below(test_key(8), i, UINT64_C(1) << 63) >> 63 == 0);
    }
}

// The first four moments, and a Kolmogorov-Smirnov distance on a grid.
static void normals_are_normal(void **state)
{
    (void)state;
    double m[5] = {0}, ks = 0.0;
    int64_t below[81] = {0};
    for (uint64_t i = 0; i < DRAWS / 2; i++) {
        double x = rng_normal(test_key(9), i);
        assert_true(isfinite(x));
        for (int k = 1; k <= 4; k++)
            m[k] += pow(x, k) / (DRAWS / 2);
        for (int k = (int)fmax(0.0, ceil((x + 4) * 10)); k <= 80; k++)
            below[k]++;
    }
    double n = DRAWS / 2;
    assert_true(fabs(m[1]) < 4 * sqrt(1 / n));
    assert_true(fabs(m[2] - 1) < 4 * sqrt(2 / n));
    assert_true(fabs(m[3]) < 4 * sqrt(15 / n));
    assert_true(fabs(m[4] - 3) < 4 * sqrt(96 / n));
    for (int k = 0; k <= 80; k++)
        ks = fmax(ks,
                  fabs((double)below[k] / n - 0.5 * erfc(-(k - 40) / 10.0 / sqrt(2))));
    assert_true(ks < 1.95 / sqrt(n)); // p = 0.001
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_gives_the_published_vectors),
        cmocka_unit_test(the_first_vector_is_drawn),
        cmocka_unit_test(values_and_children_are_the_reference),
        cmocka_unit_test(uniforms_fill_the_interval_evenly),
        cmocka_unit_test(sibling_streams_are_as_good_as_one),
        cmocka_unit_test(every_bit_is_fair),
        cmocka_unit_test(bounded_numbers_are_even),
        cmocka_unit_test(normals_are_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

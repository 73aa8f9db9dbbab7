// Sixteen floats at once: `vf`, on AVX-512, on AVX2 with FMA, or on any C compiler.
//
// All three give the same bits: a multiply-add is fused exactly where vf_fma stands, a
// sum over lanes always folds halves (8, 4, 2, 1), and exp and log are made of these
// operations here, never of libm's, whose float functions differ between machines.
// Pure functions; pointers need no alignment.
#ifndef TENSOR_SIMD_H
#define TENSOR_SIMD_H

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { VF_LANES = 16 };

#if defined(__AVX512F__)
#include "simd_avx512.h"
#elif defined(__AVX2__) && defined(__FMA__)
#include "simd_avx2.h"
#else
#include "simd_portable.h"
#endif

static inline vf vf_zero(void)
{
    return vf_set1(0.0F);
}

// The first n lanes from p, `fill` in the others; n over 16 counts as 16.
static inline vf vf_load_part(const float *p, int n, float fill)
{
    if (n >= VF_LANES)
        return vf_load(p);
    float lanes[VF_LANES];
    vf_store(lanes, vf_set1(fill));
    for (int i = 0; i < n; i++)
        lanes[i] = p[i];
    return vf_load(lanes);
}

static inline void vf_store_part(float *p, vf x, int n)
{
    if (n >= VF_LANES) {
        vf_store(p, x);
        return;
    }
    float lanes[VF_LANES];
    vf_store(lanes, x);
    for (int i = 0; i < n; i++)
        p[i] = lanes[i];
}

static inline float vf_sum(vf x)
{
    float s[VF_LANES];
    vf_store(s, x);
    for (int half = VF_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            s[i] += s[i + half];
    return s[0];
}

static inline float vf_largest(vf x)
{
    float s[VF_LANES];
    vf_store(s, x);
    for (int half = VF_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            s[i] = s[i] > s[i + half] ? s[i] : s[i + half];
    return s[0];
}

// e^x to 1 ulp: x = n ln 2 + r, |r| <= ln 2 / 2; polynomial of Cephes' expf.  Exactly 0
// below -87 (no subnormal results), e^88 above 88, NaN for NaN.
static inline vf vf_exp(vf x)
{
    const float round = 0x1.8p23F; // adding it leaves n in the low bits
    vf clamped = vf_min(vf_set1(88.0F), x);
    vf shifted = vf_fma(clamped, vf_set1(0x1.715476p0F), vf_set1(round));
    vf n = vf_sub(shifted, vf_set1(round));
    vf r = vf_fma(n, vf_set1(-0x1.62e43p-1F), clamped);
    r = vf_fma(n, vf_set1(0x1.05c61p-29F), r);
    vf p = vf_set1(1.9875691500e-4F);
    p = vf_fma(p, r, vf_set1(1.3981999507e-3F));
    p = vf_fma(p, r, vf_set1(8.3334519073e-3F));
    p = vf_fma(p, r, vf_set1(4.1665795894e-2F));
    p = vf_fma(p, r, vf_set1(1.6666665459e-1F));
    p = vf_fma(p, r, vf_set1(5.0000001201e-1F));
    p = vf_add(vf_fma(p, vf_mul(r, r), r), vf_set1(1.0F));
    return vf_zero_below(x, -87.0F, vf_scale2(p, shifted));
}

// ln x of a normal x > 0 in double: x = 2^k m, m in [sqrt(1/2), sqrt(2)), and
// ln m = 2 atanh((m - 1) / (m + 1)).
static inline double log_fixed(double x)
{
    const double ln2 = 0x1.62e42fefa39efp-1;
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t k = (int64_t)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffU) | (UINT64_C(1023) << 52);
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        k++;
    }
    double s = (m - 1.0) / (m + 1.0), z = s * s, p = 0.0;
    for (int i = 23; i > 0; i -= 2)
        p = fma(p, z, 1.0 / i);
    return fma((double)k, ln2, 2.0 * s * p);
}

#endif

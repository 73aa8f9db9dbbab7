// Sixteen floats in two AVX registers.  Private to simd.h.
#ifndef TENSOR_SIMD_AVX2_H
#define TENSOR_SIMD_AVX2_H

#include <immintrin.h>

typedef struct {
    __m256 lo, hi;
} vf;
enum { VF_REGISTERS = 8 }; // how many vf the registers hold

static inline vf vf_load(const float *p)
{
    return (vf){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}

static inline void vf_store(float *p, vf x)
{
    _mm256_storeu_ps(p, x.lo);
    _mm256_storeu_ps(p + 8, x.hi);
}

static inline vf vf_set1(float x)
{
    return (vf){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}

static inline vf vf_fma(vf a, vf b, vf c) // a * b + c, rounded once
{
    return (vf){_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}

static inline vf vf_add(vf a, vf b)
{
    return (vf){_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}

static inline vf vf_sub(vf a, vf b)
{
    return (vf){_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}

static inline vf vf_mul(vf a, vf b)
{
    return (vf){_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}

static inline vf vf_div(vf a, vf b)
{
    return (vf){_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}

static inline vf vf_sqrt(vf x)
{
    return (vf){_mm256_sqrt_ps(x.lo), _mm256_sqrt_ps(x.hi)};
}

static inline vf vf_max(vf a, vf b) // b where either is NaN
{
    return (vf){_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}

static inline vf vf_min(vf a, vf b) // b where either is NaN
{
    return (vf){_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
}

// 0 where x < limit, else y.
static inline vf vf_zero_below(vf x, float limit, vf y)
{
    __m256 bound = _mm256_set1_ps(limit);
    return (vf){_mm256_and_ps(_mm256_cmp_ps(x.lo, bound, _CMP_NLT_UQ), y.lo),
                _mm256_and_ps(_mm256_cmp_ps(x.hi, bound, _CMP_NLT_UQ), y.hi)};
}

static inline __m256 vf_scale2_half(__m256 p, __m256 shifted)
{
    __m256i n = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), n));
}

// p * 2^n, n the low bits of `shifted`; p and the result are normal numbers.
static inline vf vf_scale2(vf p, vf shifted)
{
    return (vf){vf_scale2_half(p.lo, shifted.lo), vf_scale2_half(p.hi, shifted.hi)};
}

#endif

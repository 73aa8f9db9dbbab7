// Sixteen floats in one AVX-512 register.  Private to simd.h.
#ifndef TENSOR_SIMD_AVX512_H
#define TENSOR_SIMD_AVX512_H

#include <immintrin.h>

typedef __m512 vf;
enum { VF_REGISTERS = 32 }; // how many vf the registers hold

static inline vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void vf_store(float *p, vf x)
{
    _mm512_storeu_ps(p, x);
}

static inline vf vf_set1(float x)
{
    return _mm512_set1_ps(x);
}

static inline vf vf_fma(vf a, vf b, vf c) // a * b + c, rounded once
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

static inline vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

static inline vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

static inline vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

static inline vf vf_sqrt(vf x)
{
    return _mm512_sqrt_ps(x);
}

static inline vf vf_max(vf a, vf b) // b where either is NaN
{
    return _mm512_max_ps(a, b);
}

static inline vf vf_min(vf a, vf b) // b where either is NaN
{
    return _mm512_min_ps(a, b);
}

// 0 where x < limit, else y.
static inline vf vf_zero_below(vf x, float limit, vf y)
{
    __mmask16 keep = _mm512_cmp_ps_mask(x, _mm512_set1_ps(limit), _CMP_NLT_UQ);
    return _mm512_maskz_mov_ps(keep, y);
}

// p * 2^n, n the low bits of `shifted`; p and the result are normal numbers.
static inline vf vf_scale2(vf p, vf shifted)
{
    __m512i n = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), n));
}

#endif

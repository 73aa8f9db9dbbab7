// Sixteen floats in an array, for machines without AVX2.  Private to simd.h.
#ifndef TENSOR_SIMD_PORTABLE_H
#define TENSOR_SIMD_PORTABLE_H

typedef struct {
    float x[VF_LANES];
} vf;
enum { VF_REGISTERS = 8 }; // how many vf the registers hold

static inline vf vf_load(const float *p)
{
    vf r;
    memcpy(r.x, p, sizeof r.x);
    return r;
}

static inline void vf_store(float *p, vf x)
{
    memcpy(p, x.x, sizeof x.x);
}

static inline vf vf_set1(float x)
{
    vf r;
    for (int i = 0; i < VF_LANES; i++)
        r.x[i] = x;
    return r;
}

static inline vf vf_fma(vf a, vf b, vf c) // a * b + c, rounded once
{
    for (int i = 0; i < VF_LANES; i++)
        c.x[i] = fmaf(a.x[i], b.x[i], c.x[i]);
    return c;
}

static inline vf vf_add(vf a, vf b)
{
    for (int i = 0; i < VF_LANES; i++)
        a.x[i] += b.x[i];
    return a;
}

static inline vf vf_sub(vf a, vf b)
{
    for (int i = 0; i < VF_LANES; i++)
        a.x[i] -= b.x[i];
    return a;
}

static inline vf vf_mul(vf a, vf b)
{
    for (int i = 0; i < VF_LANES; i++)
        a.x[i] *= b.x[i];
    return a;
}

static inline vf vf_div(vf a, vf b)
{
    for (int i = 0; i < VF_LANES; i++)
        a.x[i] /= b.x[i];
    return a;
}

static inline vf vf_sqrt(vf x)
{
    for (int i = 0; i < VF_LANES; i++)
        x.x[i] = sqrtf(x.x[i]);
    return x;
}

static inline vf vf_max(vf a, vf b) // b where either is NaN
{
    for (int i = 0; i < VF_LANES; i++)
        a.x[i] = a.x[i] > b.x[i] ? a.x[i] : b.x[i];
    return a;
}

static inline vf vf_min(vf a, vf b) // b where either is NaN
{
    for (int i = 0; i < VF_LANES; i++)
        a.x[i] = a.x[i] < b.x[i] ? a.x[i] : b.x[i];
    return a;
}

// 0 where x < limit, else y.
static inline vf vf_zero_below(vf x, float limit, vf y)
{
    for (int i = 0; i < VF_LANES; i++)
        y.x[i] = x.x[i] < limit ? 0.0F : y.x[i];
    return y;
}

// p * 2^n, n the low bits of `shifted`; p and the result are normal numbers.
static inline vf vf_scale2(vf p, vf shifted)
{
    uint32_t bits[VF_LANES], n[VF_LANES];
    memcpy(bits, p.x, sizeof bits);
    memcpy(n, shifted.x, sizeof n);
    for (int i = 0; i < VF_LANES; i++)
        bits[i] += n[i] << 23;
    memcpy(p.x, bits, sizeof bits);
    return p;
}

#endif

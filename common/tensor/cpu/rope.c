// Rotary position embedding (Su et al. 2021), halves convention.
#include "cut.h"

#include "base/par.h"
#include "tensor/ops.h"
#include "tensor/simd.h"

#include <math.h>

struct table {
    float *cosine, *sine;
    const double *inv_freq;
    int positions, half;
};

static void table_task(void *context, int index, int thread)
{
    const struct table *t = context;
    (void)thread;
    int rows = rows_a_task(t->half);
    int end = min_int((index + 1) * rows, t->positions);
    size_t at = (size_t)index * (size_t)rows * (size_t)t->half;
    for (int p = index * rows; p < end; p++)
        for (int j = 0; j < t->half; j++, at++) {
            double angle = p * t->inv_freq[j];
            t->cosine[at] = (float)cos(angle);
            t->sine[at] = (float)sin(angle);
        }
}

void rope_fill(float *cosine, float *sine, const double *inv_freq, int positions,
               int head_dim)
{
    struct table t = {cosine, sine, inv_freq, positions, head_dim / 2};
    par_for(ceil_div(positions, rows_a_task(t.half)), table_task, &t);
}

struct rope {
    float *X;
    const int32_t *positions;
    const float *cosine, *sine;
    size_t ldx;
    int M, heads, half, direction;
};

// (a, b) = (a cos - b sin, b cos + a sin), a in the head's first half, b in its second.
static void rotate(float *x, const float *cosine, const float *sine,
                   const struct rope *r)
{
    for (int j = 0; j < r->half; j += VF_LANES) {
        int left = r->half - j;
        vf c = vf_load_part(cosine + j, left, 0.0F),
           s = vf_load_part(sine + j, left, 0.0F);
        vf a = vf_load_part(x + j, left, 0.0F);
        vf b = vf_load_part(x + r->half + j, left, 0.0F);
        if (r->direction < 0)
            s = vf_sub(vf_zero(), s);
        vf_store_part(x + j, vf_sub(vf_mul(a, c), vf_mul(b, s)), left);
        vf_store_part(x + r->half + j, vf_fma(b, c, vf_mul(a, s)), left);
    }
}

static void rope_task(void *context, int index, int thread)
{
    const struct rope *r = context;
    (void)thread;
    int rows = rows_a_task(r->heads * r->half * 2);
    int end = min_int((index + 1) * rows, r->M);
    for (int i = index * rows; i < end; i++) {
        size_t at = (size_t)r->positions[i] * (size_t)r->half;
        float *x = r->X + (size_t)i * r->ldx;
        for (int h = 0; h < r->heads; h++, x += 2 * (size_t)r->half)
            rotate(x, r->cosine + at, r->sine + at, r);
    }
}

void rope_apply(float *X, int ldx, const int32_t *positions, const float *cosine,
                const float *sine, int M, int heads, int head_dim, int direction)
{
    struct rope r = {X, positions, cosine,       sine,     (size_t)ldx,
                     M, heads,     head_dim / 2, direction};
    par_for(ceil_div(M, rows_a_task(heads * head_dim)), rope_task, &r);
}

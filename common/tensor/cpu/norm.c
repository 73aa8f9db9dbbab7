// Root-mean-square normalisation (Zhang & Sennrich 2019).
#include "cut.h"

#include "base/par.h"
#include "tensor/ops.h"
#include "tensor/simd.h"

struct norm {
    float *Y, *inv_rms;
    const float *X, *gain;
    float epsilon;
    int M, D;
};

static float row_inv_rms(const float *x, int D, float epsilon)
{
    vf sum = vf_zero();
    for (int j = 0; j < D; j += VF_LANES) {
        vf v = vf_load_part(x + j, D - j, 0.0F);
        sum = vf_fma(v, v, sum);
    }
    return 1.0F / sqrtf(vf_sum(sum) / (float)D + epsilon);
}

static void norm_task(void *context, int index, int thread)
{
    const struct norm *n = context;
    (void)thread;
    int rows = rows_a_task(n->D), end = min_int((index + 1) * rows, n->M);
    for (int i = index * rows; i < end; i++) {
        const float *x = n->X + (size_t)i * (size_t)n->D;
        float *y = n->Y + (size_t)i * (size_t)n->D;
        float inv = row_inv_rms(x, n->D, n->epsilon);
        if (n->inv_rms)
            n->inv_rms[i] = inv;
        for (int j = 0; j < n->D; j += VF_LANES) {
            int left = n->D - j;
            vf v = vf_mul(vf_load_part(x + j, left, 0.0F), vf_set1(inv));
            vf_store_part(y + j, vf_mul(v, vf_load_part(n->gain + j, left, 0.0F)),
                          left);
        }
    }
}

void rmsnorm_forward(float *Y, float *inv_rms, const float *X, const float *gain,
                     float epsilon, int M, int D)
{
    struct norm n = {Y, inv_rms, X, gain, epsilon, M, D};
    par_for(ceil_div(M, rows_a_task(D)), norm_task, &n);
}

struct norm_backward {
    float *dX, *d_gain;
    const float *dY, *X, *gain, *inv_rms;
    int M, D;
};

// With r = inv_rms and g = dY o gain:  dX += r g - x r^3 / D sum(g o x).
static void input_row(const struct norm_backward *n, int i)
{
    size_t at = (size_t)i * (size_t)n->D;
    const float *x = n->X + at, *dy = n->dY + at;
    float r = n->inv_rms[i];
    vf sum = vf_zero();
    for (int j = 0; j < n->D; j += VF_LANES) {
        vf gain = vf_load_part(n->gain + j, n->D - j, 0.0F);
        vf g = vf_mul(vf_load_part(dy + j, n->D - j, 0.0F), gain);
        sum = vf_fma(g, vf_load_part(x + j, n->D - j, 0.0F), sum);
    }
    vf scale = vf_set1(-r * r * r * vf_sum(sum) / (float)n->D);
    for (int j = 0; j < n->D; j += VF_LANES) {
        int left = n->D - j;
        vf gain = vf_mul(vf_load_part(n->gain + j, left, 0.0F), vf_set1(r));
        vf dx = vf_load_part(n->dX + at + j, left, 0.0F);
        dx = vf_fma(vf_load_part(dy + j, left, 0.0F), gain, dx);
        dx = vf_fma(vf_load_part(x + j, left, 0.0F), scale, dx);
        vf_store_part(n->dX + at + j, dx, left);
    }
}

static void input_task(void *context, int index, int thread)
{
    const struct norm_backward *n = context;
    (void)thread;
    int rows = rows_a_task(n->D), end = min_int((index + 1) * rows, n->M);
    for (int i = index * rows; i < end; i++)
        input_row(n, i);
}

// d_gain += sum over rows of dY o x r, sixteen columns a task, row after row.
static void gain_task(void *context, int index, int thread)
{
    const struct norm_backward *n = context;
    (void)thread;
    int j = index * VF_LANES, left = n->D - j;
    vf sum = vf_zero();
    for (int i = 0; i < n->M; i++) {
        size_t at = (size_t)i * (size_t)n->D + (size_t)j;
        vf normed = vf_mul(vf_load_part(n->X + at, left, 0.0F), vf_set1(n->inv_rms[i]));
        sum = vf_fma(vf_load_part(n->dY + at, left, 0.0F), normed, sum);
    }
    vf_store_part(n->d_gain + j, vf_add(vf_load_part(n->d_gain + j, left, 0.0F), sum),
                  left);
}

void rmsnorm_backward(float *dX, float *d_gain, const float *dY, const float *X,
                      const float *gain, const float *inv_rms, int M, int D)
{
    struct norm_backward n = {dX, d_gain, dY, X, gain, inv_rms, M, D};
    par_for(ceil_div(M, rows_a_task(D)), input_task, &n);
    par_for(ceil_div(D, VF_LANES), gain_task, &n);
}

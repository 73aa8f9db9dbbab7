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

// y may be x.  Returns inv_rms.
static float norm_row(float *y, const float *x, const float *gain, int D, float epsilon)
{
    float inv = row_inv_rms(x, D, epsilon);
    for (int j = 0; j < D; j += VF_LANES) {
        int left = D - j;
        vf v = vf_mul(vf_load_part(x + j, left, 0.0F), vf_set1(inv));
        vf_store_part(y + j, vf_mul(v, vf_load_part(gain + j, left, 0.0F)), left);
    }
    return inv;
}

static void norm_task(void *context, int index, int thread)
{
    const struct norm *n = context;
    (void)thread;
    int rows = rows_a_task(n->D), end = min_int((index + 1) * rows, n->M);
    for (int i = index * rows; i < end; i++) {
        const float *x = n->X + (size_t)i * (size_t)n->D;
        float *y = n->Y + (size_t)i * (size_t)n->D;
        float inv = norm_row(y, x, n->gain, n->D, n->epsilon);
        if (n->inv_rms)
            n->inv_rms[i] = inv;
    }
}

void rmsnorm_forward(float *Y, float *inv_rms, const float *X, const float *gain,
                     float epsilon, int M, int D)
{
    struct norm n = {Y, inv_rms, X, gain, epsilon, M, D};
    par_for(ceil_div(M, rows_a_task(D)), norm_task, &n);
}

// ---- heads ------------------------------------------------------------------------
struct headnorm {
    float *X, *inv_rms;
    const float *gain;
    float epsilon;
    size_t ldx;
    int M, heads, head_dim;
};

static void headnorm_task(void *context, int index, int thread)
{
    const struct headnorm *n = context;
    (void)thread;
    int rows = rows_a_task(n->heads * n->head_dim);
    int end = min_int((index + 1) * rows, n->M);
    for (int i = index * rows; i < end; i++)
        for (int h = 0; h < n->heads; h++) {
            float *x = n->X + (size_t)i * n->ldx + (size_t)h * (size_t)n->head_dim;
            float inv = norm_row(x, x, n->gain, n->head_dim, n->epsilon);
            if (n->inv_rms)
                n->inv_rms[(size_t)i * (size_t)n->heads + (size_t)h] = inv;
        }
}

void headnorm_forward(float *X, int ldx, float *inv_rms, const float *gain,
                      float epsilon, int M, int heads, int head_dim)
{
    struct headnorm n = {.X = X,
                         .inv_rms = inv_rms,
                         .gain = gain,
                         .epsilon = epsilon,
                         .ldx = (size_t)ldx,
                         .M = M,
                         .heads = heads,
                         .head_dim = head_dim};
    par_for(ceil_div(M, rows_a_task(heads * head_dim)), headnorm_task, &n);
}

// ---- backward ---------------------------------------------------------------------
struct norm_backward {
    float *dX, *d_gain;
    const float *dY, *X, *gain, *inv_rms;
    int M, D;
};

// -r^3 / D sum(dy o gain o x), of one row with r = inv_rms.
static float input_scale(const float *dy, const float *x, const float *gain, float r,
                         int D)
{
    vf sum = vf_zero();
    for (int j = 0; j < D; j += VF_LANES) {
        vf g = vf_mul(vf_load_part(dy + j, D - j, 0.0F),
                      vf_load_part(gain + j, D - j, 0.0F));
        sum = vf_fma(g, vf_load_part(x + j, D - j, 0.0F), sum);
    }
    return -r * r * r * vf_sum(sum) / (float)D;
}

// With r = inv_rms and g = dY o gain:  dX += r g - x r^3 / D sum(g o x).
static void input_row(const struct norm_backward *n, int i)
{
    size_t at = (size_t)i * (size_t)n->D;
    const float *x = n->X + at, *dy = n->dY + at;
    float r = n->inv_rms[i];
    vf scale = vf_set1(input_scale(dy, x, n->gain, r, n->D));
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

struct headnorm_backward {
    float *dY, *d_gain;
    const float *X, *gain, *inv_rms;
    size_t ldx;
    int M, heads, head_dim;
};

// The same with dX in dY's place.
static void head_input_row(float *dy, const float *x, const float *gain, float r, int D)
{
    vf scale = vf_set1(input_scale(dy, x, gain, r, D));
    for (int j = 0; j < D; j += VF_LANES) {
        int left = D - j;
        vf g = vf_mul(vf_load_part(gain + j, left, 0.0F), vf_set1(r));
        vf dx = vf_mul(vf_load_part(x + j, left, 0.0F), scale);
        vf_store_part(dy + j, vf_fma(vf_load_part(dy + j, left, 0.0F), g, dx), left);
    }
}

static void head_input_task(void *context, int index, int thread)
{
    const struct headnorm_backward *n = context;
    (void)thread;
    int rows = rows_a_task(n->heads * n->head_dim);
    int end = min_int((index + 1) * rows, n->M);
    for (int i = index * rows; i < end; i++)
        for (int h = 0; h < n->heads; h++) {
            size_t at = (size_t)i * n->ldx + (size_t)h * (size_t)n->head_dim;
            float r = n->inv_rms[(size_t)i * (size_t)n->heads + (size_t)h];
            head_input_row(n->dY + at, n->X + at, n->gain, r, n->head_dim);
        }
}

static void head_gain_task(void *context, int index, int thread)
{
    const struct headnorm_backward *n = context;
    (void)thread;
    int j = index * VF_LANES, left = n->head_dim - j;
    vf sum = vf_zero();
    for (int i = 0; i < n->M; i++)
        for (int h = 0; h < n->heads; h++) {
            size_t at = (size_t)i * n->ldx + (size_t)(h * n->head_dim + j);
            vf r = vf_set1(n->inv_rms[(size_t)i * (size_t)n->heads + (size_t)h]);
            vf normed = vf_mul(vf_load_part(n->X + at, left, 0.0F), r);
            sum = vf_fma(vf_load_part(n->dY + at, left, 0.0F), normed, sum);
        }
    vf_store_part(n->d_gain + j, vf_add(vf_load_part(n->d_gain + j, left, 0.0F), sum),
                  left);
}

void headnorm_backward(float *dY, float *d_gain, const float *X, int ldx,
                       const float *gain, const float *inv_rms, int M, int heads,
                       int head_dim)
{
    struct headnorm_backward n = {.dY = dY,
                                  .d_gain = d_gain,
                                  .X = X,
                                  .gain = gain,
                                  .inv_rms = inv_rms,
                                  .ldx = (size_t)ldx,
                                  .M = M,
                                  .heads = heads,
                                  .head_dim = head_dim};
    par_for(ceil_div(head_dim, VF_LANES), head_gain_task, &n); // reads dY
    par_for(ceil_div(M, rows_a_task(heads * head_dim)), head_input_task, &n);
}

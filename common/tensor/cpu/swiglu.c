// The gated unit of the feed-forward network (Shazeer 2020).
#include "cut.h"

#include "base/par.h"
#include "tensor/ops.h"
#include "tensor/simd.h"

struct swiglu {
    float *out; // Y (M, F), or dGU (M, 2 F)
    const float *GU, *dY;
    int M, F;
};

static vf sigmoid(vf x)
{
    vf one = vf_set1(1.0F);
    return vf_div(one, vf_add(one, vf_exp(vf_sub(vf_zero(), x))));
}

static void forward_task(void *context, int index, int thread)
{
    const struct swiglu *s = context;
    (void)thread;
    int rows = rows_a_task(s->F), end = min_int((index + 1) * rows, s->M);
    for (int i = index * rows; i < end; i++) {
        const float *gate = s->GU + (size_t)i * (size_t)s->F * 2, *up = gate + s->F;
        float *y = s->out + (size_t)i * (size_t)s->F;
        for (int j = 0; j < s->F; j += VF_LANES) {
            vf g = vf_load_part(gate + j, s->F - j, 0.0F);
            vf u = vf_load_part(up + j, s->F - j, 0.0F);
            vf_store_part(y + j, vf_mul(vf_mul(g, sigmoid(g)), u), s->F - j);
        }
    }
}

void swiglu_forward(float *Y, const float *GU, int M, int F)
{
    struct swiglu s = {Y, GU, NULL, M, F};
    par_for(ceil_div(M, rows_a_task(F)), forward_task, &s);
}

// With s = sigmoid(g): d silu(g) / dg = s (1 + g (1 - s)).
static void backward_task(void *context, int index, int thread)
{
    const struct swiglu *s = context;
    (void)thread;
    vf one = vf_set1(1.0F);
    int rows = rows_a_task(s->F), end = min_int((index + 1) * rows, s->M);
    for (int i = index * rows; i < end; i++) {
        size_t at = (size_t)i * (size_t)s->F;
        const float *gate = s->GU + 2 * at, *up = gate + s->F;
        float *d_gate = s->out + 2 * at, *d_up = d_gate + s->F;
        for (int j = 0; j < s->F; j += VF_LANES) {
            int left = s->F - j;
            vf g = vf_load_part(gate + j, left, 0.0F),
               u = vf_load_part(up + j, left, 0.0F);
            vf dy = vf_load_part(s->dY + at + j, left, 0.0F), t = sigmoid(g);
            vf slope = vf_mul(t, vf_fma(g, vf_sub(one, t), one));
            vf_store_part(d_gate + j, vf_mul(vf_mul(dy, u), slope), left);
            vf_store_part(d_up + j, vf_mul(dy, vf_mul(g, t)), left);
        }
    }
}

void swiglu_backward(float *dGU, const float *dY, const float *GU, int M, int F)
{
    struct swiglu s = {dGU, GU, dY, M, F};
    par_for(ceil_div(M, rows_a_task(F)), backward_task, &s);
}

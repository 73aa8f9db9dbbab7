// AdamW, and the norm that gradient clipping needs.
#include "base/par.h"
#include "tensor/ops.h"
#include "tensor/simd.h"

enum { CHUNK = 1 << 16, MAX_CHUNKS = 1024 };

struct update {
    float *w, *m, *v;
    const float *grad;
    size_t n;
    const struct adamw *a;
    float step_size, inv_root_correction, keep;
};

static void update_sixteen(const struct update *u, size_t i, int left)
{
    const struct adamw *a = u->a;
    vf w = vf_load_part(u->w + i, left, 0.0F);
    vf m = vf_load_part(u->m + i, left, 0.0F);
    vf v = vf_load_part(u->v + i, left, 0.0F);
    vf g = vf_mul(vf_load_part(u->grad + i, left, 0.0F), vf_set1(a->grad_scale));
    m = vf_fma(vf_set1(a->beta1), m, vf_mul(vf_set1(1.0F - a->beta1), g));
    v = vf_fma(vf_set1(a->beta2), v, vf_mul(vf_set1(1.0F - a->beta2), vf_mul(g, g)));
    vf root = vf_mul(vf_sqrt(v), vf_set1(u->inv_root_correction));
    vf change = vf_div(m, vf_add(root, vf_set1(a->epsilon)));
    w = vf_fma(vf_set1(-u->step_size), change, vf_mul(w, vf_set1(u->keep)));
    vf_store_part(u->w + i, w, left);
    vf_store_part(u->m + i, m, left);
    vf_store_part(u->v + i, v, left);
}

static void update_task(void *context, int index, int thread)
{
    const struct update *u = context;
    (void)thread;
    size_t i = (size_t)index * CHUNK, end = u->n - i < CHUNK ? u->n : i + CHUNK;
    for (; i < end; i += VF_LANES)
        update_sixteen(u, i, end - i < VF_LANES ? (int)(end - i) : VF_LANES);
}

void adamw_update(float *w, float *m, float *v, const float *grad, size_t n,
                  const struct adamw *a, int decay)
{
    struct update u = {.w = w, .m = m, .v = v, .grad = grad, .n = n, .a = a};
    double c1 = adamw_correction((double)a->beta1, a->step);
    double c2 = adamw_correction((double)a->beta2, a->step);
    u.step_size = (float)((double)a->lr / c1);
    u.inv_root_correction = (float)(1.0 / sqrt(c2));
    u.keep = decay ? 1.0F - a->lr * a->weight_decay : 1.0F;
    par_for((int)((n + CHUNK - 1) / CHUNK), update_task, &u);
}

struct norm_sum {
    const float *x;
    size_t n, chunk;
    double sums[MAX_CHUNKS];
};

static void norm_task(void *context, int index, int thread)
{
    struct norm_sum *s = context;
    (void)thread;
    size_t i = (size_t)index * s->chunk,
           end = s->n - i < s->chunk ? s->n : i + s->chunk;
    double lanes[VF_LANES] = {0.0};
    for (; i + VF_LANES <= end; i += VF_LANES)
        for (int k = 0; k < VF_LANES; k++)
            lanes[k] += (double)s->x[i + (size_t)k] * (double)s->x[i + (size_t)k];
    for (int k = 0; i < end; i++, k++)
        lanes[k] += (double)s->x[i] * (double)s->x[i];
    for (int k = 1; k < VF_LANES; k++)
        lanes[0] += lanes[k];
    s->sums[index] = lanes[0];
}

double squared_norm(const float *x, size_t n)
{
    struct norm_sum s = {.x = x, .n = n, .chunk = CHUNK};
    if (n > (size_t)CHUNK * MAX_CHUNKS)
        s.chunk = (n + MAX_CHUNKS - 1) / MAX_CHUNKS;
    int chunks = (int)((n + s.chunk - 1) / s.chunk);
    par_for(chunks, norm_task, &s);
    double total = 0.0;
    for (int i = 0; i < chunks; i++)
        total += s.sums[i];
    return total;
}

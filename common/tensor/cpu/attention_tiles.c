#include "attention_tiles.h"

#include "cut.h"
#include "tile_fixed.h"

#include "tensor/ops.h"

float attention_scale(int head_dim)
{
    return 1.0F / sqrtf((float)head_dim);
}

void attention_scores(float *s, size_t lds, const float *q, size_t ldq, int rows,
                      const struct kv_stretch *kv)
{
    int pages = ceil_div(kv->count, KV_PAGE);
    struct tile t = {
        .ldc = lds, .x_row = ldq, .x_k = 1, .w_step = KV_PAGE, .K = kv->head_dim};
    for (int page = 0; page < pages; page += t.vecs) {
        const float *w[TILE_VECS];
        t.w = w;
        t.vecs = min_int(pages - page, TILE_VECS);
        for (int j = 0; j < t.vecs; j++)
            w[j] = kv->pages[page + j] + kv->offset;
        for (int i = 0; i < rows; i += t.rows) {
            t.rows = tile_next_rows(rows - i);
            t.c = s + (size_t)i * lds + (size_t)page * KV_PAGE;
            t.x = q + (size_t)i * ldq;
            tile_product(&t);
        }
    }
}

float attention_softmax(float *s, int n, int width, float scale, float *lse)
{
    vf most = vf_set1(-INFINITY), sum = vf_zero(), factor = vf_set1(scale);
    for (int j = 0; j < n; j += VF_LANES)
        most = vf_max(vf_mul(vf_load_part(s + j, n - j, -INFINITY), factor), most);
    float max = vf_largest(most);
    int j = 0;
    for (; j < n; j += VF_LANES) {
        vf x = vf_mul(vf_load_part(s + j, n - j, -INFINITY), factor);
        vf p = vf_exp(vf_sub(x, vf_set1(max)));
        vf_store(s + j, p);
        sum = vf_add(sum, p);
    }
    for (; j < width; j += VF_LANES)
        vf_store(s + j, vf_zero());
    float total = vf_sum(sum);
    if (lse)
        *lse = (float)((double)max + log_fixed((double)total));
    return 1.0F / total;
}

struct values {
    float *o;
    const float *p;
    size_t ldo, ldp;
    const struct kv_stretch *kv;
    size_t column; // first of head_dim
    int carry;
};

ALWAYS_INLINE void values_fixed(int rows, int vecs, const struct values *a)
{
    tile_sums sum;
    const struct kv_stretch *kv = a->kv;
    size_t step = (size_t)kv->head_dim;
    size_t first_value = kv->offset + KV_PAGE * step + a->column;
    tile_load(rows, vecs, sum, a->o, a->ldo, a->carry);
    for (int first = 0; first < kv->count; first += KV_PAGE) {
        const float *v = kv->pages[first / KV_PAGE] + first_value;
        int end = min_int(kv->count, first + KV_PAGE);
        for (int k = first; k < end; k++, v += step) {
            vf b[TILE_VECS];
#pragma GCC unroll 4
            for (int j = 0; j < vecs; j++)
                b[j] = vf_load(v + (size_t)(j * VF_LANES));
            tile_step(rows, vecs, sum, a->p + k, a->ldp, b);
        }
    }
    tile_store(rows, vecs, sum, a->o, a->ldo);
}

// The last columns, where head_dim is no multiple of a vector.
static void narrow_values(float *o, const float *p, const struct kv_stretch *kv,
                          int column, int carry)
{
    int width = kv->head_dim - column;
    size_t step = (size_t)kv->head_dim, values = kv->offset + KV_PAGE * step;
    vf sum = carry ? vf_load_part(o + column, width, 0.0F) : vf_zero();
    for (int k = 0; k < kv->count; k++) {
        const float *v = kv->pages[k / KV_PAGE] + values + step * (size_t)(k % KV_PAGE);
        sum = vf_fma(vf_set1(p[k]), vf_load_part(v + column, width, 0.0F), sum);
    }
    vf_store_part(o + column, sum, width);
}

void attention_values(float *o, size_t ldo, const float *p, size_t ldp, int rows,
                      const struct kv_stretch *kv, int carry)
{
    int whole = kv->head_dim / VF_LANES, tile = 0;
    struct values a = {.ldo = ldo, .ldp = ldp, .kv = kv, .carry = carry};
    for (int i = 0; i < rows; i += tile) {
        tile = tile_next_rows(rows - i);
        a.p = p + (size_t)i * ldp;
        for (int v = 0, vecs; v < whole; v += vecs) {
            vecs = min_int(whole - v, tile_strip(tile));
            a.column = (size_t)v * VF_LANES;
            a.o = o + (size_t)i * ldo + a.column;
            TILE_SWITCH(tile, vecs, values_fixed, &a)
        }
    }
    if (kv->head_dim % VF_LANES)
        for (int i = 0; i < rows; i++)
            narrow_values(o + (size_t)i * ldo, p + (size_t)i * ldp, kv,
                          whole * VF_LANES, carry);
}

// Adding zero turns -0 into +0: keys of weight 0 in a row's tile leave no trace at all.
void attention_output(float *out, const float *o, float inv_sum, int head_dim)
{
    for (int j = 0; j < head_dim; j += VF_LANES) {
        vf x = vf_load_part(o + j, head_dim - j, 0.0F);
        vf_store_part(out + j, vf_fma(x, vf_set1(inv_sum), vf_zero()), head_dim - j);
    }
}

#include "cut.h"
#include "tile_fixed.h"

ALWAYS_INLINE void tile_fixed(int rows, int vecs, const struct tile *t, int first_vec)
{
    tile_sums sum;
    const float *const *w = t->w + first_vec;
    const float *x = t->x;
    float *c = t->c + (size_t)(first_vec * VF_LANES);
    size_t at = 0;
    tile_load(rows, vecs, sum, c, t->ldc, t->carry);
    for (int k = 0; k < t->K; k++, at += t->w_step, x += t->x_k) {
        vf b[TILE_VECS];
#pragma GCC unroll 4
        for (int j = 0; j < vecs; j++) {
            if (rows < 3)
                __builtin_prefetch(w[j] + at + PREFETCH_STEPS * t->w_step);
            b[j] = vf_load(w[j] + at);
        }
        tile_step(rows, vecs, sum, x, t->x_row, b);
    }
    tile_store(rows, vecs, sum, c, t->ldc);
}

void tile_product(const struct tile *t)
{
    for (int j = 0, strip; j < t->vecs; j += strip) {
        strip = min_int(t->vecs - j, tile_strip(t->rows));
        TILE_SWITCH(t->rows, strip, tile_fixed, t, j)
    }
}

// A last column block narrower than a vector, by way of padded copies.
static void narrow_column(const struct product *p, int column)
{
    int width = p->columns - column;
    for (int i = 0; i < p->rows; i++) {
        const float *x = p->x + (size_t)i * p->x_row, *w = p->w + column;
        float *c = p->c + (size_t)i * p->ldc + column;
        vf sum = p->carry ? vf_load_part(c, width, 0.0F) : vf_zero();
        for (int k = 0; k < p->K; k++, w += p->ldw, x += p->x_k)
            sum = vf_fma(vf_set1(*x), vf_load_part(w, width, 0.0F), sum);
        vf_store_part(c, sum, width);
    }
}

void product(const struct product *p)
{
    int whole = p->columns / VF_LANES;
    struct tile t = {.ldc = p->ldc,
                     .x_row = p->x_row,
                     .x_k = p->x_k,
                     .w_step = p->ldw,
                     .K = p->K,
                     .carry = p->carry};
    for (int v = 0; v < whole; v += t.vecs) {
        const float *w[TILE_VECS];
        t.vecs = min_int(whole - v, TILE_VECS);
        t.w = w;
        for (int j = 0; j < t.vecs; j++)
            w[j] = p->w + (size_t)((v + j) * VF_LANES);
        for (int i = 0; i < p->rows; i += t.rows) {
            t.rows = tile_next_rows(p->rows - i);
            t.c = p->c + (size_t)i * p->ldc + (size_t)(v * VF_LANES);
            t.x = p->x + (size_t)i * p->x_row;
            tile_product(&t);
        }
    }
    if (p->columns % VF_LANES)
        narrow_column(p, whole * VF_LANES);
}

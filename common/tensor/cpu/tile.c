#include "tile.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { PREFETCH_STEPS = 24 }; // of k, ahead of a tile too low to hide memory

// `rows` and `vecs` are constants where this is inlined, so the sums stay in registers.
ALWAYS_INLINE void tile_fixed(int rows, int vecs, const struct tile *t, int first_vec)
{
    vf sum[TILE_ROWS][TILE_VECS];
    const float *const *w = t->w + first_vec;
    float *c = t->c + first_vec * VF_LANES;
    const float *x = t->x;
    size_t at = 0;
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < vecs; j++)
            sum[i][j] = t->carry ? vf_load(c + (size_t)i * t->ldc + j * VF_LANES) : vf_zero();
    for (int k = 0; k < t->K; k++, at += t->w_step, x += t->x_k) {
        vf b[TILE_VECS];
#pragma GCC unroll 4
        for (int j = 0; j < vecs; j++) {
            if (rows < 3)
                __builtin_prefetch(w[j] + at + PREFETCH_STEPS * t->w_step);
            b[j] = vf_load(w[j] + at);
        }
#pragma GCC unroll 6
        for (int i = 0; i < rows; i++) {
            vf a = vf_set1(x[(size_t)i * t->x_row]);
#pragma GCC unroll 4
            for (int j = 0; j < vecs; j++)
                sum[i][j] = vf_fma(a, b[j], sum[i][j]);
        }
    }
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < vecs; j++)
            vf_store(c + (size_t)i * t->ldc + j * VF_LANES, sum[i][j]);
}

ALWAYS_INLINE void tile_rows(int vecs, const struct tile *t, int first_vec)
{
    switch (t->rows) {
    case 1:
        tile_fixed(1, vecs, t, first_vec);
        break;
    case 2:
        tile_fixed(2, vecs, t, first_vec);
        break;
    case 3:
        tile_fixed(3, vecs, t, first_vec);
        break;
    case 4:
        tile_fixed(4, vecs, t, first_vec);
        break;
    case 5:
        tile_fixed(5, vecs, t, first_vec);
        break;
    default:
        tile_fixed(6, vecs, t, first_vec);
        break;
    }
}

// Where the registers hold one vector a row, a tile is done in strips of one vector.
void tile_product(const struct tile *t)
{
    int strip = t->vecs < VF_TILE ? t->vecs : (int)VF_TILE;
    for (int j = 0; j < t->vecs; j += strip) {
        switch (strip) {
        case 1:
            tile_rows(1, t, j);
            break;
        case 2:
            tile_rows(2, t, j);
            break;
        case 3:
            tile_rows(3, t, j);
            break;
        default:
            tile_rows(4, t, j);
            break;
        }
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
    struct tile t = {.ldc = p->ldc, .x_row = p->x_row, .x_k = p->x_k, .w_step = p->ldw,
                     .K = p->K, .carry = p->carry};
    for (int v = 0; v < whole; v += t.vecs) {
        const float *w[TILE_VECS];
        t.vecs = whole - v < TILE_VECS ? whole - v : TILE_VECS;
        t.w = w;
        for (int j = 0; j < t.vecs; j++)
            w[j] = p->w + (v + j) * VF_LANES;
        for (int i = 0; i < p->rows; i += t.rows) {
            t.rows = tile_next_rows(p->rows - i);
            t.c = p->c + (size_t)i * p->ldc + v * VF_LANES;
            t.x = p->x + (size_t)i * p->x_row;
            tile_product(&t);
        }
    }
    if (p->columns % VF_LANES)
        narrow_column(p, whole * VF_LANES);
}

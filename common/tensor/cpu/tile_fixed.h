// Tiles of a fixed size, for inlining: `rows` and `vecs` are constants at each call, so
// that the sums stay in registers.  TILE_SWITCH picks the call for the sizes at hand.
#ifndef TENSOR_CPU_TILE_FIXED_H
#define TENSOR_CPU_TILE_FIXED_H

#include "tile.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { PREFETCH_STEPS = 24 }; // of k, ahead of a tile too low to hide memory

typedef vf tile_sums[TILE_ROWS][TILE_VECS];

ALWAYS_INLINE void tile_load(int rows, int vecs, tile_sums sum, const float *c,
                             size_t ldc, int carry)
{
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < vecs; j++)
            sum[i][j] = carry ? vf_load(c + (size_t)i * ldc + (size_t)(j * VF_LANES))
                              : vf_zero();
}

ALWAYS_INLINE void tile_store(int rows, int vecs, tile_sums sum, float *c, size_t ldc)
{
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < vecs; j++)
            vf_store(c + (size_t)i * ldc + (size_t)(j * VF_LANES), sum[i][j]);
}

// One step of k: every sum takes its multiply-add.
ALWAYS_INLINE void tile_step(int rows, int vecs, tile_sums sum, const float *x,
                             size_t x_row, const vf *b)
{
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++) {
        vf a = vf_set1(x[(size_t)i * x_row]);
#pragma GCC unroll 4
        for (int j = 0; j < vecs; j++)
            sum[i][j] = vf_fma(a, b[j], sum[i][j]);
    }
}

#define TILE_CASE(R, V, F, ...)                                                        \
    case (R)*8 + (V):                                                                  \
        F(R, V, __VA_ARGS__);                                                          \
        break;
#define TILE_CASES(V, F, ...)                                                          \
    TILE_CASE(1, V, F, __VA_ARGS__)                                                    \
    TILE_CASE(2, V, F, __VA_ARGS__)                                                    \
    TILE_CASE(3, V, F, __VA_ARGS__)                                                    \
    TILE_CASE(4, V, F, __VA_ARGS__)                                                    \
    TILE_CASE(5, V, F, __VA_ARGS__)                                                    \
    TILE_CASE(6, V, F, __VA_ARGS__)
#define TILE_SWITCH(rows, vecs, F, ...)                                                \
    switch ((rows)*8 + (vecs)) {                                                       \
        TILE_CASES(1, F, __VA_ARGS__)                                                  \
        TILE_CASES(2, F, __VA_ARGS__)                                                  \
        TILE_CASES(3, F, __VA_ARGS__)                                                  \
        TILE_CASES(4, F, __VA_ARGS__)                                                  \
    default:                                                                           \
        break;                                                                         \
    }

#endif

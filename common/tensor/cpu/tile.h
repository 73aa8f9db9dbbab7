// The one product that gemm and attention are made of: a tile of up to 6 rows by 64
// columns held in registers, one sequential chain of fused multiply-adds an output.
//
//     c[i][16 j + lane] = (carry ? c : 0) + sum_k x[i x_row + k x_k] * w[j][k w_step +
//     lane]
//
// So an output's bits do not depend on the tile around it, nor on where k is cut.
#ifndef TENSOR_CPU_TILE_H
#define TENSOR_CPU_TILE_H

#include "tensor/simd.h"

#include <stddef.h>

enum { TILE_ROWS = 6, TILE_VECS = 4, TILE_COLUMNS = TILE_VECS * VF_LANES };

struct tile {
    float *c;              // (rows, 16 vecs), row stride ldc
    const float *x;        // (rows, K) by its two strides
    const float *const *w; // (vecs) blocks (K, 16), row stride w_step
    size_t ldc, x_row, x_k, w_step;
    int rows, vecs, K; // rows in 1..6, vecs in 1..4
    int carry;
};
void tile_product(const struct tile *t);

// Vectors a row that fit the registers beside each other in a tile of `rows` rows.
static inline int tile_strip(int rows)
{
    if (VF_REGISTERS > TILE_ROWS * TILE_VECS || rows == 1)
        return TILE_VECS;
    return rows <= 3 ? 2 : 1;
}

// Rows of the next tile where `left` rows are to be cut evenly into tiles of at most 6.
static inline int tile_next_rows(int left)
{
    int tiles = (left + TILE_ROWS - 1) / TILE_ROWS;
    return (left + tiles - 1) / tiles;
}

// The same product for any number of rows and columns, w row-major (K, columns):
// c (rows, columns) = (carry ? c : 0) + x w.
struct product {
    float *c;
    const float *x, *w;
    size_t ldc, x_row, x_k, ldw;
    int rows, columns, K;
    int carry;
};
void product(const struct product *p);

#endif

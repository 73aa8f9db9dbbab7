// Widths of a layer's rows in floats.  Pure functions of a checked config.
#ifndef MODEL_SHAPE_H
#define MODEL_SHAPE_H

#include "model.h"

static inline int q_width(const struct model_config *c)
{
    return c->heads * c->head_dim;
}

static inline int kv_width(const struct model_config *c)
{
    return c->kv_heads * c->head_dim;
}

static inline int qkv_width(const struct model_config *c) // a row: [q | k | v]
{
    return q_width(c) + 2 * kv_width(c);
}

enum { MODEL_MAX_HEAD_DIM = 1 << 10 };

// A vector of the model, NULL where it has none.
static inline const float *param_or_null(const struct model *m, size_t offset)
{
    return offset == (size_t)-1 ? NULL : m->params + offset;
}

// The matrices of the forward product, in the order of model.packed_offset.
enum matrix { MATRIX_QKV, MATRIX_OUT, MATRIX_GATE_UP, MATRIX_DOWN, MATRICES_PER_LAYER };

static inline const float *packed_matrix(const struct model *m, int layer,
                                         enum matrix which)
{
    size_t index = (size_t)layer * MATRICES_PER_LAYER + (size_t)which;
    return m->packed + m->packed_offset[index];
}

static inline const float *packed_head(const struct model *m)
{
    size_t index = (size_t)m->config.layers * MATRICES_PER_LAYER;
    return m->packed + m->packed_offset[index];
}

// The multiply-adds, times 2, of one row through all the matrices of one layer.
static inline double layer_row_flops(const struct model_config *c)
{
    double weights = (double)c->dim * qkv_width(c) + (double)c->dim * q_width(c) +
                     3.0 * c->dim * c->ffn;
    return 2.0 * weights;
}

// Scores and weighted values of one query row over `context` keys, one layer.
static inline double attention_row_flops(const struct model_config *c, double context)
{
    return 4.0 * q_width(c) * context;
}

static inline double head_row_flops(const struct model_config *c)
{
    return 2.0 * c->dim * c->vocab;
}

#endif

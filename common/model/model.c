#include "model.h"

#include "shape.h"

#include "base/mem.h"
#include "tensor/ops.h"

#include <math.h>

static size_t take(size_t *used, size_t rows, size_t columns)
{
    size_t at = *used;
    *used += rows * columns;
    return at;
}

// No gaps, in the order in which a checkpoint lists the tensors.
static enum status layout_new(struct model_layout *out, const struct model_config *c)
{
    struct model_layout l = {0};
    TRY(mem_new(&l.layers, (size_t)c->layers, sizeof *l.layers));
    size_t dim = (size_t)c->dim, ffn = (size_t)c->ffn, used = 0;
    size_t q = (size_t)q_width(c), qkv = (size_t)qkv_width(c);
    l.embedding = take(&used, (size_t)c->vocab, dim);
    for (int32_t i = 0; i < c->layers; i++) {
        struct layer_offsets *o = &l.layers[i];
        o->attn_norm = take(&used, 1, dim);
        o->qkv = take(&used, qkv, dim);
        o->qkv_bias = c->qkv_bias ? take(&used, 1, qkv) : (size_t)-1;
        o->out = take(&used, dim, q);
        o->ffn_norm = take(&used, 1, dim);
        o->gate_up = take(&used, 2 * ffn, dim);
        o->down = take(&used, dim, ffn);
    }
    l.final_norm = take(&used, 1, dim);
    l.head = c->tied ? l.embedding : take(&used, (size_t)c->vocab, dim);
    l.total = used;
    *out = l;
    return OK;
}

struct matrix_shape {
    size_t offset; // into params
    int outputs, inputs;
};

static int matrix_count(const struct model_config *c)
{
    return c->layers * MATRICES_PER_LAYER + 1;
}

static struct matrix_shape matrix_shape(const struct model *m, int index)
{
    const struct model_config *c = &m->config;
    if (index == c->layers * MATRICES_PER_LAYER)
        return (struct matrix_shape){m->layout.head, c->vocab, c->dim};
    const struct layer_offsets *o = &m->layout.layers[index / MATRICES_PER_LAYER];
    switch ((enum matrix)(index % MATRICES_PER_LAYER)) {
    case MATRIX_QKV:
        return (struct matrix_shape){o->qkv, qkv_width(c), c->dim};
    case MATRIX_OUT:
        return (struct matrix_shape){o->out, c->dim, q_width(c)};
    case MATRIX_GATE_UP:
        return (struct matrix_shape){o->gate_up, 2 * c->ffn, c->dim};
    default:
        return (struct matrix_shape){o->down, c->dim, c->ffn};
    }
}

static enum status packed_new(struct model *m)
{
    int n = matrix_count(&m->config);
    TRY(mem_new(&m->packed_offset, (size_t)n, sizeof *m->packed_offset));
    size_t used = 0;
    for (int i = 0; i < n; i++) {
        struct matrix_shape s = matrix_shape(m, i);
        m->packed_offset[i] = used;
        used += gemm_packed_floats(s.outputs, s.inputs);
    }
    return mem_new(&m->packed, used, sizeof *m->packed);
}

// inv_freq[j] = theta^(-2j / head_dim) (RoFormer, Su et al. 2021).
static enum status rope_new(struct model *m)
{
    const struct model_config *c = &m->config;
    size_t half = (size_t)c->head_dim / 2, n = (size_t)c->max_positions * half;
    double *inv_freq = NULL;
    enum status st = OK;
    TRY_OUT(mem_new(&inv_freq, half, sizeof *inv_freq));
    TRY_OUT(mem_new(&m->rope_cos, n, sizeof *m->rope_cos));
    TRY_OUT(mem_new(&m->rope_sin, n, sizeof *m->rope_sin));
    for (size_t j = 0; j < half; j++)
        inv_freq[j] = pow(c->rope_theta, -2.0 * (double)j / c->head_dim);
    rope_fill(m->rope_cos, m->rope_sin, inv_freq, c->max_positions, c->head_dim);
out:
    mem_free(inv_freq);
    return st;
}

enum status model_new(struct model *m, const struct model_config *c)
{
    TRY(model_config_check(c));
    struct model fresh = {.config = *c};
    enum status st = OK;
    TRY_OUT(layout_new(&fresh.layout, c));
    TRY_OUT(mem_new(&fresh.params, fresh.layout.total, sizeof *fresh.params));
    TRY_OUT(packed_new(&fresh));
    TRY_OUT(rope_new(&fresh));
    *m = fresh;
out:
    if (st != OK)
        model_free(&fresh);
    return status_wrap(st, "model");
}

void model_free(struct model *m)
{
    if (!m)
        return;
    mem_free(m->layout.layers);
    mem_free(m->params);
    mem_free(m->packed);
    mem_free(m->packed_offset);
    mem_free(m->rope_cos);
    mem_free(m->rope_sin);
    *m = (struct model){0};
}

size_t model_param_count(const struct model *m)
{
    return m->layout.total;
}

void model_repack(struct model *m)
{
    for (int i = 0; i < matrix_count(&m->config); i++) {
        struct matrix_shape s = matrix_shape(m, i);
        gemm_pack(m->packed + m->packed_offset[i], m->params + s.offset, s.outputs,
                  s.inputs);
    }
}

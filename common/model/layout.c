#include "layout.h"

#include "memory.h"
#include "shape.h"

#include "base/mem.h"
#include "tensor/ops.h"

static size_t take(size_t *used, size_t rows, size_t columns)
{
    size_t at = *used;
    *used += rows * columns;
    return at;
}

static size_t take_if(int32_t has, size_t *used, size_t columns)
{
    return has ? take(used, 1, columns) : (size_t)-1;
}

static void layer_layout(struct layer_offsets *o, size_t *used,
                         const struct model_config *c)
{
    size_t dim = (size_t)c->dim, ffn = (size_t)c->ffn, hd = (size_t)c->head_dim;
    size_t q = (size_t)q_width(c), qkv = (size_t)qkv_width(c);
    o->attn_norm = take(used, 1, dim);
    o->qkv = take(used, qkv, dim);
    o->qkv_bias = take_if(c->qkv_bias, used, qkv);
    o->out = take(used, dim, q);
    o->out_bias = take_if(c->out_bias, used, dim);
    o->q_norm = take_if(c->qk_norm, used, hd);
    o->k_norm = take_if(c->qk_norm, used, hd);
    o->ffn_norm = take(used, 1, dim);
    o->gate_up = take(used, 2 * ffn, dim);
    o->gate_up_bias = take_if(c->mlp_bias, used, 2 * ffn);
    o->down = take(used, dim, ffn);
    o->down_bias = take_if(c->mlp_bias, used, dim);
}

// No gaps, in the order in which a checkpoint lists the tensors.  With no layers it
// only measures.
static void fill_layout(struct model_layout *l, const struct model_config *c)
{
    size_t dim = (size_t)c->dim, used = 0;
    l->embedding = take(&used, (size_t)c->vocab, dim);
    for (int32_t i = 0; i < c->layers; i++) {
        struct layer_offsets unused;
        layer_layout(l->layers ? &l->layers[i] : &unused, &used, c);
    }
    l->final_norm = take(&used, 1, dim);
    l->head = c->tied ? l->embedding : take(&used, (size_t)c->vocab, dim);
    l->total = used;
}

enum status layout_new(struct model_layout *out, const struct model_config *c)
{
    TRY(mem_new(&out->layers, (size_t)c->layers, sizeof *out->layers));
    fill_layout(out, c);
    return OK;
}

size_t layout_floats(const struct model_config *c)
{
    struct model_layout l = {0};
    fill_layout(&l, c);
    return l.total;
}

int matrix_count(const struct model_config *c)
{
    return c->layers * MATRICES_PER_LAYER + 1;
}

struct matrix_shape matrix_shape(const struct model_config *c,
                                 const struct model_layout *l, int index)
{
    if (index == c->layers * MATRICES_PER_LAYER)
        return (struct matrix_shape){l->head, c->vocab, c->dim};
    const struct layer_offsets *o = &l->layers[index / MATRICES_PER_LAYER];
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

size_t panel_floats(const struct model_config *c)
{
    struct layer_offsets one = {0};
    const struct model_layout l = {.layers = &one};
    size_t layer = 0;
    for (int i = 0; i < MATRICES_PER_LAYER; i++) {
        struct matrix_shape s = matrix_shape(c, &l, i);
        layer += gemm_packed_floats(s.outputs, s.inputs);
    }
    return layer * (size_t)c->layers + gemm_packed_floats(c->vocab, c->dim);
}

size_t model_bytes(const struct model_config *c)
{
    size_t rope =
        (size_t)c->max_positions * (size_t)c->head_dim; // two tables of halves
    size_t floats = layout_floats(c) + panel_floats(c) + rope;
    return floats * sizeof(float) + (size_t)c->layers * sizeof(struct layer_offsets) +
           (size_t)matrix_count(c) * sizeof(size_t);
}

struct param_range layout_range(const struct model_layout *l,
                                const struct model_config *c, size_t begin)
{
    size_t end = l->total;
    int matrices = matrix_count(c);
    // The matrix that holds `begin`, or the first one behind it.
    for (int i = -1; i < matrices; i++) {
        struct matrix_shape s =
            i < 0 ? (struct matrix_shape){l->embedding, c->vocab, c->dim}
                  : matrix_shape(c, l, i);
        size_t after = s.offset + (size_t)s.outputs * (size_t)s.inputs;
        if (s.offset <= begin && begin < after)
            return (struct param_range){begin, after, 1};
        if (s.offset > begin && s.offset < end)
            end = s.offset;
    }
    return (struct param_range){begin, end, 0};
}

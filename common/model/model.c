#include "model.h"

#include "layout.h"
#include "rope.h"
#include "shape.h"

#include "base/mem.h"
#include "base/pages.h"
#include "tensor/ops.h"

static enum status packed_new(struct model *m)
{
    int n = matrix_count(&m->config);
    TRY(mem_new(&m->packed_offset, (size_t)n, sizeof *m->packed_offset));
    size_t used = 0;
    for (int i = 0; i < n; i++) {
        struct matrix_shape s = matrix_shape(&m->config, &m->layout, i);
        m->packed_offset[i] = used;
        used += gemm_packed_floats(s.outputs, s.inputs);
    }
    return pages_new(&m->packed, used);
}

static enum status rope_new(struct model *m)
{
    const struct model_config *c = &m->config;
    size_t half = (size_t)c->head_dim / 2, n = (size_t)c->max_positions * half;
    double inv_freq[MODEL_MAX_HEAD_DIM / 2];
    TRY(mem_new(&m->rope_cos, n, sizeof *m->rope_cos));
    TRY(mem_new(&m->rope_sin, n, sizeof *m->rope_sin));
    double scale = rope_frequencies(inv_freq, c);
    rope_fill(m->rope_cos, m->rope_sin, inv_freq, c->max_positions, c->head_dim);
    for (size_t i = 0; scale != 1 && i < n; i++) {
        m->rope_cos[i] *= (float)scale;
        m->rope_sin[i] *= (float)scale;
    }
    return OK;
}

enum status model_new(struct model *m, const struct model_config *c)
{
    TRY(model_config_check(c));
    struct model fresh = {.config = *c};
    enum status st = OK;
    TRY_OUT(layout_new(&fresh.layout, c));
    TRY_OUT(pages_new(&fresh.params, fresh.layout.total));
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
    pages_free(m->params, m->layout.total);
    if (m->packed)
        pages_free(m->packed, panel_floats(&m->config));
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
        struct matrix_shape s = matrix_shape(&m->config, &m->layout, i);
        gemm_pack(m->packed + m->packed_offset[i], m->params + s.offset, s.outputs,
                  s.inputs);
    }
}

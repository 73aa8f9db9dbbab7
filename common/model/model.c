#include "model.h"

#include "device.h"
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

enum status model_new(struct model *m, const struct model_config *c)
{
    TRY(model_config_check(c));
    struct model fresh = {.config = *c};
    enum status st = OK;
    TRY_OUT(layout_new(&fresh.layout, c));
    TRY_OUT(pages_new(&fresh.params, fresh.layout.total));
    TRY_OUT(packed_new(&fresh));
    TRY_OUT(rope_tables_new(&fresh.rope_cos, &fresh.rope_sin, c));
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
    pages_free(m->second, m->layout.total);
    if (m->packed)
        pages_free(m->packed, panel_floats(&m->config));
    mem_free(m->packed_offset);
    mem_free(m->rope_cos);
    mem_free(m->rope_sin);
    buf_free(&m->source);
    *m = (struct model){0};
}

size_t model_param_count(const struct model *m)
{
    return m->layout.total;
}

static void pack_panels(struct model *m)
{
    for (int i = 0; i < matrix_count(&m->config); i++) {
        struct matrix_shape s = matrix_shape(&m->config, &m->layout, i);
        gemm_pack(m->packed + m->packed_offset[i], m->params + s.offset, s.outputs,
                  s.inputs);
    }
}

enum status model_repack(struct model *m)
{
    const struct accelerator *a = m->accelerator;
    if (a)
        return a->ops->set_weights(a->device, (enum device_weights)m->weights,
                                   m->params);
    pack_panels(m);
    return OK;
}

void model_place(struct model *m, const struct accelerator *a, int weights)
{
    pages_free(m->packed, panel_floats(&m->config));
    m->packed = NULL;
    m->accelerator = a;
    m->weights = weights;
}

enum status model_use(struct model *m, const struct accelerator *a, int weights)
{
    model_place(m, a, weights);
    return model_repack(m);
}

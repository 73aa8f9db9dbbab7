// Where parameters and forward panels lie.  Private to the layer.
#ifndef MODEL_LAYOUT_H
#define MODEL_LAYOUT_H

#include "model.h"

// The caller frees out->layers: mem_free.  ERR_NOMEM.
CHECKED enum status layout_new(struct model_layout *out, const struct model_config *c);

// A matrix of the forward product: enum matrix by layer, the head last.
struct matrix_shape {
    size_t offset; // into params
    int outputs, inputs;
};
int matrix_count(const struct model_config *c);
struct matrix_shape matrix_shape(const struct model_config *c,
                                 const struct model_layout *l, int index);

// A stretch of the flat buffer that an optimizer treats alike.
struct param_range {
    size_t begin, end; // floats
    int matrix;        // 1: a matrix, on which weight decay acts; 0: norms and biases
};
// The range that starts at `begin`; from 0 on, end after end, they cover the buffer.
struct param_range layout_range(const struct model_layout *l,
                                const struct model_config *c, size_t begin);

// Sizes in floats, without a layout.
size_t layout_floats(const struct model_config *c);
size_t panel_floats(const struct model_config *c);

#endif

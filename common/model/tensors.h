// The tensors of a model under their Hugging Face names, in the order of the flat
// buffer, which they fill without gaps.  Private to the layer.
#ifndef MODEL_TENSORS_H
#define MODEL_TENSORS_H

#include "model.h"

enum { TENSOR_NAME_BYTES = 80 };

struct model_tensor {
    char name[TENSOR_NAME_BYTES];
    int rank; // 1: (columns); 2: (rows, columns)
    size_t rows, columns;
    size_t offset; // floats
};

// The list is the caller's: mem_free.  ERR_NOMEM.
CHECKED enum status model_tensors_new(struct model_tensor **out, size_t *n,
                                      const struct model *m);

#endif

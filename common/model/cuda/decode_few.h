// A decoding step of few rows in bf16: eight kernels a layer, each of which begins
// while the one before it ends (tensor/cuda/few_rows.h).  Fast mode only.  Private to
// the folder.
#ifndef MODEL_CUDA_DECODE_FEW_H
#define MODEL_CUDA_DECODE_FEW_H

#include "state.h"

// Whether the model's shape allows it.
int few_shape_fits(const struct device *d);
static inline int few_fits(const struct device *d, int rows)
{
    return d->few && rows <= FEW_ROWS;
}

// Floats of scratch for so many rows.
size_t few_scratch_floats(const struct model_config *c, int rows);

// Keys and values of a layer, in decode.cache.
struct gpu_kv decode_layer_cache(const struct device *d, int layer);

// Enqueues; `rows` rows of decode.step.
void few_step(struct device *d, int rows);
// The states decode.from, `rows` of them, to decode.logits.
void few_predict(struct device *d, int rows);

#endif

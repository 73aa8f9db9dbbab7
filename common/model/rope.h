// The frequencies of rotary positions, stretched or not.  Private to the layer.
#ifndef MODEL_ROPE_H
#define MODEL_ROPE_H

#include "model.h"

// ERR_INPUT names what of c->rope is out of bounds.
CHECKED enum status rope_check(const struct model_config *c);

// inv_freq (head_dim / 2) in radians a position; returns the factor by which cosines
// and sines are multiplied.
double rope_frequencies(double *inv_freq, const struct model_config *c);

// Cosines and sines (max_positions, head_dim / 2), stretched.  The caller frees both,
// also where one of them failed: mem_free.  ERR_NOMEM.
CHECKED enum status rope_tables_new(float **cosine, float **sine,
                                    const struct model_config *c);

// Yarn's attention factor where a checkpoint gives none.  mscale and mscale_all_dim
// count where neither is 0 (DeepSeek's form).
double yarn_attention_factor(double factor, double mscale, double mscale_all_dim);

#endif

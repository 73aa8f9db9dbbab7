// What a model and a training pass take, before anything is allocated.
//
// Pure functions of checked configs; exact but for the allocator's own bookkeeping, and
// decoder_bytes a bound.
#ifndef MODEL_MEMORY_H
#define MODEL_MEMORY_H

#include "model.h"

// Of model_new: parameters, forward panels and rotary tables.
size_t model_bytes(const struct model_config *c);

// Of `activations` after a forward pass over `p`, of which only the counts
// (n_tokens, n_outputs, n_spans, max_context) are read.  Depends on par_threads().
size_t activations_bytes(const struct model_config *c, const struct pack *p);

// Of decoder_new and of what its calls add: batches of `rows`, contexts of at most
// `context` tokens, segments of `branches` branches, on a cache of `pages`.  Here, not
// on a device; depends on par_threads().
struct decoder_counts {
    int32_t rows, context, branches, pages;
};
size_t decoder_bytes(const struct model_config *c, const struct decoder_counts *n);

#endif

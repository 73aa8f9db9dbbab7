// The parts of tokenizer.json around the model.  Private to the layer.
#ifndef TEXT_READ_PIPELINE_H
#define TEXT_READ_PIPELINE_H

#include "internal.h"

#include <jansson.h>

const char *json_type_of(const json_t *part); // its "type"; "" where it has none
int json_is_set(const json_t *value);         // true, not empty, not zero
CHECKED enum status json_unsupported(const char *what, const char *type);

// Normalizer, decoder, pre-tokenizer and post-processor, after the vocabulary and
// t->normalizer.spaced are known.  ERR_INPUT names what is not supported.
CHECKED enum status tokenizer_read_pipeline(struct tokenizer *t, const json_t *root);

#endif

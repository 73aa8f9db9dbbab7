// What a Hugging Face folder says of generating: the tokens that end a text, and how
// its authors sample.  A zeroed struct says nothing; the owner calls generation_free.
#ifndef MODEL_GENERATION_H
#define MODEL_GENERATION_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct generation {
    int32_t *ends; // token ids below the vocabulary's size, each once
    size_t n_ends;
    struct buf sampling; // "temperature 0.6, top_p 0.95": what is not plain sampling
};

// Reads config.json and, where there is one, generation_config.json; whatever is at
// odds with sampling at `temperature` from the whole distribution goes into `sampling`.
// ERR_INPUT names the file and the key.
CHECKED enum status generation_read(struct generation *out, const char *folder,
                                    int32_t vocab, double temperature);
void generation_free(struct generation *g);

#endif

// A Hugging Face model folder: config.json and model.safetensors, in one file or in the
// shards that model.safetensors.index.json lists.  Private to the layer.
#ifndef MODEL_HF_H
#define MODEL_HF_H

#include "model.h"

#include <stddef.h>

// out (size) = folder/name.  ERR_INPUT: too long.
CHECKED enum status hf_path(char *out, size_t size, const char *folder,
                            const char *name);

// ERR_INPUT names the file, the key and what is wrong; what this engine would compute
// differently from the model's own code is refused, not ignored.
CHECKED enum status hf_config_read(struct model_config *out, const char *path);
CHECKED enum status hf_config_write(const struct model_config *c, const char *path);

// Fills m->params.  Every tensor of the model stands in the files exactly once, in its
// shape, and nothing else does.
CHECKED enum status hf_weights_read(struct model *m, const char *folder);

#endif

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
// `text`, unless it is NULL, gets the file as it is.
CHECKED enum status hf_config_read(struct model_config *out, struct buf *text,
                                   const char *path);
// The file that the model was read from with the type of the weights that are written;
// of a model that was not read, one that says what it is.
CHECKED enum status hf_config_write(const struct model *m, const char *path);

// Fills m->params.  Every tensor of the model stands in the files exactly once, in its
// shape, and nothing else does but what follows from the config and a second copy of a
// tied matrix.
CHECKED enum status hf_weights_read(struct model *m, const char *folder);

#endif

// Keys of a config.json object.  A key that is absent or null leaves `*out` as it is.
// Errors: ERR_INPUT names the key.  Private to the layer.
#ifndef MODEL_HF_KEYS_H
#define MODEL_HF_KEYS_H

#include "model.h"

#include "json/json.h"

int key_is_set(const json_t *object, const char *key); // neither absent nor null

// A decimal without a fraction is an integer too.
CHECKED enum status key_int(const json_t *object, const char *key, int32_t *out);
CHECKED enum status key_required_int(const json_t *object, const char *key,
                                     int32_t *out);
CHECKED enum status key_number(const json_t *object, const char *key, double *out);
CHECKED enum status key_bool(const json_t *object, const char *key, int32_t *out);

// The token ids below `below` that a key gives, one or a list; others in it are left
// out.  *ids (*n) grows and is the caller's: mem_free.  ERR_INPUT, ERR_NOMEM.
CHECKED enum status key_ids(const json_t *object, const char *key, int32_t below,
                            int32_t **ids, size_t *n);

CHECKED enum status key_refuse_true(const json_t *object, const char *key);

// rope_theta and rope, from rope_scaling or rope_parameters (hf_rope.c);
// c->max_positions is that of the file.
CHECKED enum status hf_rope_read(struct model_config *c, const json_t *root);

// *window = the positions within which every layer's attention is plain, 0: all
// (hf_window.c).
CHECKED enum status hf_window_read(int32_t *window, const json_t *root,
                                   const struct model_config *c);

#endif

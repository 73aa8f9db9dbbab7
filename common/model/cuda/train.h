// Forward and backward over packs.  Private to the folder.
#ifndef MODEL_CUDA_TRAIN_H
#define MODEL_CUDA_TRAIN_H

#include "layers.h"

// Checks the pack against the arena, makes its control arrays and sends them; with a
// loss also what the backward pass needs, *groups the number of different tokens.
// ERR_LIMIT: larger than the arena was made for.
CHECKED enum status pack_send(struct device *d, const struct pack *p,
                              const struct pack_loss *loss, int *groups);

// One layer up to `middle`, and from there up to its gate and up rows.
CHECKED enum status forward_attention(const struct gpu_layer *l);
CHECKED enum status forward_inner(const struct gpu_layer *l);
// The rotated q, k, v of a layer, made again where heads are normalised.
const void *rotated_rows(const struct gpu_layer *l);
struct gpu_paths pack_paths(const struct device *d);

// From t->d_normed, the gradient of the final norm's rows.
CHECKED enum status backward_layers(struct device *d, const struct pack *p, int groups);

enum status train_log_probs(struct device *d, enum device_weights w,
                            const struct pack *p, float inv_temperature,
                            float *log_prob, float *entropy);
enum status train_pack(struct device *d, const struct pack *p,
                       const struct pack_loss *loss, float inv_temperature,
                       float *log_prob);

#endif

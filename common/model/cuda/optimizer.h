// Gradient and AdamW.  Private to the folder; contracts as in model/device.h.
#ifndef MODEL_CUDA_OPTIMIZER_H
#define MODEL_CUDA_OPTIMIZER_H

#include "state.h"

enum status optimizer_clear(struct device *d);
enum status optimizer_norm(struct device *d, double *out);
enum status optimizer_update(struct device *d, const struct adamw *a,
                             const struct training_watch *watch);
enum status optimizer_hash(struct device *d, uint64_t *out);
enum status optimizer_get(struct device *d, enum device_state s, float *out);
enum status optimizer_set(struct device *d, enum device_state s, const float *in);

#endif

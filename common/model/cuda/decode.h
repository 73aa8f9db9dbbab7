// Decoding steps, prompts and draws.  Private to the folder; contracts as in
// model/device.h.
#ifndef MODEL_CUDA_DECODE_H
#define MODEL_CUDA_DECODE_H

#include "state.h"

void cuda_make_buckets(struct device *d);
void cuda_drop_graphs(struct device *d);
enum status cuda_feed(struct device *d, const struct device_rows *rows);
enum status cuda_prompt(struct device *d, const struct device_rows *rows);
enum status cuda_draw(struct device *d, struct decode_draw *draws, int32_t n);
enum status cuda_logits(struct device *d, int32_t hidden, float *out);

#endif

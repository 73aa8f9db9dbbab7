// What a decoder keeps, and its two ways of computing: here, and on the model's device.
// Private to the layer.
#ifndef MODEL_DECODE_STATE_H
#define MODEL_DECODE_STATE_H

#include "decode_plan.h"
#include "device.h"

struct decoder {
    int32_t max_rows;
    int32_t prompt_rows; // of a prompt at once
    int32_t *order;      // (max_rows) caller's row of each computed row
    int32_t *tokens;     // (max (max_rows, prompt_rows))
    struct decode_plan plan;
    double flops;
    // Here.
    float *stream;    // (max_rows, dim)
    float *normed;    // (max_rows, dim)
    float *qkv;       // (max_rows, qkv_width)
    float *attended;  // (max_rows, q_width)
    float *gate_up;   // (max_rows, 2 ffn)
    float *wide;      // (max_rows, ffn)
    float *logits;    // (max_rows, vocab)
    float *attention; // attention_decode_scratch
    size_t attention_capacity;
    // On a device: the plan as it takes it.
    int32_t *slots, *hidden; // (max (max_rows, prompt_rows))
    struct device_segment *segments;
    size_t segment_capacity;
};

// The rows of one planned call: n of them, the longest path max_context.
struct decode_call {
    const struct model *m;
    struct kv_cache *cache;
    int32_t n;
    int max_context;
};

// Here: buffers; what a call may allocate, before anything is fed; the planned rows
// through all layers, whose states go to the cache; draws, whose states are known.
CHECKED enum status decode_host_new(struct decoder *d, const struct model *m);
void decode_host_free(struct decoder *d);
CHECKED enum status decode_host_reserve(struct decoder *d, const struct decode_call *c);
void decode_host_rows(struct decoder *d, const struct decode_call *c);
void decode_host_draw(struct decoder *d, const struct decode_call *c,
                      struct decode_draw *draws);
void decode_host_logits(struct decoder *d, const struct decode_call *c,
                        const int32_t *states, float *logits);

// On the device; `prompt` != 0: the rows are the last of one path.
CHECKED enum status decode_device_new(struct decoder *d);
void decode_device_free(struct decoder *d);
CHECKED enum status decode_device_reserve(struct decoder *d);
CHECKED enum status decode_device_rows(struct decoder *d, const struct decode_call *c,
                                       int prompt);

#endif

// A policy on one GPU: everything that common/model/cuda keeps.  Private to the folder.
//
//   memory.c    where all of it lies in the arena
//   device.c    opening, weights, state
//   layers.c    one layer's products and rows, shared by training and decoding
//   train.c     control arrays of a pack and the forward pass
//   backward.c  the backward pass
//   optimizer.c gradient norm and AdamW, in device or host memory
//   decode.c    decoding steps, prompts, draws
//   decode_few.c   a decoding step of few rows
//   decode_rows.c  control arrays of a decoding call
#ifndef MODEL_CUDA_STATE_H
#define MODEL_CUDA_STATE_H

#include "arena.h"

#include "model/device.h"
#include "model/shape.h"
#include "tensor/cuda/attention.h"
#include "tensor/cuda/cascade.h"
#include "tensor/cuda/few_rows.h"
#include "tensor/cuda/gemm.h"
#include "tensor/cuda/ops.h"
#include "tensor/cuda/runtime.h"
#include "tensor/cuda/tiles.h"

enum {
    FIXED_ROWS = 256, // of a product, deterministic
    LOGIT_MIB = 1664, // 2816 rows of 152k tokens, and half as much for their gradient
    PATH_STRETCHES = 32, // room for so many of each path, where attention is plain
    PARTS_PER_ROW = 48,  // of a cascade plan
    MAX_BUCKETS = 40,
    MOST_PAGES = 1 << 24,
    STAGING_FLOATS = 4 << 20, // of a stretch of the optimizer's host state, each
};

// What a layer keeps for the backward pass; M rows.  T: the setup's type.
struct layer_kept {
    float *input, *middle;  // (M, dim) the residual stream: before, after attention
    void *qkv;              // (M, qkv_width) T, rotated unless heads are normalised
    void *attended;         // (M, q_width) T
    float *lse;             // (M, heads)
    void *gate_up;          // (M, 2 ffn) T
    float *norm_1, *norm_2; // (M) inverse root mean squares
};

// Control arrays of a pack: alike in pinned host memory and on the device.
struct pack_control {
    int32_t *tokens, *positions, *ends; // (M)
    int32_t *row, *target;              // (P)
    int32_t *order, *first, *token;     // token_groups
    // Fast attention: tiles of both sides.
    int32_t *tiles_first, *tiles, *turned_first, *turned, *part_first;
    struct tile_share *shares; // of the turned ones
    // Plain attention.
    struct gpu_stretch *stretches;
    int32_t *list, *path_first, *path, *length;
    float *coef, *weight, *advantage, *behaviour, *reference; // (P)
    float *log_prob, *entropy;                                // (P), results
};

struct train_buffers {
    int32_t M, P; // room
    struct layer_kept *layers;
    float *output, *d_stream; // (M, dim)
    float *last, *d_last;     // (P, dim)
    void *normed, *d_normed;  // (P, dim) T
    float *inv_rms;           // (P)
    void *row, *d_row;        // (M, dim) T
    void *wide;               // (M, ffn) T
    void *rotated;            // (M, qkv_width) T where heads are normalised
    float *head_norm;         // (M, heads + kv_heads) likewise
    void *d_qkv, *d_attended; // T
    float *delta;             // (M, heads)
    float *key_parts;         // of the shares, where attention is fast
    int n_shares;             // of the last pack
    float *logits;            // (chunk, ld)
    void *d_logits;           // (chunk, ld) T
    float *parts;             // GPU_PARTS of the widest row
    int chunk;                // rows of logits at once
    struct pack_control on, host;
    void *control, *host_control;
    size_t control_bytes;
};

struct optimizer_state {
    float *grad; // (total), on the device
    // (total) each, on the device or in pinned host memory.
    float *master, *m, *v;
    double *norm, *norm_parts;
    double *host_norm;
    uint64_t *hash, *host_hash;
    float *staging[2]; // host_optimizer: master, m, v of a stretch
};

// Control arrays of a decoding call: alike in pinned host memory and on the device.
struct rows_control {
    int32_t *tokens, *positions, *slots, *hidden; // (rows)
    // Fast: a cascade plan, or a prompt's slots by position and its tiles.
    int32_t *n_items, *part_first, *parts;
    struct cascade_item *items;
    int32_t *key_slots, *tiles_first, *tiles;
    // Plain.
    struct gpu_stretch *stretches;
    int32_t *list, *path_first, *path, *length;
    int32_t *pages; // last: only those in use are sent
};

struct call_control {
    struct rows_control on, host;
    void *memory, *host_memory;
    size_t bytes;
    int rows;   // room
    int sent;   // the arrays may be on their way
    int length; // of a prompt's path
};

struct decode_buffers {
    int32_t rows, prefill_rows, kv_pages, context;
    void *cache; // (layers, slots, 2 kv_width) T; the last page takes what is nobody's
    float *hidden; // (kv_pages + 1, dim) states that may predict
    // Rows of one call.
    float *stream;                               // (rows, dim)
    void *row, *qkv, *attended, *gate_up, *wide; // T
    float *parts;                                // of the cascade
    float *sums;                                 // few: parts of a product's sums
    float *logits;                               // (decode rows, ld)
    struct call_control step, prompt;
    struct cascade_limits limits;
    // Host scratch of cascade_build, a segment each.
    struct cascade_segment *segments;
    int32_t *low, *high;
    size_t segment_capacity, low_capacity, high_capacity;
    struct gpu_draw *draws, *host_draws;
    struct gpu_drawn *drawn, *host_drawn;
    void *sampling;            // scratch
    int32_t *from, *host_from; // (decode rows) hidden
};

struct graph_slot {
    int used; // times; recorded at the second
    struct gpu_graph *graph;
};

struct device {
    struct device_setup setup;
    struct model_config c;
    struct model_layout layout;
    struct device_info info;
    struct gpu *gpu;
    struct gpu_gemm *gemm;
    enum gpu_type type;
    struct gpu_heads heads;
    int fast;    // attention by tiles
    int few;     // decoding by products of few rows
    int ld;      // elements of a row of logits
    int padding; // rows of every buffer are a multiple of it

    void *arena, *host_arena;
    void *weights[DEVICE_WEIGHTS], *incoming;
    float *cosine, *sine;
    void *workspace;
    struct train_buffers train;
    struct optimizer_state optimizer;
    struct decode_buffers decode;

    int32_t buckets[MAX_BUCKETS];
    int n_buckets;
    int parity; // which of the two rollout images is in use
    struct graph_slot feeds[2][MAX_BUCKETS], draws[2][MAX_BUCKETS];
};

// What follows from the setup alone: the first thing of a device.
void device_shape(struct device *d, const struct device_setup *s);
// Places everything; called with bases NULL first, to measure.  ERR_NOMEM: overflow.
CHECKED enum status device_place(struct device *d, struct arena *device,
                                 struct arena *host);

// Element `offset` of a set of weights; offset (size_t)-1: NULL.
static inline const void *weight_at(const struct device *d, const void *base,
                                    size_t offset)
{
    if (offset == (size_t)-1)
        return NULL;
    return (const char *)base + offset * gpu_type_bytes(d->type);
}

static inline void *element(const struct device *d, void *rows, size_t index)
{
    return (char *)rows + index * gpu_type_bytes(d->type);
}

#endif

// A policy on an accelerator: what the decoder and the learner ask of one device.  The
// table behind it comes from a shared object that device_open loads, so that the
// program starts on machines without CUDA.  Sources: common/model/cuda.
//
// All device memory is one arena, sized by device_open; nothing is allocated later.
// After ERR_IO (a kernel or copy failed) or ERR_TIMEOUT the device is of no further
// use. One thread.
#ifndef MODEL_DEVICE_H
#define MODEL_DEVICE_H

#include "decode.h"
#include "model.h"
#include "training.h"

#include <stdint.h>

enum device_type { DEVICE_F32, DEVICE_BF16 }; // of weights and activations
// What a backward pass makes again instead of keeping: nothing, the inner rows of the
// feed-forward network, or all of a layer but its input.
enum device_recompute { RECOMPUTE_NONE, RECOMPUTE_FFN, RECOMPUTE_LAYER };

// Sets of weights, in the model's layout.
enum device_weights {
    DEVICE_LEARNER,   // the optimizer's image
    DEVICE_REFERENCE, // of the KL term
    DEVICE_ROLLOUT,   // what decodes
    DEVICE_WEIGHTS
};

// What the arena is made for.  Zero counts: no such role.
struct device_limits {
    // The learner: rows and predictions of the largest pack.
    int32_t train_tokens, train_outputs;
    int32_t reference;      // 1: keep DEVICE_REFERENCE
    int32_t host_optimizer; // 1: master weights and moments in pinned host memory
    enum device_recompute recompute;
    // The worker: branches decoded at once, rows of one prefill, pages of KV_PAGE
    // tokens.
    int32_t decode_rows, prefill_rows, kv_pages;
    int32_t second_buffer; // 1: weights arrive beside those in use (image)
    // kv_pages 0, with decode_rows: as many as fit into this share of the free memory.
    double memory_share;
};

struct device_setup {
    int32_t ordinal; // of the GPUs that the driver shows
    enum device_type type;
    // 1: a row's result never depends on its batch, so rollout and learner agree bit
    // for bit; slower.
    int32_t deterministic;
    int64_t deadline_ms; // of any wait for the device
    struct model_config config;
    struct device_limits limits;
};

struct device_info {
    char name[128];
    unsigned char uuid[16];
    int32_t major, minor, multiprocessors;
    size_t total_bytes, free_bytes; // before the arena
    size_t arena_bytes, host_bytes; // as made
    int32_t kv_pages;
};

// One decoding call's rows; see decode_plan.h.  Segments name pages[page ...]; a parent
// stands before its children.
struct device_segment {
    int32_t page, count, parent, start;
};
struct device_rows {
    int32_t n;
    const int32_t *tokens, *positions;
    const int32_t *slots;  // page * KV_PAGE + place: where a row's key and value go
    const int32_t *hidden; // where its last state goes, < kv_pages; -1: nowhere
    const int32_t *leaf;   // (n) segment in which the row's path ends; feed alone
    const struct device_segment *segments;
    int32_t n_segments;
    const int32_t *pages;
    int32_t n_pages;
};
enum device_state { DEVICE_MASTER, DEVICE_MOMENT_1, DEVICE_MOMENT_2, DEVICE_GRADIENT };

struct device; // of the backend

struct device_ops {
    int abi; // DEVICE_ABI
    // How many GPUs the driver shows.  ERR_INPUT: none, and why.
    enum status (*count)(int *out);
    // The bytes that open would take, on the device and pinned on the host; needs no
    // GPU.
    enum status (*measure)(const struct device_setup *s, size_t *device, size_t *host);
    // ERR_INPUT: what is missing, in one line; ERR_NOMEM: what would not fit, in bytes.
    enum status (*open)(struct device **out, const struct device_setup *s);
    void (*close)(struct device *d);
    void (*describe)(const struct device *d, struct device_info *out);

    // From (layout.total) floats on the host; DEVICE_LEARNER: the master weights too.
    enum status (*set_weights)(struct device *d, enum device_weights w,
                               const float *params);

    // ---- the learner
    enum status (*clear)(struct device *d); // gradient = 0
    // As model_forward, of any set of weights.
    enum status (*log_probs)(struct device *d, enum device_weights w,
                             const struct pack *p, float inv_temperature,
                             float *log_prob, float *entropy);
    // Forward, loss, backward: adds to the gradient; log_prob (P).
    enum status (*train)(struct device *d, const struct pack *p,
                         const struct pack_loss *loss, float inv_temperature,
                         float *log_prob);
    enum status (*squared_norm)(struct device *d, double *out); // of the gradient
    // AdamW on every parameter, in the layout's order; decay on matrices.  Enqueued.
    // The watch (NULL: none) is told how many bytes of the learner's image are final on
    // the broadcast stream.
    enum status (*update)(struct device *d, const struct adamw *a,
                          const struct training_watch *watch);
    enum status (*get_state)(struct device *d, enum device_state s, float *out);
    enum status (*set_state)(struct device *d, enum device_state s, const float *in);
    enum status (*hash)(struct device *d, uint64_t *out); // of the master weights

    // ---- weights from device to device, on a stream of their own
    // DEVICE_LEARNER, or with incoming != 0 the second buffer of DEVICE_ROLLOUT; at
    // NULL: not there.
    struct model_image (*image)(struct device *d, int incoming);
    void *(*broadcast_stream)(struct device *d); // a cudaStream_t
    // The broadcast stream goes on only after all that is enqueued for computation.
    void (*release)(struct device *d);
    // On the broadcast stream, then waited for: weights that stay on this device.
    enum status (*copy)(struct device *d, void *to, const void *from, size_t bytes);
    // The second buffer, complete on the broadcast stream, becomes DEVICE_ROLLOUT.
    enum status (*adopt)(struct device *d);

    // ---- the worker
    enum status (*feed)(struct device *d, const struct device_rows *rows); // enqueued
    // The rows are the last of one path, whose segments stand in order.  Enqueued.
    enum status (*prefill)(struct device *d, const struct device_rows *rows);
    // As decode_draw, of the draws' states; fetches the tokens.
    enum status (*draw)(struct device *d, struct decode_draw *draws, int32_t n);
    // The logits of one state, (vocab); for tests.
    enum status (*logits)(struct device *d, int32_t hidden, float *out);
};

enum { DEVICE_ABI = 2 };
// What the shared object exports; the program itself has none.
typedef const struct device_ops *device_entry(void);
device_entry etreerpo_device;

// A device with its table, as a model refers to it.
struct accelerator {
    const struct device_ops *ops;
    struct device *device;
    void *library;
};

// Loads etreerpo_cuda.so from beside the program (or $ETREERPO_CUDA).  ERR_INPUT says
// in one line what is missing.
CHECKED enum status accelerator_load(struct accelerator *out);
// Opens a device with it.
CHECKED enum status accelerator_open(struct accelerator *a,
                                     const struct device_setup *s);
// Another entry of the shared object, of type `void *(void)`; NULL: it has none.
void *accelerator_entry(const struct accelerator *a, const char *name);
void accelerator_close(struct accelerator *a); // closes and unloads; zeroed is fine

#endif

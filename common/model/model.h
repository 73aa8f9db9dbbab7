// The policy: a decoder of the Llama, Mistral, Qwen2 or Qwen3 family (RMSNorm, rotary
// positions, grouped-query attention, SwiGLU, optional biases and normalised heads,
// tied or untied output).
//
// Parameters lie in ONE flat float32 buffer, so that a version is published, averaged,
// clipped or checkpointed as one vector.  q, k, v of a layer are adjacent and act as
// one matrix, and so are gate and up.  A model owns its memory: model_free.
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "base/buf.h"
#include "base/rng.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum rope_type { ROPE_DEFAULT, ROPE_LINEAR, ROPE_LLAMA3, ROPE_YARN };

// How rotary positions are stretched beyond the length of pretraining (rope.h has the
// formulas).  Zeros: not at all.
struct rope_scaling {
    enum rope_type type;
    double factor;                        // all but ROPE_DEFAULT
    int32_t original_positions;           // llama3, yarn: the length of pretraining
    double low_frequency, high_frequency; // llama3: factors
    double beta_fast, beta_slow;          // yarn: turns over the original length
    double attention_factor;              // yarn: multiplies queries and keys
    int32_t truncate;                     // yarn: 0 or 1
};

struct model_config {
    int32_t vocab, dim, layers, heads, kv_heads, head_dim, ffn;
    int32_t max_positions;
    float rms_epsilon;
    double rope_theta;
    int32_t qkv_bias, tied; // 0 or 1
    int32_t eos, bos;       // token ids, -1: none

    int32_t out_bias, mlp_bias; // 0 or 1: of the output matrix; of gate, up and down
    int32_t qk_norm;            // 0 or 1: heads of q and k are normalised (Qwen3)
    int32_t mistral;            // 0 or 1: computes as a Llama, is saved as a Mistral
    struct rope_scaling rope;
};

// Offsets in floats into the flat buffer, by layer.  A bias has as many elements as its
// matrix has rows; (size_t)-1: the model has no such tensor.
struct layer_offsets {
    size_t attn_norm;             // (dim)
    size_t qkv, qkv_bias;         // (heads*hd + 2*kv_heads*hd, dim)
    size_t out, out_bias;         // (dim, heads*hd)
    size_t q_norm, k_norm;        // (hd) each
    size_t ffn_norm;              // (dim)
    size_t gate_up, gate_up_bias; // (2*ffn, dim)
    size_t down, down_bias;       // (dim, ffn)
};

struct model_layout {
    size_t embedding;  // (vocab, dim)
    size_t final_norm; // (dim)
    size_t head;       // (vocab, dim); == embedding when tied
    struct layer_offsets *layers;
    size_t total; // floats
};

struct model {
    struct model_config config;
    struct model_layout layout;
    float *params; // layout.total floats
    float *packed; // the same weights in forward-product panels (model_repack)
    size_t
        *packed_offset; // per matrix: 4 per layer (qkv, out, gate_up, down), then head
    float *rope_cos, *rope_sin; // (max_positions, head_dim/2)
    uint64_t version;           // of params
    struct buf source; // config.json as it was read; empty: of a model made here
    float *second;     // model_incoming's; NULL until it is asked for
    // Where it computes: NULL: here.  Else the parameters are there too, as the set
    // `weights`, and there are no panels.  Borrowed.
    const struct accelerator *accelerator;
    int weights; // enum device_weights
    int behind;  // 1: params are older than the device's (model_fetch)
};

// Sane and within limits, else ERR_INPUT naming the field.
CHECKED enum status model_config_check(const struct model_config *c);
// A fingerprint of all that shapes the parameters or changes what is computed of them.
uint64_t model_config_hash(const struct model_config *c);
// Allocates with zero parameters.  ERR_INPUT, ERR_NOMEM.
CHECKED enum status model_new(struct model *m, const struct model_config *c);
void model_free(struct model *m);
// Fresh parameters, drawn from (key, tensor, element); model_repack comes after.
void model_randomize(struct model *m, struct rng_key key);
// After params changed: lays out the forward panels again, or sends them to the device.
// ERR_IO, ERR_TIMEOUT: of the device alone.
enum status model_repack(struct model *m);
// Computes on a device from now on, as the set `weights` there (model/device.h);
// model_use sends the parameters too, model_place leaves the device what it has.
struct accelerator;
void model_place(struct model *m, const struct accelerator *a, int weights);
CHECKED enum status model_use(struct model *m, const struct accelerator *a,
                              int weights);
// Brings params up to date where the device has newer ones.  ERR_IO, ERR_TIMEOUT.
CHECKED enum status model_fetch(struct model *m);
// A fingerprint of the parameters as they are where the model computes; one kind of
// device does not give another's.  ERR_IO, ERR_TIMEOUT.
CHECKED enum status model_weights_hash(const struct model *m, uint64_t *out);
size_t model_param_count(const struct model *m);

// ---- weights that go from memory to memory, without messages (comm/nccl_group.h)
// All parameters as one block in the memory in which the model computes: floats here,
// elements of the device's type there; the same layout at every rank.
struct model_image {
    void *at;
    size_t bytes;
};
// What a learner sends.  Only training_update changes it.
struct model_image model_outgoing(const struct model *m);
// What a worker receives into, beside the parameters in use.  Nothing that is enqueued
// on the device reads it any more when what is enqueued for a broadcast writes it.
// ERR_NOMEM; ERR_INTERNAL: a device that was opened without a second buffer.
CHECKED enum status model_incoming(struct model *m, struct model_image *out);
// The block received is `version` and becomes the parameters, and they the next block
// to receive into.  On a device the host's params are then of no use.
CHECKED enum status model_adopt(struct model *m, uint64_t version);

// ---- Hugging Face folder: config.json + model.safetensors (model/hf.h does the work)
// Whether the folder is one, as far as its files' names tell: else what it is and what
// to do about it.  ERR_INPUT.
CHECKED enum status model_folder_check(const char *folder);
// ERR_INPUT names file, tensor and reason; nothing is half-loaded.  Where the model's
// attention has a sliding window, max_positions is at most that window, within which it
// is plain attention.
CHECKED enum status model_load(struct model *m, const char *folder);
// The same with max_positions at most `most`, which bounds the rotary tables; the model
// is saved with the checkpoint's own.
CHECKED enum status model_load_within(struct model *m, const char *folder,
                                      int32_t most);
// For a model that is to compute elsewhere (model_use), or whose parameters will come
// by messages: without panels; with weights == 0 without reading parameters, all zero.
CHECKED enum status model_load_bare(struct model *m, const char *folder, int weights);
// Reads the parameters of a folder into a model of the same shape, whose buffer others
// may hold; model_repack comes after.  On failure they are of no use.
CHECKED enum status model_reload(struct model *m, const char *folder);
// Writes config.json and model.safetensors (F32) into an existing folder.  The config
// of a model that was loaded is the one it came with, but for the type of its weights.
// ERR_IO.
CHECKED enum status model_save(const struct model *m, const char *folder);

// ---- training: packed trees ---------------------------------------------------------
struct attention_span; // tensor/ops.h

// M tokens of several trees, depth-first (learner/pack.h makes it).  Row i predicts
// targets[k] for k in its rows list: a branching point predicts the first token of
// every child, so outputs are a list of their own.
struct pack {
    int32_t n_tokens; // M
    int32_t *tokens;  // (M)
    int32_t *positions;
    struct attention_span *spans;
    int32_t n_spans;
    int32_t max_context;
    // Predictions: output j is the log-prob of `target[j]` given the path that ends in
    // token row `row[j]`.
    int32_t n_outputs; // P
    int32_t *row;      // (P), ascending
    int32_t *target;   // (P)
};

// Activations of one pack, reused between packs; grows as needed.
struct activations;
CHECKED enum status activations_new(struct activations **out, const struct model *m);
void activations_free(struct activations *a);

// log_prob, entropy (P): of every prediction at the given temperature.  Keeps what the
// backward pass needs in `a`.  Either output may be NULL.  ERR_NOMEM; ERR_INPUT: a
// token or a path that the model cannot hold; ERR_INTERNAL: the pack is not as
// described above.
CHECKED enum status model_forward(const struct model *m, struct activations *a,
                                  const struct pack *p, float inv_temperature,
                                  float *log_prob, float *entropy);

// grad (layout.total) += d/d params of sum_j coef[j] * log_prob[j], for the pack of the
// last model_forward on `a` (any other is ERR_INTERNAL), with the same parameters.
CHECKED enum status model_backward(const struct model *m, struct activations *a,
                                   const struct pack *p, float inv_temperature,
                                   const float *coef, float *grad);

// Floating-point operations (2 per multiply-add) of the forward pass over one pack, as
// executed; the backward pass costs twice as many.
double model_forward_flops(const struct model_config *c, const struct pack *p);

#endif

// What a training forward pass keeps for its backward pass, in one arena that grows to
// the largest pack.  Norms (those of heads too) and SwiGLU outputs are not kept: the
// backward pass makes them again, which costs less than a product row and halves the
// memory.
//
// Private to the layer.  Owned by the caller of activations_new.
#ifndef MODEL_ACTIVATIONS_H
#define MODEL_ACTIVATIONS_H

#include "model.h"

#include "tensor/ops.h"

struct layer_activations {
    float *input;     // (M, dim) the residual stream before the layer
    float *middle;    // (M, dim) after attention
    float *qkv;       // (M, qkv_width) rotated; before q/k norm where the model has one
    float *attended;  // (M, q_width)
    float *lse;       // (M, heads)
    float *gate_up;   // (M, 2 ffn)
    float *inv_rms_1; // (M) of `input`
    float *inv_rms_2; // (M) of `middle`
};

struct activations {
    struct layer_activations *layers;
    float *output;  // (M, dim) the residual stream after the last layer
    float *last;    // (P, dim) its rows that predict
    float *normed;  // (P, dim) the final norm of `last`
    float *inv_rms; // (P)
    // Scratch of both passes.
    float *row;  // (M, dim) a layer's normed rows; in the backward pass their gradient
    float *wide; // (M, ffn) SwiGLU's outputs; in the backward pass their gradient
    float *logits;    // (chunk, vocab)
    float *attention; // attention_train_scratch
    float *rotated;   // (M, qkv_width) of the layer at hand, where heads are normalised
    float *head_inv_rms; // (M, heads) of q, then (M, kv_heads) of k; likewise
    // Scratch of the backward pass.
    float *d_stream;   // (M, dim) gradient of the residual stream
    float *d_last;     // (P, dim)
    float *d_normed;   // (P, dim)
    float *d_gate_up;  // (M, 2 ffn); shares its place with the next two
    float *d_qkv;      // (M, qkv_width)
    float *d_attended; // (M, q_width)

    struct pack of; // the pack of the last forward pass (borrowed, only compared)
    float *arena;
    size_t capacity; // floats
};

// Takes the memory of packs of at most these counts (as activations_bytes reads them)
// from the system now.  ERR_NOMEM.
CHECKED enum status activations_prepare(struct activations *a, const struct model *m,
                                        const struct pack *counts);

// Points every field into an arena that is large enough for `p`.  ERR_NOMEM.
CHECKED enum status activations_reserve(struct activations *a, const struct model *m,
                                        const struct pack *p);

// Rows of logits that are in memory at once.
int logits_chunk_rows(const struct model_config *c);

struct attention_train attention_of_pack(const struct model_config *c,
                                         const struct pack *p);

// a->rotated and a->head_inv_rms of layer b->layer, from its qkv: of a model whose
// heads are normalised, so that both passes make them alike.  Returns a->rotated.
struct block;
float *remake_rotated(struct activations *a, const struct block *b,
                      const int32_t *positions);

// Every law of struct pack.  ERR_INPUT: a token the model does not know or a position
// it cannot hold; ERR_INTERNAL: the pack is not what pack.h promises.
CHECKED enum status pack_check(const struct pack *p, const struct model_config *c);

#endif

// The steps of one forward pass, shared by decoding and training: both make exactly
// these calls, so a row's numbers are the same bits in both.
//
// X (M, dim) is the residual stream.  The caller owns all memory.  No errors.
#ifndef MODEL_BLOCK_H
#define MODEL_BLOCK_H

#include "model.h"

// One layer over M rows.
struct block {
    const struct model *m;
    int layer, M;
};

// QKV (M, qkv_width) = [q | k | v] of the normalised X, not yet rotated.  `normed`
// (M, dim) is scratch; inv_rms (M) may be NULL.
void block_qkv(float *QKV, float *normed, float *inv_rms, const struct block *b,
               const float *X);

// Turns what block_qkv made, in place, into what attention takes: the heads of q and k
// are normalised (where the model has that) and rotated.  inv_rms (M heads, then
// M kv_heads) may be NULL.
void block_rotate(float *QKV, float *inv_rms, const struct block *b,
                  const int32_t *positions);

// X += attended (M, q_width) times the output matrix.
void block_attention_out(float *X, const struct block *b, const float *attended);

// X += the feed-forward network of the normalised X.  gate_up (M, 2 ffn) is kept by
// training; `normed` (M, dim) and `wide` (M, ffn) are scratch; inv_rms (M) may be NULL.
void block_ffn(float *X, float *gate_up, float *normed, float *wide, float *inv_rms,
               const struct block *b);

// normed (M, dim) = the final norm of X; inv_rms (M) may be NULL.
void block_final_norm(float *normed, float *inv_rms, const struct model *m,
                      const float *X, int M);

// logits (M, vocab) of rows that block_final_norm made.
void block_logits(float *logits, const struct model *m, const float *normed, int M);

#endif

// Attention of a few query rows to the keys of one stretch of a path, for one kv head.
// Decoding and training are both made of these, so their bits agree:
//
//     s_j = scale * (q . k_j)           one chain of multiply-adds over head_dim
//     p_j = exp(s_j - max)              at index j, the key's position on the path
//     o   = (sum_j p_j v_j) / sum p     one chain over j; sum p in 16 lanes by j mod 16
//
// Nothing in them depends on how the path is cut into stretches.
#ifndef TENSOR_CPU_ATTENTION_TILES_H
#define TENSOR_CPU_ATTENTION_TILES_H

#include <stddef.h>

// The keys and values of `count` positions that follow one another.
struct kv_stretch {
    float *const *pages;
    size_t offset; // of this kv head in a page
    int count, head_dim;
};

// s (rows, count) = q . k, not scaled yet.  Writes whole vectors: up to 15 floats of a
// row behind `count`, which a later stretch of the path overwrites.
void attention_scores(float *s, size_t lds, const float *q, size_t ldq, int rows,
                      const struct kv_stretch *kv);

// s (n) becomes p; s[n .. width) and the rest of its last vector become 0.  Returns
// 1 / sum; *lse [NULL: not wanted] = ln sum_j e^{s_j}.
float attention_softmax(float *s, int n, int width, float scale, float *lse);

// o (rows, head_dim) = (carry ? o : 0) + p (rows, count) v.
void attention_values(float *o, size_t ldo, const float *p, size_t ldp, int rows,
                      const struct kv_stretch *kv, int carry);

// out (head_dim) = o * inv_sum.
void attention_output(float *out, const float *o, float inv_sum, int head_dim);

// 1 / sqrt(head_dim).
float attention_scale(int head_dim);

#endif

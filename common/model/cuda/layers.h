// The parts of one layer, each for M rows of any buffers.  Residual streams are float,
// all else T.  Private to the folder.
#ifndef MODEL_CUDA_LAYERS_H
#define MODEL_CUDA_LAYERS_H

#include "state.h"

// Products with matrix `matrix` (N, K) of the weights at `base`.
struct gpu_layer {
    struct device *d;
    const void *base; // the set of weights
    int index;
    int M;
};
static inline const struct layer_offsets *offsets_of(const struct gpu_layer *l)
{
    return &l->d->layout.layers[l->index];
}

// to (M, N) T = a (M, K) W^T + bias.
CHECKED enum status times_matrix(const struct gpu_layer *l, void *to, const void *a,
                                 size_t matrix, size_t bias, int N, int K);
// to (M, N) float = stream + a (M, K) W^T + bias; `to` may be `stream`.
CHECKED enum status add_times_matrix(const struct gpu_layer *l, float *to,
                                     const float *stream, const void *a, size_t matrix,
                                     size_t bias, int N, int K);
// to (M, K) T = a (M, N) W.
CHECKED enum status times_matrix_back(const struct gpu_layer *l, void *to,
                                      const void *a, size_t matrix, int N, int K);
// The gradient of W (N, K) += a (M, N)^T b (M, K), and that of its bias.
CHECKED enum status matrix_gradient(const struct gpu_layer *l, const void *a,
                                    const void *b, size_t matrix, size_t bias, int N,
                                    int K);

void layer_norm(const struct gpu_layer *l, void *row, float *inv_rms,
                const float *stream, size_t gain);

// row, qkv: scratch or kept.  qkv is before rotation.
CHECKED enum status layer_qkv(const struct gpu_layer *l, void *qkv, void *row,
                              float *inv_rms, const float *stream);
struct gpu_rotate layer_rotation(const struct gpu_layer *l, const int32_t *positions);
// to = stream + ..., where `to` may be `stream`; likewise layer_down.
CHECKED enum status layer_attention_out(const struct gpu_layer *l, float *to,
                                        const float *stream, const void *attended);
// gate_up of the stream's norm, in `row`.
CHECKED enum status layer_gate_up(const struct gpu_layer *l, void *gate_up, void *row,
                                  float *inv_rms, const float *stream);
CHECKED enum status layer_down(const struct gpu_layer *l, float *to,
                               const float *stream, void *wide, const void *gate_up);

// logits (rows, ld) float of normed (rows, dim).
CHECKED enum status head_logits(struct device *d, const void *base, float *logits,
                                const void *normed, int rows);
void final_norm(struct device *d, const void *base, void *normed, float *inv_rms,
                const float *stream, const int32_t *from, int rows);

#endif

#include "layers.h"

static struct gemm_call call_of(const struct gpu_layer *l, enum gemm_kind kind, int N,
                                int K)
{
    return (struct gemm_call){
        .kind = kind,
        .M = l->M,
        .N = N,
        .K = K,
        .ld_to = kind == GEMM_FORWARD ? N : K,
        .ld_a = kind == GEMM_FORWARD ? K : N,
        .ld_b = K,
        .type = l->d->type,
        .to_type = kind == GEMM_WEIGHT ? GPU_F32 : l->d->type,
    };
}

enum status times_matrix(const struct gpu_layer *l, void *to, const void *a,
                         size_t matrix, size_t bias, int N, int K)
{
    struct gemm_call call = call_of(l, GEMM_FORWARD, N, K);
    call.to = to;
    call.a = a;
    call.b = weight_at(l->d, l->base, matrix);
    call.bias = weight_at(l->d, l->base, bias);
    return gpu_gemm(l->d->gemm, &call);
}

enum status add_times_matrix(const struct gpu_layer *l, float *to, const float *stream,
                             const void *a, size_t matrix, size_t bias, int N, int K)
{
    struct gemm_call call = call_of(l, GEMM_FORWARD, N, K);
    call.to = to;
    call.add = stream;
    call.a = a;
    call.b = weight_at(l->d, l->base, matrix);
    call.to_type = GPU_F32;
    TRY(gpu_gemm(l->d->gemm, &call));
    // The epilogue adds biases of the result's type only, and these are T.
    if (bias != (size_t)-1)
        gpu_add_bias(l->d->gpu, l->d->type, to, weight_at(l->d, l->base, bias), l->M,
                     N);
    return OK;
}

enum status times_matrix_back(const struct gpu_layer *l, void *to, const void *a,
                              size_t matrix, int N, int K)
{
    struct gemm_call call = call_of(l, GEMM_INPUT, N, K);
    call.to = to;
    call.a = a;
    call.b = weight_at(l->d, l->base, matrix);
    return gpu_gemm(l->d->gemm, &call);
}

enum status matrix_gradient(const struct gpu_layer *l, const void *a, const void *b,
                            size_t matrix, size_t bias, int N, int K)
{
    struct device *d = l->d;
    struct gemm_call call = call_of(l, GEMM_WEIGHT, N, K);
    call.to = d->optimizer.grad + matrix;
    call.a = a;
    call.b = b;
    TRY(gpu_gemm(d->gemm, &call));
    if (bias != (size_t)-1)
        gpu_bias_backward(d->gpu, d->type, d->optimizer.grad + bias, a, d->train.parts,
                          l->M, N);
    return OK;
}

void layer_norm(const struct gpu_layer *l, void *row, float *inv_rms,
                const float *stream, size_t gain)
{
    const struct gpu_norm norm = {.gain = weight_at(l->d, l->base, gain),
                                  .epsilon = l->d->c.rms_epsilon};
    gpu_rmsnorm(l->d->gpu, l->d->type, row, inv_rms, stream, &norm, l->M, l->d->c.dim);
}

enum status layer_qkv(const struct gpu_layer *l, void *qkv, void *row, float *inv_rms,
                      const float *stream)
{
    const struct layer_offsets *o = offsets_of(l);
    layer_norm(l, row, inv_rms, stream, o->attn_norm);
    return times_matrix(l, qkv, row, o->qkv, o->qkv_bias, qkv_width(&l->d->c),
                        l->d->c.dim);
}

struct gpu_rotate layer_rotation(const struct gpu_layer *l, const int32_t *positions)
{
    const struct device *d = l->d;
    const struct layer_offsets *o = offsets_of(l);
    return (struct gpu_rotate){
        .heads = d->c.heads,
        .kv_heads = d->c.kv_heads,
        .head_dim = d->c.head_dim,
        .cosine = d->cosine,
        .sine = d->sine,
        .positions = positions,
        .q_gain = weight_at(d, l->base, o->q_norm),
        .k_gain = weight_at(d, l->base, o->k_norm),
        .epsilon = d->c.rms_epsilon,
    };
}

enum status layer_attention_out(const struct gpu_layer *l, float *to,
                                const float *stream, const void *attended)
{
    const struct layer_offsets *o = offsets_of(l);
    return add_times_matrix(l, to, stream, attended, o->out, o->out_bias, l->d->c.dim,
                            q_width(&l->d->c));
}

enum status layer_gate_up(const struct gpu_layer *l, void *gate_up, void *row,
                          float *inv_rms, const float *stream)
{
    const struct layer_offsets *o = offsets_of(l);
    layer_norm(l, row, inv_rms, stream, o->ffn_norm);
    return times_matrix(l, gate_up, row, o->gate_up, o->gate_up_bias, 2 * l->d->c.ffn,
                        l->d->c.dim);
}

enum status layer_down(const struct gpu_layer *l, float *to, const float *stream,
                       void *wide, const void *gate_up)
{
    const struct layer_offsets *o = offsets_of(l);
    gpu_swiglu(l->d->gpu, l->d->type, wide, gate_up, l->M, l->d->c.ffn);
    return add_times_matrix(l, to, stream, wide, o->down, o->down_bias, l->d->c.dim,
                            l->d->c.ffn);
}

enum status head_logits(struct device *d, const void *base, float *logits,
                        const void *normed, int rows)
{
    const struct gemm_call call = {
        .kind = GEMM_FORWARD,
        .M = rows,
        .N = d->c.vocab,
        .K = d->c.dim,
        .to = logits,
        .a = normed,
        .b = weight_at(d, base, d->layout.head),
        .ld_to = d->ld,
        .ld_a = d->c.dim,
        .ld_b = d->c.dim,
        .type = d->type,
        .to_type = GPU_F32,
    };
    return gpu_gemm(d->gemm, &call);
}

void final_norm(struct device *d, const void *base, void *normed, float *inv_rms,
                const float *stream, const int32_t *from, int rows)
{
    const struct gpu_norm norm = {.gain = weight_at(d, base, d->layout.final_norm),
                                  .epsilon = d->c.rms_epsilon,
                                  .from = from};
    gpu_rmsnorm(d->gpu, d->type, normed, inv_rms, stream, &norm, rows, d->c.dim);
}

#include "block.h"

#include "shape.h"

#include "tensor/ops.h"

static const float *param(const struct model *m, size_t offset)
{
    return m->params + offset;
}

void block_qkv(float *QKV, float *normed, float *inv_rms, const struct block *b,
               const float *X)
{
    const struct model *m = b->m;
    const struct model_config *c = &m->config;
    const struct layer_offsets *o = &m->layout.layers[b->layer];
    int width = qkv_width(c);
    rmsnorm_forward(normed, inv_rms, X, param(m, o->attn_norm), c->rms_epsilon, b->M,
                    c->dim);
    gemm_forward(QKV, width, normed, c->dim, packed_matrix(m, b->layer, MATRIX_QKV),
                 param_or_null(m, o->qkv_bias), b->M, width, c->dim, 0);
}

void block_rotate(float *QKV, float *inv_rms, const struct block *b,
                  const int32_t *positions)
{
    const struct model *m = b->m;
    const struct model_config *c = &m->config;
    const struct layer_offsets *o = &m->layout.layers[b->layer];
    int width = qkv_width(c);
    if (c->qk_norm) {
        float *k_inv_rms = inv_rms ? inv_rms + (size_t)b->M * (size_t)c->heads : NULL;
        headnorm_forward(QKV, width, inv_rms, param(m, o->q_norm), c->rms_epsilon, b->M,
                         c->heads, c->head_dim);
        headnorm_forward(QKV + q_width(c), width, k_inv_rms, param(m, o->k_norm),
                         c->rms_epsilon, b->M, c->kv_heads, c->head_dim);
    }
    // Keys stand right behind the queries: one rotation for the heads of both.
    rope_apply(QKV, width, positions, m->rope_cos, m->rope_sin, b->M,
               c->heads + c->kv_heads, c->head_dim, 1);
}

void block_attention_out(float *X, const struct block *b, const float *attended)
{
    const struct model_config *c = &b->m->config;
    size_t bias = b->m->layout.layers[b->layer].out_bias;
    gemm_forward(X, c->dim, attended, q_width(c),
                 packed_matrix(b->m, b->layer, MATRIX_OUT), param_or_null(b->m, bias),
                 b->M, c->dim, q_width(c), 1);
}

void block_ffn(float *X, float *gate_up, float *normed, float *wide, float *inv_rms,
               const struct block *b)
{
    const struct model *m = b->m;
    const struct model_config *c = &m->config;
    const struct layer_offsets *o = &m->layout.layers[b->layer];
    rmsnorm_forward(normed, inv_rms, X, param(m, o->ffn_norm), c->rms_epsilon, b->M,
                    c->dim);
    gemm_forward(gate_up, 2 * c->ffn, normed, c->dim,
                 packed_matrix(m, b->layer, MATRIX_GATE_UP),
                 param_or_null(m, o->gate_up_bias), b->M, 2 * c->ffn, c->dim, 0);
    swiglu_forward(wide, gate_up, b->M, c->ffn);
    gemm_forward(X, c->dim, wide, c->ffn, packed_matrix(m, b->layer, MATRIX_DOWN),
                 param_or_null(m, o->down_bias), b->M, c->dim, c->ffn, 1);
}

void block_final_norm(float *normed, float *inv_rms, const struct model *m,
                      const float *X, int M)
{
    const struct model_config *c = &m->config;
    rmsnorm_forward(normed, inv_rms, X, param(m, m->layout.final_norm), c->rms_epsilon,
                    M, c->dim);
}

void block_logits(float *logits, const struct model *m, const float *normed, int M)
{
    const struct model_config *c = &m->config;
    gemm_forward(logits, c->vocab, normed, c->dim, packed_head(m), NULL, M, c->vocab,
                 c->dim, 0);
}

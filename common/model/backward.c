#include "activations.h"
#include "block.h"
#include "shape.h"

#include <string.h>

// One backward pass: what every step of it needs.
struct backward {
    const struct model *m;
    const struct model_config *c;
    struct activations *a;
    const struct pack *p;
    float *grad;
};

static void zero_rows(float *to, int rows, int width)
{
    memset(to, 0, (size_t)rows * (size_t)width * sizeof *to);
}

static float *grad_or_null(const struct backward *b, size_t offset)
{
    return offset == (size_t)-1 ? NULL : b->grad + offset;
}

// d_normed (P, dim) and the head's gradient, chunk by chunk: the logits are made again,
// so that those of all rows are never in memory together.
static void head_backward(const struct backward *b, float inv_temperature,
                          const float *coef)
{
    const struct model_config *c = b->c;
    struct activations *a = b->a;
    const float *head = b->m->params + b->m->layout.head;
    int chunk = logits_chunk_rows(c);
    for (int first = 0; first < b->p->n_outputs; first += chunk) {
        int rest = b->p->n_outputs - first;
        int rows = rest < chunk ? rest : chunk;
        const float *normed = a->normed + (size_t)first * (size_t)c->dim;
        block_logits(a->logits, b->m, normed, rows);
        softmax_backward(a->logits, c->vocab, b->p->target + first, coef + first,
                         inv_temperature, rows, c->vocab);
        gemm_backward_weight(b->grad + b->m->layout.head, NULL, a->logits, normed, rows,
                             c->vocab, c->dim);
        gemm_backward_input(a->d_normed + (size_t)first * (size_t)c->dim, a->logits,
                            head, rows, c->vocab, c->dim);
    }
}

// d_stream = the final norm's gradient, added up where several outputs share a row.
static void final_norm_backward(const struct backward *b)
{
    struct activations *a = b->a;
    size_t dim = (size_t)b->c->dim;
    int P = b->p->n_outputs;
    zero_rows(a->d_last, P, b->c->dim);
    rmsnorm_backward(a->d_last, b->grad + b->m->layout.final_norm, a->d_normed, a->last,
                     b->m->params + b->m->layout.final_norm, a->inv_rms, P, b->c->dim);
    zero_rows(a->d_stream, b->p->n_tokens, b->c->dim);
    for (int32_t j = 0; j < P; j++) {
        float *to = a->d_stream + (size_t)b->p->row[j] * dim;
        const float *from = a->d_last + (size_t)j * dim;
        for (size_t k = 0; k < dim; k++)
            to[k] += from[k];
    }
}

// d_stream: from the gradient after the layer's feed-forward network to that before it.
static void ffn_backward(const struct backward *b, int layer)
{
    const struct model_config *c = b->c;
    struct activations *a = b->a;
    const struct layer_activations *l = &a->layers[layer];
    const struct layer_offsets *o = &b->m->layout.layers[layer];
    const float *w = b->m->params;
    int M = b->p->n_tokens;
    swiglu_forward(a->wide, l->gate_up, M, c->ffn);
    gemm_backward_weight(b->grad + o->down, grad_or_null(b, o->down_bias), a->d_stream,
                         a->wide, M, c->dim, c->ffn);
    gemm_backward_input(a->wide, a->d_stream, w + o->down, M, c->dim, c->ffn);
    swiglu_backward(a->d_gate_up, a->wide, l->gate_up, M, c->ffn);
    rmsnorm_forward(a->row, NULL, l->middle, w + o->ffn_norm, c->rms_epsilon, M,
                    c->dim);
    gemm_backward_weight(b->grad + o->gate_up, grad_or_null(b, o->gate_up_bias),
                         a->d_gate_up, a->row, M, 2 * c->ffn, c->dim);
    gemm_backward_input(a->row, a->d_gate_up, w + o->gate_up, M, 2 * c->ffn, c->dim);
    rmsnorm_backward(a->d_stream, b->grad + o->ffn_norm, a->row, l->middle,
                     w + o->ffn_norm, l->inv_rms_2, M, c->dim);
}

// d_qkv: from the gradient of what attention took to that of the product.  qkv is
// before q/k norm where the model has one.
static void rotate_backward(const struct backward *b, const struct layer_offsets *o,
                            const float *qkv)
{
    const struct model_config *c = b->c;
    struct activations *a = b->a;
    int M = b->p->n_tokens, width = qkv_width(c), q = q_width(c);
    rope_apply(a->d_qkv, width, b->p->positions, b->m->rope_cos, b->m->rope_sin, M,
               c->heads + c->kv_heads, c->head_dim, -1);
    if (!c->qk_norm)
        return;
    const float *w = b->m->params;
    const float *k_inv_rms = a->head_inv_rms + (size_t)M * (size_t)c->heads;
    headnorm_backward(a->d_qkv, b->grad + o->q_norm, qkv, width, w + o->q_norm,
                      a->head_inv_rms, M, c->heads, c->head_dim);
    headnorm_backward(a->d_qkv + q, b->grad + o->k_norm, qkv + q, width, w + o->k_norm,
                      k_inv_rms, M, c->kv_heads, c->head_dim);
}

static void attention_layer_backward(const struct backward *b, int layer)
{
    const struct model_config *c = b->c;
    struct activations *a = b->a;
    const struct layer_activations *l = &a->layers[layer];
    const struct layer_offsets *o = &b->m->layout.layers[layer];
    struct attention_train attention = attention_of_pack(c, b->p);
    const float *w = b->m->params;
    int M = b->p->n_tokens, width = qkv_width(c);
    gemm_backward_weight(b->grad + o->out, grad_or_null(b, o->out_bias), a->d_stream,
                         l->attended, M, c->dim, q_width(c));
    gemm_backward_input(a->d_attended, a->d_stream, w + o->out, M, c->dim, q_width(c));
    const struct block of = {b->m, layer, M};
    const float *rotated =
        c->qk_norm ? remake_rotated(a, &of, b->p->positions) : l->qkv;
    attention_backward(a->d_qkv, a->d_attended, l->attended, l->lse, rotated,
                       &attention, a->attention);
    rotate_backward(b, o, l->qkv);
    rmsnorm_forward(a->row, NULL, l->input, w + o->attn_norm, c->rms_epsilon, M,
                    c->dim);
    gemm_backward_weight(b->grad + o->qkv, grad_or_null(b, o->qkv_bias), a->d_qkv,
                         a->row, M, width, c->dim);
    gemm_backward_input(a->row, a->d_qkv, w + o->qkv, M, width, c->dim);
    rmsnorm_backward(a->d_stream, b->grad + o->attn_norm, a->row, l->input,
                     w + o->attn_norm, l->inv_rms_1, M, c->dim);
}

enum status model_backward(const struct model *m, struct activations *a,
                           const struct pack *p, float inv_temperature,
                           const float *coef, float *grad)
{
    if (p->tokens != a->of.tokens || p->n_tokens != a->of.n_tokens ||
        p->n_outputs != a->of.n_outputs)
        return status_fail(ERR_INTERNAL,
                           "backward: not the pack of the last forward pass");
    if (p->n_outputs == 0)
        return OK;
    struct backward b = {m, &m->config, a, p, grad};
    head_backward(&b, inv_temperature, coef);
    final_norm_backward(&b);
    for (int32_t i = m->config.layers - 1; i >= 0; i--) {
        ffn_backward(&b, i);
        attention_layer_backward(&b, i);
    }
    embedding_backward(grad + m->layout.embedding, a->d_stream, p->tokens, p->n_tokens,
                       m->config.dim);
    return OK;
}

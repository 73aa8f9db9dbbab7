#include "activations.h"
#include "block.h"
#include "shape.h"

#include <string.h>

static void copy_rows(float *to, const float *from, int rows, int width)
{
    memcpy(to, from, (size_t)rows * (size_t)width * sizeof *to);
}

float *remake_rotated(struct activations *a, const struct block *b,
                      const int32_t *positions)
{
    copy_rows(a->rotated, a->layers[b->layer].qkv, b->M, qkv_width(&b->m->config));
    block_rotate(a->rotated, a->head_inv_rms, b, positions);
    return a->rotated;
}

static void layers_forward(const struct model *m, struct activations *a,
                           const struct pack *p)
{
    const struct model_config *c = &m->config;
    struct attention_train attention = attention_of_pack(c, p);
    int M = p->n_tokens;
    embedding_forward(a->layers[0].input, m->params + m->layout.embedding, p->tokens, M,
                      c->dim);
    for (int32_t i = 0; i < c->layers; i++) {
        struct block b = {m, i, M};
        struct layer_activations *l = &a->layers[i];
        float *next = i + 1 < c->layers ? a->layers[i + 1].input : a->output;
        block_qkv(l->qkv, a->row, l->inv_rms_1, &b, l->input);
        float *rotated = c->qk_norm ? remake_rotated(a, &b, p->positions) : l->qkv;
        if (!c->qk_norm)
            block_rotate(l->qkv, NULL, &b, p->positions);
        attention_forward(l->attended, l->lse, rotated, &attention, a->attention);
        copy_rows(l->middle, l->input, M, c->dim);
        block_attention_out(l->middle, &b, l->attended);
        copy_rows(next, l->middle, M, c->dim);
        block_ffn(next, l->gate_up, a->row, a->wide, l->inv_rms_2, &b);
    }
}

static void head_forward(const struct model *m, struct activations *a,
                         const struct pack *p, float inv_temperature, float *log_prob,
                         float *entropy)
{
    const struct model_config *c = &m->config;
    size_t dim = (size_t)c->dim;
    for (int32_t j = 0; j < p->n_outputs; j++)
        copy_rows(a->last + (size_t)j * dim, a->output + (size_t)p->row[j] * dim, 1,
                  c->dim);
    block_final_norm(a->normed, a->inv_rms, m, a->last, p->n_outputs);
    int chunk = logits_chunk_rows(c);
    for (int first = 0; first < p->n_outputs; first += chunk) {
        int rest = p->n_outputs - first;
        int rows = rest < chunk ? rest : chunk;
        block_logits(a->logits, m, a->normed + (size_t)first * dim, rows);
        softmax_stats(log_prob ? log_prob + first : NULL,
                      entropy ? entropy + first : NULL, a->logits, c->vocab,
                      p->target + first, inv_temperature, rows, c->vocab);
    }
}

enum status model_forward(const struct model *m, struct activations *a,
                          const struct pack *p, float inv_temperature, float *log_prob,
                          float *entropy)
{
    TRY(pack_check(p, &m->config));
    TRY(activations_reserve(a, m, p));
    if (p->n_tokens > 0) {
        layers_forward(m, a, p);
        head_forward(m, a, p, inv_temperature, log_prob, entropy);
    }
    a->of = *p;
    return OK;
}

double model_forward_flops(const struct model_config *c, const struct pack *p)
{
    double attention = 0;
    for (int32_t i = 0; i < p->n_tokens; i++)
        attention += attention_row_flops(c, (double)p->positions[i] + 1);
    return c->layers * (attention + p->n_tokens * layer_row_flops(c)) +
           p->n_outputs * head_row_flops(c);
}

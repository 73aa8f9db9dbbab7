// Fresh parameters for training from scratch.
#include "model.h"
#include "shape.h"

#include "base/par.h"

#include <math.h>

enum { BLOCK = 4096 }; // elements per task

struct draw {
    float *out;
    size_t n;
    struct rng_key key;
    double deviation;
};

static void draw_block(void *context, int index, int thread)
{
    (void)thread;
    const struct draw *d = context;
    size_t begin = (size_t)index * BLOCK;
    size_t end = begin + BLOCK < d->n ? begin + BLOCK : d->n;
    for (size_t i = begin; i < end; i++)
        d->out[i] = (float)(d->deviation * rng_normal(d->key, i));
}

// Tensors are numbered by their place in the buffer, so that their streams differ.
static void draw_matrix(struct model *m, struct rng_key key, size_t offset, int outputs,
                        int inputs, double gain)
{
    struct draw d = {m->params + offset, (size_t)outputs * (size_t)inputs,
                     rng_child(key, offset), gain / sqrt((double)inputs)};
    par_for((int)((d.n + BLOCK - 1) / BLOCK), draw_block, &d);
}

static void fill(float *out, size_t n, float value)
{
    for (size_t i = 0; i < n; i++)
        out[i] = value;
}

static void fill_if(struct model *m, size_t offset, size_t n, float value)
{
    if (offset != (size_t)-1)
        fill(m->params + offset, n, value);
}

// Every row of a matrix has expected norm 1, so that outputs keep their inputs' scale;
// the two matrices that add to the residual stream are smaller by 1/sqrt(2 layers)
// (GPT-2, Radford et al. 2019), so that its variance does not grow with depth.
void model_randomize(struct model *m, struct rng_key key)
{
    const struct model_config *c = &m->config;
    double residual = 1.0 / sqrt(2.0 * c->layers);
    draw_matrix(m, key, m->layout.embedding, c->vocab, c->dim, 1);
    for (int32_t i = 0; i < c->layers; i++) {
        const struct layer_offsets *o = &m->layout.layers[i];
        fill(m->params + o->attn_norm, (size_t)c->dim, 1);
        draw_matrix(m, key, o->qkv, qkv_width(c), c->dim, 1);
        fill_if(m, o->qkv_bias, (size_t)qkv_width(c), 0);
        fill_if(m, o->out_bias, (size_t)c->dim, 0);
        fill_if(m, o->q_norm, (size_t)c->head_dim, 1);
        fill_if(m, o->k_norm, (size_t)c->head_dim, 1);
        fill_if(m, o->gate_up_bias, 2 * (size_t)c->ffn, 0);
        fill_if(m, o->down_bias, (size_t)c->dim, 0);
        draw_matrix(m, key, o->out, c->dim, q_width(c), residual);
        fill(m->params + o->ffn_norm, (size_t)c->dim, 1);
        draw_matrix(m, key, o->gate_up, 2 * c->ffn, c->dim, 1);
        draw_matrix(m, key, o->down, c->dim, c->ffn, residual);
    }
    fill(m->params + m->layout.final_norm, (size_t)c->dim, 1);
    if (!c->tied)
        draw_matrix(m, key, m->layout.head, c->vocab, c->dim, 1);
}

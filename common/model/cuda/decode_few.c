#include "decode_few.h"

#include "layers.h"

// Of the next product's weights, asked for while attention and sums keep the memory
// idle. An H100's L2 cache has 50 MB, in two halves.
enum { AHEAD_BYTES = 10 << 20 };

int few_shape_fits(const struct device *d)
{
    return d->fast && d->c.dim <= FEW_WIDEST;
}

size_t few_scratch_floats(const struct model_config *c, int rows)
{
    int out = few_cut_of(c->dim, q_width(c)).splits,
        down = few_cut_of(c->dim, c->ffn).splits;
    int most = rows < FEW_ROWS ? rows : FEW_ROWS;
    return (size_t)(out > down ? out : down) * (size_t)most * (size_t)c->dim;
}

static struct few_ahead ahead_of(const struct gpu_layer *l, size_t matrix, size_t skip,
                                 int N, int K)
{
    size_t bytes = (size_t)N * (size_t)K * gpu_type_bytes(l->d->type);
    bytes = bytes > skip ? bytes - skip : 0;
    return (struct few_ahead){(const char *)weight_at(l->d, l->base, matrix) + skip,
                              bytes < AHEAD_BYTES ? bytes : AHEAD_BYTES};
}

static struct few_product product(const struct gpu_layer *l, const void *x,
                                  size_t matrix, size_t bias, int N, int K)
{
    return (struct few_product){
        .M = l->M,
        .N = N,
        .K = K,
        .x = x,
        .w = weight_at(l->d, l->base, matrix),
        .bias = weight_at(l->d, l->base, bias),
    };
}

// q, k and v of decode.row, rotated, k and v in the cache.
static void few_qkv(const struct gpu_layer *l, const struct gpu_kv *kv)
{
    const struct decode_buffers *b = &l->d->decode;
    const struct model_config *c = &l->d->c;
    const struct layer_offsets *o = offsets_of(l);
    struct few_product p =
        product(l, b->row, o->qkv, o->qkv_bias, qkv_width(c), c->dim);
    struct gpu_rotate r = layer_rotation(l, b->step.on.positions);
    p.ahead = ahead_of(l, o->out, 0, c->dim, q_width(c));
    r.cache = (void *)kv->k;
    r.slots = b->step.on.slots;
    if (!r.q_gain) {
        gpu_few_heads(l->d->gpu, b->qkv, &r, &p);
        return;
    }
    gpu_few_plain(l->d->gpu, b->qkv, &p);
    gpu_rotate(l->d->gpu, l->d->type, b->qkv, NULL, b->qkv, &r, l->M);
}

static void few_attend(const struct gpu_layer *l, const struct gpu_kv *kv)
{
    const struct decode_buffers *b = &l->d->decode;
    const struct rows_control *on = &b->step.on;
    const struct model_config *c = &l->d->c;
    const struct cascade_view plan = {on->n_items, on->items, on->part_first, on->parts,
                                      on->pages};
    const struct few_ahead ahead =
        ahead_of(l, offsets_of(l)->gate_up, 0, 2 * c->ffn, c->dim);
    gpu_attention_cascade(l->d->gpu, b->attended, b->qkv, (size_t)qkv_width(c), kv,
                          &plan, &ahead, b->parts, &l->d->heads, l->M);
}

// The stream += x (M, K) W^T, then its norm in decode.row; of the last product (gain
// (size_t)-1) the states instead.
static void few_add(const struct gpu_layer *l, const struct few_product *p, size_t gain)
{
    const struct decode_buffers *b = &l->d->decode;
    const struct few_stream s = {
        .M = l->M,
        .D = p->N,
        .stream = b->stream,
        .parts = b->sums,
        .splits = few_cut_of(p->N, p->K).splits,
        .bias = p->bias,
        .row = gain == (size_t)-1 ? NULL : b->row,
        .gain = weight_at(l->d, l->base, gain),
        .epsilon = l->d->c.rms_epsilon,
        .hidden = gain == (size_t)-1 ? b->hidden : NULL,
        .place = b->step.on.hidden,
    };
    gpu_few_parts(l->d->gpu, b->sums, p);
    gpu_few_stream(l->d->gpu, &s, 0);
}

static void few_layer(const struct gpu_layer *l, const struct gpu_kv *kv)
{
    const struct decode_buffers *b = &l->d->decode;
    const struct model_config *c = &l->d->c;
    const struct layer_offsets *o = offsets_of(l), *next = o + 1;
    int last = l->index + 1 == c->layers;
    struct few_product out =
        product(l, b->attended, o->out, o->out_bias, c->dim, q_width(c));
    struct few_product up =
        product(l, b->row, o->gate_up, o->gate_up_bias, 2 * c->ffn, c->dim);
    struct few_product down =
        product(l, b->wide, o->down, o->down_bias, c->dim, c->ffn);
    few_qkv(l, kv);
    few_attend(l, kv);
    out.ahead = ahead_of(l, o->gate_up, AHEAD_BYTES, 2 * c->ffn, c->dim);
    few_add(l, &out, o->ffn_norm);
    gpu_few_swiglu(l->d->gpu, b->wide, &up);
    if (!last)
        down.ahead = ahead_of(l, next->qkv, 0, qkv_width(c), c->dim);
    few_add(l, &down, last ? (size_t)-1 : next->attn_norm);
}

void few_step(struct device *d, int rows)
{
    const struct decode_buffers *b = &d->decode;
    const void *base = d->weights[DEVICE_ROLLOUT];
    const struct few_stream first = {
        .M = rows,
        .D = d->c.dim,
        .stream = b->stream,
        .table = weight_at(d, base, d->layout.embedding),
        .tokens = b->step.on.tokens,
        .row = b->row,
        .gain = weight_at(d, base, d->layout.layers[0].attn_norm),
        .epsilon = d->c.rms_epsilon,
    };
    gpu_few_stream(d->gpu, &first, 1);
    for (int i = 0; i < d->c.layers; i++) {
        const struct gpu_layer l = {d, base, i, rows};
        const struct gpu_kv kv = decode_layer_cache(d, i);
        few_layer(&l, &kv);
    }
}

void few_predict(struct device *d, int rows)
{
    const struct decode_buffers *b = &d->decode;
    const void *base = d->weights[DEVICE_ROLLOUT];
    const struct few_product head = {
        .M = rows,
        .N = d->c.vocab,
        .K = d->c.dim,
        .x = b->row,
        .w = weight_at(d, base, d->layout.head),
    };
    final_norm(d, base, b->row, NULL, b->hidden, b->from, rows);
    gpu_few_logits(d->gpu, b->logits, d->ld, &head);
}

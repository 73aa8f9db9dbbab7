// The backward pass over the layers of a pack.
#include "train.h"

// t->d_stream and, for the products, its copy t->d_row as T.
static void final_norm_backward(struct device *d, const void *base,
                                const struct pack *p)
{
    const struct train_buffers *t = &d->train;
    size_t stream = (size_t)p->n_tokens * (size_t)d->c.dim;
    int P = p->n_outputs;
    gpu_zero(d->gpu, GPU_MAIN, t->d_last, (size_t)P * (size_t)d->c.dim * sizeof(float));
    const struct gpu_norm_grad norm = {
        .dX = t->d_last,
        .d_gain = d->optimizer.grad + d->layout.final_norm,
        .dY = t->d_normed,
        .X = t->last,
        .gain = weight_at(d, base, d->layout.final_norm),
        .inv_rms = t->inv_rms,
        .parts = t->parts,
    };
    gpu_rmsnorm_backward(d->gpu, d->type, &norm, P, d->c.dim);
    gpu_scatter(d->gpu, t->d_stream, t->d_last, t->on.row, P, p->n_tokens, d->c.dim);
    gpu_cast(d->gpu, d->type, t->d_row, t->d_stream, stream);
}

// What the layer did not keep.
static enum status remake(const struct gpu_layer *l)
{
    enum device_recompute again = l->d->setup.limits.recompute;
    if (again == RECOMPUTE_LAYER)
        TRY(forward_attention(l));
    return again == RECOMPUTE_NONE ? OK : forward_inner(l);
}

// d_stream += the norm's gradient of t->row, and its copy d_row.  t->row becomes what
// the norm gave, for the gradient of the matrix behind it.
static void norm_backward(const struct gpu_layer *l, size_t gain, const float *stream,
                          const float *inv_rms)
{
    struct device *d = l->d;
    const struct train_buffers *t = &d->train;
    const struct gpu_norm_grad norm = {
        .dX = t->d_stream,
        .copy = t->d_row,
        .again = t->row,
        .d_gain = d->optimizer.grad + gain,
        .dY = t->row,
        .X = stream,
        .gain = weight_at(d, l->base, gain),
        .inv_rms = inv_rms,
        .parts = t->parts,
    };
    gpu_rmsnorm_backward(d->gpu, d->type, &norm, l->M, d->c.dim);
}

static enum status ffn_backward(const struct gpu_layer *l)
{
    struct device *d = l->d;
    const struct train_buffers *t = &d->train;
    const struct layer_kept *k = &t->layers[l->index];
    const struct layer_offsets *o = offsets_of(l);
    int D = d->c.dim, F = d->c.ffn;
    TRY(times_matrix_back(l, t->wide, t->d_row, o->down, D, F));
    // t->wide is its gradient and becomes itself, k->gate_up the other way round.
    gpu_swiglu_backward(d->gpu, d->type, k->gate_up, t->wide, t->wide, k->gate_up, l->M,
                        F);
    TRY(matrix_gradient(l, t->d_row, t->wide, o->down, o->down_bias, D, F));
    TRY(times_matrix_back(l, t->row, k->gate_up, o->gate_up, 2 * F, D));
    norm_backward(l, o->ffn_norm, k->middle, k->norm_2);
    return matrix_gradient(l, k->gate_up, t->row, o->gate_up, o->gate_up_bias, 2 * F,
                           D);
}

static void attend_backward(const struct gpu_layer *l, const void *qkv)
{
    struct device *d = l->d;
    const struct train_buffers *t = &d->train;
    const struct layer_kept *k = &t->layers[l->index];
    const struct gpu_attention_grad a = {
        .dQKV = t->d_qkv,
        .dO = t->d_attended,
        .O = k->attended,
        .lse = k->lse,
        .QKV = qkv,
        .delta = t->delta,
        .ends = t->on.ends,
    };
    if (!d->fast) {
        const struct gpu_paths paths = pack_paths(d);
        gpu_attention_plain_backward(d->gpu, d->type, &a, &paths, &d->heads, l->M);
        return;
    }
    int n = tiles_count(l->M);
    const struct gpu_tiles rows = {t->on.tiles_first, t->on.tiles, n};
    const struct gpu_tiles keys = {t->on.turned_first, t->on.turned, n};
    const struct gpu_shares shares = {t->on.shares, t->on.part_first, t->n_shares,
                                      t->key_parts};
    gpu_attention_flash_backward(d->gpu, &a, &rows, &keys, &shares, &d->heads, l->M);
}

static enum status attention_backward_layer(const struct gpu_layer *l)
{
    struct device *d = l->d;
    const struct train_buffers *t = &d->train;
    const struct layer_kept *k = &t->layers[l->index];
    const struct layer_offsets *o = offsets_of(l);
    const struct gpu_rotate r = layer_rotation(l, t->on.positions);
    int D = d->c.dim, Q = q_width(&d->c), W = qkv_width(&d->c);
    int normed = d->c.qk_norm;
    TRY(matrix_gradient(l, t->d_row, k->attended, o->out, o->out_bias, D, Q));
    TRY(times_matrix_back(l, t->d_attended, t->d_row, o->out, D, Q));
    attend_backward(l, rotated_rows(l));
    gpu_rotate_backward(d->gpu, d->type, t->d_qkv,
                        normed ? d->optimizer.grad + o->q_norm : NULL,
                        normed ? d->optimizer.grad + o->k_norm : NULL, k->qkv,
                        t->head_norm, &r, t->parts, l->M);
    TRY(times_matrix_back(l, t->row, t->d_qkv, o->qkv, W, D));
    norm_backward(l, o->attn_norm, k->input, k->norm_1);
    return matrix_gradient(l, t->d_qkv, t->row, o->qkv, o->qkv_bias, W, D);
}

enum status backward_layers(struct device *d, const struct pack *p, int groups)
{
    const struct train_buffers *t = &d->train;
    const void *base = d->weights[DEVICE_LEARNER];
    final_norm_backward(d, base, p);
    for (int i = d->c.layers - 1; i >= 0; i--) {
        const struct gpu_layer l = {d, base, i, p->n_tokens};
        TRY(remake(&l));
        TRY(ffn_backward(&l));
        TRY(attention_backward_layer(&l));
    }
    gpu_embedding_backward(d->gpu, d->optimizer.grad + d->layout.embedding, t->d_stream,
                           t->on.order, t->on.first, t->on.token, groups, d->c.dim);
    return OK;
}

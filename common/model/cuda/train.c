// The forward pass over a pack, and the head with its loss.
#include "train.h"

#include <string.h>

struct gpu_paths pack_paths(const struct device *d)
{
    const struct pack_control *on = &d->train.on;
    return (struct gpu_paths){.stretches = on->stretches,
                              .list = on->list,
                              .first = on->path_first,
                              .path = on->path,
                              .length = on->length};
}

static void rotate(const struct gpu_layer *l, void *out, const void *in)
{
    struct device *d = l->d;
    const struct gpu_rotate r = layer_rotation(l, d->train.on.positions);
    gpu_rotate(d->gpu, d->type, out, d->train.head_norm, in, &r, l->M);
}

const void *rotated_rows(const struct gpu_layer *l)
{
    const struct device *d = l->d;
    if (!d->c.qk_norm)
        return d->train.layers[l->index].qkv;
    rotate(l, d->train.rotated, d->train.layers[l->index].qkv);
    return d->train.rotated;
}

static void attend(const struct gpu_layer *l, const void *qkv)
{
    struct device *d = l->d;
    const struct train_buffers *t = &d->train;
    const struct layer_kept *k = &t->layers[l->index];
    size_t width = (size_t)qkv_width(&d->c), q = (size_t)q_width(&d->c);
    const struct gpu_kv kv = {
        (const char *)qkv + q * gpu_type_bytes(d->type),
        (const char *)qkv + (q + (size_t)kv_width(&d->c)) * gpu_type_bytes(d->type),
        width,
    };
    if (!d->fast) {
        const struct gpu_paths paths = pack_paths(d);
        gpu_attention_plain(d->gpu, d->type, k->attended, k->lse, qkv, width, &kv,
                            &paths, &d->heads, l->M);
        return;
    }
    const struct gpu_flash flash = {
        .Q = qkv,
        .ldq = width,
        .kv = kv,
        .ends = t->on.ends,
        .n_keys = l->M,
        .tiles = {t->on.tiles_first, t->on.tiles, tiles_count(l->M)},
    };
    gpu_attention_flash(d->gpu, k->attended, k->lse, &flash, &d->heads, l->M);
}

enum status forward_attention(const struct gpu_layer *l)
{
    const struct train_buffers *t = &l->d->train;
    const struct layer_kept *k = &t->layers[l->index];
    TRY(layer_qkv(l, k->qkv, t->row, k->norm_1, k->input));
    if (!l->d->c.qk_norm)
        rotate(l, k->qkv, k->qkv);
    attend(l, rotated_rows(l));
    return layer_attention_out(l, k->middle, k->input, k->attended);
}

enum status forward_inner(const struct gpu_layer *l)
{
    const struct train_buffers *t = &l->d->train;
    const struct layer_kept *k = &t->layers[l->index];
    return layer_gate_up(l, k->gate_up, t->row, k->norm_2, k->middle);
}

static enum status forward_layers(struct device *d, const void *base,
                                  const struct pack *p)
{
    const struct train_buffers *t = &d->train;
    gpu_embedding(d->gpu, d->type, t->layers[0].input,
                  weight_at(d, base, d->layout.embedding), t->on.tokens, p->n_tokens,
                  d->c.dim);
    for (int i = 0; i < d->c.layers; i++) {
        const struct gpu_layer l = {d, base, i, p->n_tokens};
        float *next = i + 1 < d->c.layers ? t->layers[i + 1].input : t->output;
        TRY(forward_attention(&l));
        TRY(forward_inner(&l));
        TRY(layer_down(&l, next, t->layers[i].middle, t->wide, t->layers[i].gate_up));
    }
    gpu_gather(d->gpu, t->last, t->output, t->on.row, p->n_outputs, d->c.dim);
    final_norm(d, base, t->normed, t->inv_rms, t->last, NULL, p->n_outputs);
    return OK;
}

static int chunk_at(const struct device *d, int first, int P)
{
    return P - first < d->train.chunk ? P - first : d->train.chunk;
}

static enum status check_role(const struct device *d, const void *base)
{
    return base ? OK
                : status_fail(ERR_INTERNAL, "GPU %d holds no such weights",
                              d->setup.ordinal);
}

enum status train_log_probs(struct device *d, enum device_weights w,
                            const struct pack *p, float inv_temperature,
                            float *log_prob, float *entropy)
{
    const struct train_buffers *t = &d->train;
    const void *base = d->weights[w];
    size_t bytes = (size_t)p->n_outputs * sizeof(float);
    TRY(check_role(d, base));
    TRY(pack_send(d, p, NULL, NULL));
    if (p->n_outputs == 0)
        return OK;
    TRY(forward_layers(d, base, p));
    for (int first = 0; first < p->n_outputs; first += t->chunk) {
        int rows = chunk_at(d, first, p->n_outputs);
        TRY(head_logits(d, base, t->logits,
                        element(d, t->normed, (size_t)first * (size_t)d->c.dim), rows));
        gpu_softmax_stats(d->gpu, t->on.log_prob + first, t->on.entropy + first,
                          t->logits, d->ld, t->on.target + first, inv_temperature, rows,
                          d->c.vocab);
    }
    gpu_download(d->gpu, GPU_MAIN, t->host.log_prob, t->on.log_prob, bytes);
    gpu_download(d->gpu, GPU_MAIN, t->host.entropy, t->on.entropy, bytes);
    TRY(gpu_wait(d->gpu, GPU_MAIN, d->setup.deadline_ms, "GPU: forward pass"));
    if (log_prob)
        memcpy(log_prob, t->host.log_prob, bytes);
    if (entropy)
        memcpy(entropy, t->host.entropy, bytes);
    return OK;
}

// One chunk of predictions: logits, loss, and both gradients of the product.
static enum status head_backward(struct device *d, const struct pack_loss *loss,
                                 float inv_temperature, int first, int rows)
{
    const struct train_buffers *t = &d->train;
    const struct pack_control *on = &t->on;
    const void *base = d->weights[DEVICE_LEARNER];
    size_t at = (size_t)first * (size_t)d->c.dim;
    const struct gpu_loss terms = {
        .coef = loss->coef ? on->coef + first : NULL,
        .rule = loss->rule,
        .weight = on->weight + first,
        .advantage = on->advantage + first,
        .behaviour = on->behaviour + first,
        .reference = on->reference + first,
    };
    struct gemm_call call = {
        .kind = GEMM_WEIGHT,
        .M = rows,
        .N = d->c.vocab,
        .K = d->c.dim,
        .to = d->optimizer.grad + d->layout.head,
        .a = t->d_logits,
        .b = element(d, t->normed, at),
        .ld_to = d->c.dim,
        .ld_a = d->ld,
        .ld_b = d->c.dim,
        .type = d->type,
        .to_type = GPU_F32,
    };
    TRY(head_logits(d, base, t->logits, element(d, t->normed, at), rows));
    gpu_loss_backward(d->gpu, d->type, t->d_logits, on->log_prob + first, t->logits,
                      d->ld, on->target + first, &terms, inv_temperature, rows,
                      d->c.vocab);
    TRY(gpu_gemm(d->gemm, &call));
    call.kind = GEMM_INPUT;
    call.to = element(d, t->d_normed, at);
    call.b = weight_at(d, base, d->layout.head);
    call.to_type = d->type;
    return gpu_gemm(d->gemm, &call);
}

enum status train_pack(struct device *d, const struct pack *p,
                       const struct pack_loss *loss, float inv_temperature,
                       float *log_prob)
{
    const struct train_buffers *t = &d->train;
    const void *base = d->weights[DEVICE_LEARNER];
    size_t bytes = (size_t)p->n_outputs * sizeof(float);
    int groups = 0;
    TRY(check_role(d, base));
    TRY(pack_send(d, p, loss, &groups));
    if (p->n_outputs == 0)
        return OK;
    TRY(forward_layers(d, base, p));
    for (int first = 0; first < p->n_outputs; first += t->chunk)
        TRY(head_backward(d, loss, inv_temperature, first,
                          chunk_at(d, first, p->n_outputs)));
    gpu_download(d->gpu, GPU_MAIN, t->host.log_prob, t->on.log_prob, bytes);
    TRY(backward_layers(d, p, groups));
    TRY(gpu_wait(d->gpu, GPU_MAIN, d->setup.deadline_ms, "GPU: training pass"));
    memcpy(log_prob, t->host.log_prob, bytes);
    return OK;
}

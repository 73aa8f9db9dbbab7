#include "activations.h"

#include "memory.h"
#include "shape.h"

#include "base/mem.h"
#include "base/pages.h"

enum {
    LINE = 16, // floats in 64 bytes: every array starts on a cache line
    LOGITS_ROWS_MIN = 32,
    LOGITS_ROWS_MAX = 512,
    LOGITS_FLOATS = 1 << 24, // 64 MiB
};

enum status activations_new(struct activations **out, const struct model *m)
{
    struct activations *a = NULL;
    enum status st = OK;
    TRY_OUT(mem_new(&a, 1, sizeof *a));
    TRY_OUT(mem_new(&a->layers, (size_t)m->config.layers, sizeof *a->layers));
    *out = a;
    a = NULL;
out:
    activations_free(a);
    return status_wrap(st, "activations");
}

void activations_free(struct activations *a)
{
    if (!a)
        return;
    mem_free(a->layers);
    pages_free(a->arena, a->capacity);
    mem_free(a);
}

int logits_chunk_rows(const struct model_config *c)
{
    int rows = LOGITS_FLOATS / c->vocab;
    rows = rows < LOGITS_ROWS_MIN ? LOGITS_ROWS_MIN : rows;
    return rows > LOGITS_ROWS_MAX ? LOGITS_ROWS_MAX : rows;
}

struct attention_train attention_of_pack(const struct model_config *c,
                                         const struct pack *p)
{
    return (struct attention_train){
        .spans = p->spans,
        .n_spans = p->n_spans,
        .heads = c->heads,
        .kv_heads = c->kv_heads,
        .head_dim = c->head_dim,
        .max_context = p->max_context,
    };
}

// Hands out one array after another; with no arena (and then no layers) it only
// measures.
struct carve {
    float *arena;
    size_t used;
};

static void carve(struct carve *k, float **field, size_t rows, size_t columns)
{
    *field = k->arena ? k->arena + k->used : NULL;
    k->used += (rows * columns + LINE - 1) / LINE * LINE;
}

static void carve_layers(struct carve *k, struct activations *a,
                         const struct model_config *c, size_t M)
{
    for (int32_t i = 0; i < c->layers; i++) {
        struct layer_activations unused, *l = a->layers ? &a->layers[i] : &unused;
        carve(k, &l->input, M, (size_t)c->dim);
        carve(k, &l->middle, M, (size_t)c->dim);
        carve(k, &l->qkv, M, (size_t)qkv_width(c));
        carve(k, &l->attended, M, (size_t)q_width(c));
        carve(k, &l->lse, M, (size_t)c->heads);
        carve(k, &l->gate_up, M, 2 * (size_t)c->ffn);
        carve(k, &l->inv_rms_1, M, 1);
        carve(k, &l->inv_rms_2, M, 1);
    }
}

static size_t carve_all(struct activations *a, struct carve k,
                        const struct model_config *c, const struct pack *p)
{
    size_t M = (size_t)p->n_tokens, P = (size_t)p->n_outputs, dim = (size_t)c->dim;
    struct attention_train attention = attention_of_pack(c, p);
    carve_layers(&k, a, c, M);
    carve(&k, &a->output, M, dim);
    carve(&k, &a->last, P, dim);
    carve(&k, &a->normed, P, dim);
    carve(&k, &a->inv_rms, P, 1);
    carve(&k, &a->row, M, dim);
    carve(&k, &a->wide, M, (size_t)c->ffn);
    carve(&k, &a->logits, (size_t)logits_chunk_rows(c), (size_t)c->vocab);
    carve(&k, &a->attention, attention_train_scratch(&attention), 1);
    if (c->qk_norm) {
        carve(&k, &a->rotated, M, (size_t)qkv_width(c));
        carve(&k, &a->head_inv_rms, M, (size_t)c->heads + (size_t)c->kv_heads);
    }
    carve(&k, &a->d_stream, M, dim);
    carve(&k, &a->d_last, P, dim);
    carve(&k, &a->d_normed, P, dim);
    size_t shared = k.used;
    carve(&k, &a->d_gate_up, M, 2 * (size_t)c->ffn);
    size_t after_ffn = k.used;
    k.used = shared;
    carve(&k, &a->d_qkv, M, (size_t)qkv_width(c));
    carve(&k, &a->d_attended, M, (size_t)q_width(c));
    return k.used > after_ffn ? k.used : after_ffn;
}

size_t activations_bytes(const struct model_config *c, const struct pack *p)
{
    struct activations dry = {0};
    return carve_all(&dry, (struct carve){0}, c, p) * sizeof(float);
}

// At least so many floats.
static enum status make_room(struct activations *a, size_t floats)
{
    if (floats <= a->capacity)
        return OK;
    // Nothing of the last pack is needed: free first, so that the peak is one arena.
    pages_free(a->arena, a->capacity);
    a->arena = NULL;
    a->capacity = 0;
    TRY(pages_new(&a->arena, floats));
    a->capacity = floats;
    return OK;
}

enum status activations_prepare(struct activations *a, const struct model *m,
                                const struct pack *counts)
{
    a->of = (struct pack){0};
    TRY(make_room(a, carve_all(a, (struct carve){0}, &m->config, counts)));
    pages_touch(a->arena, a->capacity);
    return OK;
}

enum status activations_reserve(struct activations *a, const struct model *m,
                                const struct pack *p)
{
    a->of = (struct pack){0};
    TRY(make_room(a, carve_all(a, (struct carve){0}, &m->config, p)));
    (void)carve_all(a, (struct carve){.arena = a->arena}, &m->config, p);
    return OK;
}

// Decoding on the CPU.
#include "block.h"
#include "decode_state.h"
#include "memory.h"
#include "shape.h"

#include "base/mem.h"
#include "base/par.h"

#include <string.h>

static enum status rows_new(float **out, int32_t rows, int width)
{
    return mem_new(out, (size_t)rows * (size_t)width, sizeof **out);
}

enum status decode_host_new(struct decoder *d, const struct model *m)
{
    const struct model_config *c = &m->config;
    TRY(rows_new(&d->stream, d->max_rows, c->dim));
    TRY(rows_new(&d->normed, d->max_rows, c->dim));
    TRY(rows_new(&d->qkv, d->max_rows, qkv_width(c)));
    TRY(rows_new(&d->attended, d->max_rows, q_width(c)));
    TRY(rows_new(&d->gate_up, d->max_rows, 2 * c->ffn));
    TRY(rows_new(&d->wide, d->max_rows, c->ffn));
    return rows_new(&d->logits, d->max_rows, c->vocab);
}

void decode_host_free(struct decoder *d)
{
    mem_free(d->stream);
    mem_free(d->normed);
    mem_free(d->qkv);
    mem_free(d->attended);
    mem_free(d->gate_up);
    mem_free(d->wide);
    mem_free(d->logits);
    mem_free(d->attention);
}

size_t decoder_bytes(const struct model_config *c, const struct decoder_counts *n)
{
    const struct attention_decode a = {.n_segments = 2 * (n->branches + n->rows + 1),
                                       .heads = c->heads,
                                       .kv_heads = c->kv_heads,
                                       .head_dim = c->head_dim,
                                       .max_context = n->context};
    size_t rows = (size_t)n->rows, segments = (size_t)a.n_segments;
    size_t width = 2 * (size_t)c->dim + (size_t)qkv_width(c) + (size_t)q_width(c) +
                   3 * (size_t)c->ffn + (size_t)c->vocab;
    size_t floats = rows * width + 2 * attention_decode_scratch(&a, n->rows);
    size_t plan = rows * 6 * sizeof(int32_t) + segments * sizeof(struct kv_segment) +
                  (size_t)n->pages * (sizeof(int32_t) + sizeof(float *));
    return floats * sizeof(float) + plan;
}

static struct attention_decode attention_of(const struct decoder *d,
                                            const struct model *m,
                                            const struct kv_cache *cache,
                                            int max_context)
{
    return (struct attention_decode){
        .segments = d->plan.segments,
        .n_segments = (int)d->plan.n_segments,
        .leaf = d->plan.leaf,
        .head_stride = cache->head_stride,
        .heads = m->config.heads,
        .kv_heads = m->config.kv_heads,
        .head_dim = m->config.head_dim,
        .max_context = max_context,
    };
}

enum status decode_host_reserve(struct decoder *d, const struct decode_call *c)
{
    struct attention_decode a = attention_of(d, c->m, c->cache, c->max_context);
    a.n_segments = (int)d->plan.segment_capacity;
    return mem_grow(&d->attention, &d->attention_capacity, 0,
                    attention_decode_scratch(&a, c->n), sizeof *d->attention);
}

static void store_rows(const struct decoder *d, const struct model *m,
                       const struct kv_cache *cache, int layer, int32_t n)
{
    const struct model_config *c = &m->config;
    for (int32_t i = 0; i < n; i++) {
        const float *k = d->qkv + (size_t)i * (size_t)qkv_width(c) + q_width(c);
        kv_store(kv_page(cache, layer, d->plan.page[i]), cache->head_stride,
                 d->plan.slot[i], k, k + kv_width(c), c->kv_heads, c->head_dim);
    }
}

// A row's state stands at its page, whose last writer is the branch's last token.
static void keep_states(const struct decoder *d, const struct decode_call *call)
{
    size_t dim = (size_t)call->m->config.dim;
    for (int32_t i = 0; i < call->n; i++)
        memcpy(call->cache->states + (size_t)d->plan.page[i] * dim,
               d->stream + (size_t)i * dim, dim * sizeof *d->stream);
}

void decode_host_rows(struct decoder *d, const struct decode_call *call)
{
    const struct model *m = call->m;
    const struct model_config *c = &m->config;
    int32_t n = call->n;
    struct attention_decode a = attention_of(d, m, call->cache, call->max_context);
    embedding_forward(d->stream, m->params + m->layout.embedding, d->tokens, n, c->dim);
    for (int32_t i = 0; i < c->layers; i++) {
        struct block b = {m, i, n};
        decode_plan_layer(&d->plan, call->cache, i);
        block_qkv(d->qkv, d->normed, NULL, &b, d->stream);
        block_rotate(d->qkv, NULL, &b, d->plan.positions);
        store_rows(d, m, call->cache, i, n);
        attention_decode(d->attended, q_width(c), d->qkv, qkv_width(c), &a, n,
                         d->attention);
        block_attention_out(d->stream, &b, d->attended);
        block_ffn(d->stream, d->gate_up, d->normed, d->wide, NULL, &b);
    }
    keep_states(d, call);
}

void decode_host_logits(struct decoder *d, const struct decode_call *call,
                        const int32_t *states, float *logits)
{
    size_t dim = (size_t)call->m->config.dim;
    for (int32_t i = 0; i < call->n; i++)
        memcpy(d->stream + (size_t)i * dim,
               call->cache->states + (size_t)states[i] * dim, dim * sizeof *d->stream);
    block_final_norm(d->normed, NULL, call->m, d->stream, call->n);
    block_logits(logits, call->m, d->normed, call->n);
}

struct draw_job {
    struct decode_draw *draws;
    const int32_t *row; // of the logits, by draw
    const float *logits;
    int32_t vocab;
};

static void draw_row(void *context, int index, int thread)
{
    (void)thread;
    const struct draw_job *job = context;
    struct decode_draw *d = &job->draws[index];
    const float *logits = job->logits + (size_t)job->row[index] * (size_t)job->vocab;
    float inv_temperature = d->temperature > 0 ? 1.0f / d->temperature : 1.0f;
    d->token = d->temperature > 0
                   ? sample_token(logits, inv_temperature, d->u, job->vocab)
                   : argmax_token(logits, job->vocab);
    softmax_stats(&d->log_prob, &d->entropy, logits, job->vocab, &d->token,
                  inv_temperature, 1, job->vocab);
}

// Children of one node stand side by side and share its row of logits.
void decode_host_draw(struct decoder *d, const struct decode_call *call,
                      struct decode_draw *draws)
{
    struct decode_call distinct = *call;
    int32_t *row = d->order, *states = d->tokens;
    distinct.n = 0;
    for (int32_t i = 0; i < call->n; i++) {
        if (i == 0 || draws[i].state != draws[i - 1].state)
            states[distinct.n++] = draws[i].state;
        row[i] = distinct.n - 1;
    }
    decode_host_logits(d, &distinct, states, d->logits);
    d->flops += distinct.n * head_row_flops(&call->m->config);
    struct draw_job job = {draws, row, d->logits, call->m->config.vocab};
    par_for(call->n, draw_row, &job);
}

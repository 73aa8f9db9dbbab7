#include "decode.h"

#include "block.h"
#include "decode_plan.h"
#include "shape.h"

#include "base/mem.h"

#include <string.h>

struct decoder {
    int32_t max_rows;
    int32_t *order;  // (max_rows) caller's row of each computed row
    int32_t *tokens; // (max_rows)
    struct decode_plan plan;
    float *stream;    // (max_rows, dim)
    float *normed;    // (max_rows, dim)
    float *qkv;       // (max_rows, qkv_width)
    float *attended;  // (max_rows, q_width)
    float *gate_up;   // (max_rows, 2 ffn)
    float *wide;      // (max_rows, ffn)
    float *attention; // attention_decode_scratch
    size_t attention_capacity;
    double flops;
};

static enum status rows_new(float **out, int32_t rows, int width)
{
    return mem_new(out, (size_t)rows * (size_t)width, sizeof **out);
}

enum status decoder_new(struct decoder **out, const struct model *m, int32_t max_rows)
{
    const struct model_config *c = &m->config;
    struct decoder *d = NULL;
    enum status st = OK;
    if (max_rows < 1)
        return status_fail(ERR_INPUT, "decoder: %d rows", max_rows);
    TRY_OUT(mem_new(&d, 1, sizeof *d));
    d->max_rows = max_rows;
    TRY_OUT(mem_new(&d->order, (size_t)max_rows, sizeof *d->order));
    TRY_OUT(mem_new(&d->tokens, (size_t)max_rows, sizeof *d->tokens));
    TRY_OUT(decode_plan_new(&d->plan, max_rows));
    TRY_OUT(rows_new(&d->stream, max_rows, c->dim));
    TRY_OUT(rows_new(&d->normed, max_rows, c->dim));
    TRY_OUT(rows_new(&d->qkv, max_rows, qkv_width(c)));
    TRY_OUT(rows_new(&d->attended, max_rows, q_width(c)));
    TRY_OUT(rows_new(&d->gate_up, max_rows, 2 * c->ffn));
    TRY_OUT(rows_new(&d->wide, max_rows, c->ffn));
    *out = d;
    d = NULL;
out:
    decoder_free(d);
    return status_wrap(st, "decoder");
}

void decoder_free(struct decoder *d)
{
    if (!d)
        return;
    decode_plan_free(&d->plan);
    mem_free(d->order);
    mem_free(d->tokens);
    mem_free(d->stream);
    mem_free(d->normed);
    mem_free(d->qkv);
    mem_free(d->attended);
    mem_free(d->gate_up);
    mem_free(d->wide);
    mem_free(d->attention);
    mem_free(d);
}

double decoder_flops(const struct decoder *d)
{
    return d->flops;
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

// What a call may allocate, it allocates before anything is fed.
static enum status reserve(struct decoder *d, const struct model *m,
                           const struct kv_cache *cache, int32_t rows, int max_context)
{
    TRY(decode_plan_reserve(&d->plan, cache, d->max_rows));
    struct attention_decode a = attention_of(d, m, cache, max_context);
    a.n_segments = (int)d->plan.segment_capacity;
    return mem_grow(&d->attention, &d->attention_capacity, 0,
                    attention_decode_scratch(&a, rows), sizeof *d->attention);
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

// The planned rows through all layers; d->stream is the result.
static void layers_decode(struct decoder *d, const struct model *m,
                          const struct kv_cache *cache, int32_t n, int max_context)
{
    const struct model_config *c = &m->config;
    struct attention_decode a = attention_of(d, m, cache, max_context);
    embedding_forward(d->stream, m->params + m->layout.embedding, d->tokens, n, c->dim);
    for (int32_t i = 0; i < c->layers; i++) {
        struct block b = {m, i, n};
        decode_plan_layer(&d->plan, cache, i);
        block_qkv(d->qkv, d->normed, NULL, &b, d->stream);
        block_rotate(d->qkv, NULL, &b, d->plan.positions);
        store_rows(d, m, cache, i, n);
        attention_decode(d->attended, q_width(c), d->qkv, qkv_width(c), &a, n,
                         d->attention);
        block_attention_out(d->stream, &b, d->attended);
        block_ffn(d->stream, d->gate_up, d->normed, d->wide, NULL, &b);
    }
    double attention = 0;
    for (int32_t i = 0; i < n; i++)
        attention += attention_row_flops(c, (double)d->plan.positions[i] + 1);
    d->flops += c->layers * (attention + n * layer_row_flops(c));
}

// logits (n, vocab) of the rows in d->normed; overwrites d->stream.
static void logits_decode(struct decoder *d, const struct model *m, int32_t n,
                          float *logits)
{
    block_final_norm(d->stream, NULL, m, d->normed, n);
    block_logits(logits, m, d->stream, n);
    d->flops += n * head_row_flops(&m->config);
}

static enum status check_token(const struct model *m, int32_t token)
{
    if (token < 0 || token >= m->config.vocab)
        return status_fail(ERR_INPUT, "decode: token %d: the model has %d tokens",
                           token, m->config.vocab);
    return OK;
}

static enum status check_position(const struct model *m, int64_t length)
{
    if (length > m->config.max_positions)
        return status_fail(ERR_LIMIT,
                           "decode: a path of %lld tokens: the model holds %d",
                           (long long)length, m->config.max_positions);
    return OK;
}

static enum status check_pages(const struct kv_cache *cache, int64_t wanted)
{
    if (wanted > cache->n_free_pages)
        return status_fail(ERR_LIMIT, "kv cache: %lld pages wanted, %d of %d are free",
                           (long long)wanted, cache->n_free_pages, cache->max_pages);
    return OK;
}

// One row of a step; adds the pages it takes and raises the longest path.
static enum status check_row(const struct model *m, const struct kv_cache *cache,
                             int32_t branch, int32_t token, int64_t *pages,
                             int *longest)
{
    TRY(kv_branch_check(cache, branch));
    TRY(check_token(m, token));
    int length = kv_branch_length(cache, branch) + 1;
    TRY(check_position(m, length));
    *pages += kv_pages_wanted(cache, branch, 1);
    if (length > *longest)
        *longest = length;
    return OK;
}

// Checks all, orders the rows and allocates; nothing is fed yet.
static enum status prepare_step(struct decoder *d, const struct model *m,
                                struct kv_cache *cache, const int32_t *branches,
                                const int32_t *tokens, int32_t n, int *max_context)
{
    int64_t pages = 0;
    int longest = 0;
    if (n > d->max_rows)
        return status_fail(ERR_LIMIT, "decode: %d rows, made for %d", n, d->max_rows);
    for (int32_t i = 0; i < n; i++)
        TRY(check_row(m, cache, branches[i], tokens[i], &pages, &longest));
    kv_branch_order(cache, branches, d->order, n);
    for (int32_t i = 1; i < n; i++)
        if (branches[d->order[i]] == branches[d->order[i - 1]])
            return status_fail(ERR_INTERNAL, "decode: branch %d stands twice in a step",
                               branches[d->order[i]]);
    TRY(check_pages(cache, pages));
    for (int32_t i = 0; i < n; i++)
        TRY(kv_branch_room(cache, branches[i], 1));
    TRY(reserve(d, m, cache, n, longest));
    *max_context = longest;
    return OK;
}

enum status decode_step(struct decoder *d, const struct model *m,
                        struct kv_cache *cache, const int32_t *branches,
                        const int32_t *tokens, int32_t n, float *logits)
{
    int max_context = 0;
    size_t dim = (size_t)m->config.dim;
    if (n < 1)
        return OK;
    TRY(prepare_step(d, m, cache, branches, tokens, n, &max_context));
    for (int32_t i = 0; i < n; i++) {
        kv_branch_grow(cache, branches[d->order[i]], 1);
        d->tokens[i] = tokens[d->order[i]];
    }
    decode_plan_step(&d->plan, cache, branches, d->order, n);
    layers_decode(d, m, cache, n, max_context);
    for (int32_t i = 0; i < n; i++)
        memcpy(d->normed + (size_t)d->order[i] * dim, d->stream + (size_t)i * dim,
               dim * sizeof *d->normed);
    logits_decode(d, m, n, logits);
    return OK;
}

static int32_t chunk_rows(const struct decoder *d, int32_t rest)
{
    return rest < d->max_rows ? rest : d->max_rows;
}

static enum status prepare_prefill(struct decoder *d, const struct model *m,
                                   struct kv_cache *cache, int32_t branch,
                                   const int32_t *tokens, int32_t n)
{
    if (n < 1)
        return status_fail(ERR_INPUT, "decode: a prompt of %d tokens", n);
    TRY(kv_branch_check(cache, branch));
    int32_t before = kv_branch_length(cache, branch), rows = 0;
    TRY(check_position(m, (int64_t)before + n));
    for (int32_t i = 0; i < n; i++)
        TRY(check_token(m, tokens[i]));
    TRY(check_pages(cache, kv_pages_wanted(cache, branch, n)));
    TRY(kv_branch_room(cache, branch, n));
    for (int32_t done = 0; done < n; done += rows) {
        rows = chunk_rows(d, n - done);
        TRY(reserve(d, m, cache, rows, before + done + rows));
    }
    return OK;
}

enum status decode_prefill(struct decoder *d, const struct model *m,
                           struct kv_cache *cache, int32_t branch,
                           const int32_t *tokens, int32_t n, float *logits)
{
    size_t dim = (size_t)m->config.dim;
    int32_t rows = 0;
    TRY(prepare_prefill(d, m, cache, branch, tokens, n));
    for (int32_t done = 0; done < n; done += rows) {
        rows = chunk_rows(d, n - done);
        kv_branch_grow(cache, branch, rows);
        memcpy(d->tokens, tokens + done, (size_t)rows * sizeof *tokens);
        decode_plan_prefill(&d->plan, cache, branch, rows);
        layers_decode(d, m, cache, rows, kv_branch_length(cache, branch));
    }
    if (logits) {
        memcpy(d->normed, d->stream + (size_t)(rows - 1) * dim,
               dim * sizeof *d->normed);
        logits_decode(d, m, 1, logits);
    }
    return OK;
}

#include "decode_few.h"

#include "base/mem.h"

static void *rows_of(const struct device *d, struct arena *a, size_t rows, size_t width,
                     size_t bytes)
{
    size_t elements;
    if (__builtin_mul_overflow(arena_rows(rows, (size_t)d->padding), width,
                               &elements)) {
        a->overflowed = 1;
        return NULL;
    }
    return arena_take(a, elements, bytes);
}

#define FLOATS(rows, width)                                                            \
    rows_of(d, a, (size_t)(rows), (size_t)(width), sizeof(float))
#define ELEMENTS(rows, width) rows_of(d, a, (size_t)(rows), (size_t)(width), size)
#define INTS(n)               arena_take(a, (size_t)(n), sizeof(int32_t))

// ---- training

static void place_kept(struct device *d, struct arena *a, struct layer_kept *l,
                       const struct layer_kept *first)
{
    const struct model_config *c = &d->c;
    size_t size = gpu_type_bytes(d->type), M = (size_t)d->train.M;
    enum device_recompute again = d->setup.limits.recompute;
    l->input = FLOATS(M, c->dim);
    if (first && again == RECOMPUTE_LAYER) {
        float *input = l->input;
        *l = *first;
        l->input = input;
        return;
    }
    l->middle = FLOATS(M, c->dim);
    l->qkv = ELEMENTS(M, qkv_width(c));
    l->attended = ELEMENTS(M, q_width(c));
    l->lse = FLOATS(M, c->heads);
    l->norm_1 = FLOATS(M, 1);
    l->norm_2 = FLOATS(M, 1);
    l->gate_up =
        first && again == RECOMPUTE_FFN ? first->gate_up : ELEMENTS(M, 2 * c->ffn);
}

static void place_pack(const struct device *d, struct arena *a, struct pack_control *p)
{
    size_t M = (size_t)d->train.M, P = (size_t)d->train.P;
    p->tokens = INTS(M);
    p->positions = INTS(M);
    p->ends = INTS(M);
    p->row = INTS(P);
    p->target = INTS(P);
    p->order = INTS(M);
    p->first = INTS(M + 1);
    p->token = INTS(M);
    p->coef = INTS(P);
    p->weight = INTS(P);
    p->advantage = INTS(P);
    p->behaviour = INTS(P);
    p->reference = INTS(P);
    if (d->fast) {
        size_t tiles = (size_t)tiles_count((int)M) + 1,
               most = tiles_most((int)M, (int)M);
        p->tiles_first = INTS(tiles);
        p->turned_first = INTS(tiles);
        p->part_first = INTS(tiles);
        p->tiles = INTS(most);
        p->turned = INTS(most);
        int shares = tiles_shares_most((int)M, gpu_attention_shares(&d->heads));
        p->shares = arena_take(a, (size_t)shares, sizeof *p->shares);
        return;
    }
    p->stretches = arena_take(a, M, sizeof *p->stretches);
    p->list = INTS(PATH_STRETCHES * M);
    p->path_first = INTS(M + 1);
    p->path = INTS(M);
    p->length = INTS(M);
}

static void place_results(const struct device *d, struct arena *a,
                          struct pack_control *p)
{
    p->log_prob = INTS(d->train.P);
    p->entropy = INTS(d->train.P);
}

static size_t widest_row(const struct model_config *c)
{
    int widest = 2 * c->ffn > qkv_width(c) ? 2 * c->ffn : qkv_width(c);
    return (size_t)(widest > c->dim ? widest : c->dim);
}

// Each chunk of logits reads and writes the head's whole gradient again, so that chunks
// are large.
static int logit_rows(const struct device *d, int P)
{
    int all = (int)arena_rows((size_t)P, FIXED_ROWS);
    size_t fit = (size_t)LOGIT_MIB << 20, row = sizeof(float) * (size_t)d->ld;
    int some = (int)(fit / row / FIXED_ROWS) * FIXED_ROWS;
    some = some < FIXED_ROWS ? FIXED_ROWS : some;
    return all < some ? all : some;
}

static size_t key_parts(const struct device *d)
{
    int most = tiles_parts_most(d->train.M, gpu_attention_shares(&d->heads));
    return (size_t)most * gpu_attention_part_floats(&d->heads);
}

static void place_scratch(struct device *d, struct arena *a)
{
    const struct model_config *c = &d->c;
    struct train_buffers *t = &d->train;
    size_t size = gpu_type_bytes(d->type);
    t->output = FLOATS(t->M, c->dim);
    t->d_stream = FLOATS(t->M, c->dim);
    t->last = FLOATS(t->P, c->dim);
    t->d_last = FLOATS(t->P, c->dim);
    t->normed = ELEMENTS(t->P, c->dim);
    t->d_normed = ELEMENTS(t->P, c->dim);
    t->inv_rms = FLOATS(t->P, 1);
    t->row = ELEMENTS(t->M, c->dim);
    t->d_row = ELEMENTS(t->M, c->dim);
    t->wide = ELEMENTS(t->M, c->ffn);
    t->rotated = c->qk_norm ? ELEMENTS(t->M, qkv_width(c)) : NULL;
    t->head_norm = c->qk_norm ? FLOATS(t->M, c->heads + c->kv_heads) : NULL;
    t->d_qkv = ELEMENTS(t->M, qkv_width(c));
    t->d_attended = ELEMENTS(t->M, q_width(c));
    t->delta = FLOATS(t->M, c->heads);
    t->key_parts = arena_take(a, d->fast ? key_parts(d) : 0, sizeof(float));
    t->logits = FLOATS(t->chunk, d->ld);
    t->d_logits = ELEMENTS(t->chunk, d->ld);
    t->parts = FLOATS(GPU_PARTS, widest_row(c));
}

static enum status place_training(struct device *d, struct arena *a, struct arena *host)
{
    struct train_buffers *t = &d->train;
    t->M = d->setup.limits.train_tokens;
    t->P = d->setup.limits.train_outputs;
    if (t->M < 1 || t->P < 1)
        return OK;
    t->chunk = logit_rows(d, t->P);
    if (!t->layers)
        TRY(mem_new(&t->layers, (size_t)d->c.layers, sizeof *t->layers));
    for (int i = 0; i < d->c.layers; i++)
        place_kept(d, a, &t->layers[i], i > 0 ? &t->layers[0] : NULL);
    place_scratch(d, a);
    size_t before = a->used;
    t->control = arena_take(a, 1, 1);
    place_pack(d, a, &t->on);
    t->control_bytes = a->used - before;
    place_results(d, a, &t->on);
    t->host_control = arena_take(host, 1, 1);
    place_pack(d, host, &t->host);
    place_results(d, host, &t->host);
    return OK;
}

static void place_optimizer(struct device *d, struct arena *a, struct arena *host)
{
    struct optimizer_state *o = &d->optimizer;
    size_t n = d->layout.total;
    struct arena *where = d->setup.limits.host_optimizer ? host : a;
    if (d->train.M < 1)
        return;
    o->grad = arena_take(a, n, sizeof(float));
    o->master = arena_take(where, n, sizeof(float));
    o->m = arena_take(where, n, sizeof(float));
    o->v = arena_take(where, n, sizeof(float));
    o->norm = arena_take(a, 1, sizeof(double));
    o->norm_parts = arena_take(a, GPU_PARTS, sizeof(double));
    o->host_norm = arena_take(host, 1, sizeof(double));
    o->hash = arena_take(a, 1, sizeof *o->hash);
    o->host_hash = arena_take(host, 1, sizeof *o->hash);
    if (d->setup.limits.host_optimizer)
        for (int i = 0; i < 2; i++)
            o->staging[i] = arena_take(a, 3 * (size_t)STAGING_FLOATS, sizeof(float));
}

// ---- decoding

static void place_control(struct device *d, struct arena *a, struct rows_control *r,
                          int rows, int prompt)
{
    struct decode_buffers *b = &d->decode;
    r->tokens = INTS(rows);
    r->positions = INTS(rows);
    r->slots = INTS(rows);
    r->hidden = INTS(rows);
    if (d->fast && prompt) {
        r->key_slots = INTS(b->context);
        r->tiles_first = INTS(tiles_count(rows) + 1);
        r->tiles = INTS(tiles_most(rows, b->context));
    } else if (d->fast) {
        r->n_items = INTS(1);
        r->part_first = INTS(rows + 1);
        r->parts = INTS(b->limits.parts);
        r->items = arena_take(a, (size_t)b->limits.items, sizeof *r->items);
    } else {
        r->stretches = arena_take(a, (size_t)b->kv_pages, sizeof *r->stretches);
        r->list = INTS(PATH_STRETCHES * (rows + 1) + b->kv_pages);
        r->path_first = INTS(rows + 1);
        r->path = INTS(rows);
        r->length = INTS(rows);
    }
    r->pages = INTS(b->kv_pages);
}

static void place_call(struct device *d, struct arena *a, struct arena *host,
                       struct call_control *c, int rows, int prompt)
{
    size_t before = a->used;
    c->rows = rows;
    c->memory = arena_take(a, 1, 1);
    place_control(d, a, &c->on, rows, prompt);
    c->bytes = a->used - before;
    c->host_memory = arena_take(host, 1, 1);
    place_control(d, host, &c->host, rows, prompt);
}

static void place_decoding(struct device *d, struct arena *a, struct arena *host)
{
    const struct model_config *c = &d->c;
    struct decode_buffers *b = &d->decode;
    size_t size = gpu_type_bytes(d->type);
    b->rows = d->setup.limits.decode_rows;
    b->kv_pages = d->setup.limits.kv_pages;
    b->prefill_rows = d->setup.limits.prefill_rows;
    b->context = c->max_positions;
    if (b->rows < 1)
        return;
    int most = b->rows > b->prefill_rows ? b->rows : b->prefill_rows;
    b->limits = (struct cascade_limits){
        .items = b->rows * PARTS_PER_ROW,
        .parts = b->rows * PARTS_PER_ROW,
        .rows_per_item = TILE / (c->heads / c->kv_heads),
        .units_wanted = 2 * d->info.multiprocessors / c->kv_heads + 1,
    };
    b->cache = arena_take(a,
                          (size_t)c->layers * ((size_t)b->kv_pages + 1) * KV_PAGE *
                              (size_t)(2 * kv_width(c)),
                          size);
    b->hidden =
        arena_take(a, ((size_t)b->kv_pages + 1) * (size_t)c->dim, sizeof(float));
    b->stream = FLOATS(most, c->dim);
    b->row = ELEMENTS(most, c->dim);
    b->qkv = ELEMENTS(most, qkv_width(c));
    b->attended = ELEMENTS(most, q_width(c));
    b->gate_up = ELEMENTS(most, 2 * c->ffn);
    b->wide = ELEMENTS(most, c->ffn);
    b->logits = FLOATS(b->rows, d->ld);
    b->parts =
        d->fast
            ? arena_take(a,
                         cascade_scratch_floats(b->limits.parts, c->heads, c->head_dim),
                         sizeof(float))
            : NULL;
    b->sums =
        d->few ? arena_take(a, few_scratch_floats(c, b->rows), sizeof(float)) : NULL;
    place_call(d, a, host, &b->step, b->rows, 0);
    place_call(d, a, host, &b->prompt, b->prefill_rows, 1);
    b->draws = arena_take(a, (size_t)b->rows, sizeof *b->draws);
    b->drawn = arena_take(a, (size_t)b->rows, sizeof *b->drawn);
    b->sampling = arena_take(a, gpu_sample_scratch(b->rows, c->vocab), 1);
    b->from = INTS(b->rows);
    b->host_draws = arena_take(host, (size_t)b->rows, sizeof *b->draws);
    b->host_drawn = arena_take(host, (size_t)b->rows, sizeof *b->drawn);
    b->host_from = arena_take(host, (size_t)b->rows, sizeof *b->from);
}

// ---- all

static void place_weights(struct device *d, struct arena *a)
{
    const struct device_limits *l = &d->setup.limits;
    size_t size = gpu_type_bytes(d->type), n = d->layout.total;
    size_t table = (size_t)d->c.max_positions * (size_t)(d->c.head_dim / 2);
    int learns = l->train_tokens > 0, decodes = l->decode_rows > 0;
    d->weights[DEVICE_LEARNER] = arena_take(a, learns ? n : 0, size);
    d->weights[DEVICE_REFERENCE] = arena_take(a, learns && l->reference ? n : 0, size);
    d->weights[DEVICE_ROLLOUT] = arena_take(a, decodes ? n : 0, size);
    d->incoming = arena_take(a, decodes && l->second_buffer ? n : 0, size);
    d->cosine = arena_take(a, table, sizeof(float));
    d->sine = arena_take(a, table, sizeof(float));
    d->workspace = arena_take(a, GPU_GEMM_WORKSPACE, 1);
}

enum status device_place(struct device *d, struct arena *device, struct arena *host)
{
    place_weights(d, device);
    TRY(place_training(d, device, host));
    place_optimizer(d, device, host);
    place_decoding(d, device, host);
    if (device->overflowed || host->overflowed)
        return status_fail(ERR_NOMEM, "GPU: a buffer larger than an address");
    return OK;
}

// Where device_place puts things: all of it aligned, nothing upon another, nothing
// forgotten, and the same size when it is measured and when it is placed.
#include "base/mem.h"
#include "model/cuda/state.h"
#include "model/layout.h"

#include "../unit/model/fixture.h"

enum { MOST_BLOCKS = 512 };

struct block {
    const char *name;
    uintptr_t at;
    size_t bytes;
};

static struct block blocks[MOST_BLOCKS];
static int n_blocks;

// Never read: only addresses are looked at.
static char *const DEVICE_BASE = (char *)((uintptr_t)1 << 32);
static char *const HOST_BASE = (char *)((uintptr_t)1 << 44);

static void expect(const char *name, const void *at, size_t count, size_t bytes)
{
    if (count == 0) {
        if (at)
            fail_msg("%s: placed, though nothing of it is wanted", name);
        return;
    }
    if (!at)
        fail_msg("%s: not placed", name);
    assert_true(n_blocks < MOST_BLOCKS);
    blocks[n_blocks++] = (struct block){name, (uintptr_t)at, count * bytes};
}

static size_t rounded(size_t bytes)
{
    return (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
}

static int by_address(const void *a, const void *b)
{
    uintptr_t x = ((const struct block *)a)->at, y = ((const struct block *)b)->at;
    return x < y ? -1 : x > y;
}

// The blocks noted since the last call lie within [base, base + used); whole: and
// nothing lies beside them.
static void check(const char *base, size_t used, int whole)
{
    size_t sum = 0;
    uintptr_t end = (uintptr_t)base;
    qsort(blocks, (size_t)n_blocks, sizeof *blocks, by_address);
    for (int i = 0; i < n_blocks; i++) {
        const struct block *b = &blocks[i];
        if (b->at < end)
            fail_msg("%s begins within %s", b->name,
                     i > 0 ? blocks[i - 1].name : "what is below");
        if (b->at % ARENA_ALIGN != 0)
            fail_msg("%s is not aligned", b->name);
        end = b->at + b->bytes;
        sum += rounded(b->bytes);
    }
    assert_true(end <= (uintptr_t)base + used);
    if (whole)
        assert_int_equal(sum, used);
    n_blocks = 0;
}

// ---- what is wanted

static size_t rows(const struct device *d, int n, int width)
{
    return arena_rows((size_t)n, (size_t)d->padding) * (size_t)width;
}

static void expect_layers(const struct device *d)
{
    const struct model_config *c = &d->c;
    const struct layer_kept *first = d->train.layers;
    size_t T = gpu_type_bytes(d->type);
    int M = d->train.M, again = (int)d->setup.limits.recompute;
    for (int i = 0; i < c->layers; i++) {
        const struct layer_kept *k = &first[i];
        int keeps = i == 0 || again != RECOMPUTE_LAYER;
        expect("input", k->input, rows(d, M, c->dim), sizeof(float));
        if (i == 0 || again == RECOMPUTE_NONE)
            expect("gate_up", k->gate_up, rows(d, M, 2 * c->ffn), T);
        else
            assert_ptr_equal(k->gate_up, first->gate_up);
        if (!keeps) {
            assert_ptr_equal(k->middle, first->middle);
            assert_ptr_equal(k->qkv, first->qkv);
            continue;
        }
        expect("middle", k->middle, rows(d, M, c->dim), sizeof(float));
        expect("qkv", k->qkv, rows(d, M, qkv_width(c)), T);
        expect("attended", k->attended, rows(d, M, q_width(c)), T);
        expect("lse", k->lse, rows(d, M, c->heads), sizeof(float));
        expect("norm_1", k->norm_1, rows(d, M, 1), sizeof(float));
        expect("norm_2", k->norm_2, rows(d, M, 1), sizeof(float));
    }
}

static void expect_scratch(const struct device *d)
{
    const struct model_config *c = &d->c;
    const struct train_buffers *t = &d->train;
    size_t T = gpu_type_bytes(d->type);
    int M = t->M, P = t->P,
        widest = 2 * c->ffn > qkv_width(c) ? 2 * c->ffn : qkv_width(c);
    int shares = tiles_parts_most(M, gpu_attention_shares(&d->heads));
    widest = widest > c->dim ? widest : c->dim;
    expect("output", t->output, rows(d, M, c->dim), sizeof(float));
    expect("d_stream", t->d_stream, rows(d, M, c->dim), sizeof(float));
    expect("last", t->last, rows(d, P, c->dim), sizeof(float));
    expect("d_last", t->d_last, rows(d, P, c->dim), sizeof(float));
    expect("normed", t->normed, rows(d, P, c->dim), T);
    expect("d_normed", t->d_normed, rows(d, P, c->dim), T);
    expect("inv_rms", t->inv_rms, rows(d, P, 1), sizeof(float));
    expect("row", t->row, rows(d, M, c->dim), T);
    expect("d_row", t->d_row, rows(d, M, c->dim), T);
    expect("wide", t->wide, rows(d, M, c->ffn), T);
    expect("rotated", t->rotated, c->qk_norm ? rows(d, M, qkv_width(c)) : 0, T);
    expect("head_norm", t->head_norm,
           c->qk_norm ? rows(d, M, c->heads + c->kv_heads) : 0, sizeof(float));
    expect("d_qkv", t->d_qkv, rows(d, M, qkv_width(c)), T);
    expect("d_attended", t->d_attended, rows(d, M, q_width(c)), T);
    expect("delta", t->delta, rows(d, M, c->heads), sizeof(float));
    expect("key_parts", t->key_parts,
           d->fast ? (size_t)shares * gpu_attention_part_floats(&d->heads) : 0,
           sizeof(float));
    expect("logits", t->logits, rows(d, t->chunk, d->ld), sizeof(float));
    expect("d_logits", t->d_logits, rows(d, t->chunk, d->ld), T);
    expect("parts", t->parts, rows(d, GPU_PARTS, widest), sizeof(float));
}

// Alike in both memories; `sent`: the bytes from `memory` on that a copy takes.
static void expect_control(const struct device *d, const struct pack_control *p,
                           const void *memory, size_t sent)
{
    size_t M = (size_t)d->train.M, P = (size_t)d->train.P, I = sizeof(int32_t);
    size_t tiles = (size_t)tiles_count((int)M) + 1, most = tiles_most((int)M, (int)M);
    int shares = tiles_shares_most((int)M, gpu_attention_shares(&d->heads)),
        from = n_blocks;
    expect("control", memory, 1, 1);
    int32_t *const by_token[] = {p->tokens, p->positions, p->ends, p->order, p->token};
    void *const by_output[] = {p->row,       p->target,    p->coef,     p->weight,
                               p->advantage, p->behaviour, p->reference};
    for (int i = 0; i < 5; i++)
        expect("of tokens", by_token[i], M, I);
    for (int i = 0; i < 7; i++)
        expect("of outputs", by_output[i], P, I);
    expect("first", p->first, M + 1, I);
    expect("tiles_first", p->tiles_first, d->fast ? tiles : 0, I);
    expect("turned_first", p->turned_first, d->fast ? tiles : 0, I);
    expect("part_first", p->part_first, d->fast ? tiles : 0, I);
    expect("tiles", p->tiles, d->fast ? most : 0, I);
    expect("turned", p->turned, d->fast ? most : 0, I);
    expect("shares", p->shares, d->fast ? (size_t)shares : 0, sizeof *p->shares);
    expect("stretches", p->stretches, d->fast ? 0 : M, sizeof *p->stretches);
    expect("list", p->list, d->fast ? 0 : PATH_STRETCHES * M, I);
    expect("path_first", p->path_first, d->fast ? 0 : M + 1, I);
    expect("path", p->path, d->fast ? 0 : M, I);
    expect("length", p->length, d->fast ? 0 : M, I);
    for (int i = from; i < n_blocks; i++) {
        assert_true(blocks[i].at >= (uintptr_t)memory);
        assert_true(blocks[i].at + blocks[i].bytes <= (uintptr_t)memory + sent);
    }
    expect("log_prob", p->log_prob, P, I);
    expect("entropy", p->entropy, P, I);
}

static void expect_weights(const struct device *d)
{
    const struct device_limits *l = &d->setup.limits;
    size_t T = gpu_type_bytes(d->type), n = d->layout.total;
    size_t table = (size_t)d->c.max_positions * (size_t)(d->c.head_dim / 2);
    int learns = l->train_tokens > 0, decodes = l->decode_rows > 0;
    expect("learner", d->weights[DEVICE_LEARNER], learns ? n : 0, T);
    expect("reference", d->weights[DEVICE_REFERENCE], learns && l->reference ? n : 0,
           T);
    expect("rollout", d->weights[DEVICE_ROLLOUT], decodes ? n : 0, T);
    expect("incoming", d->incoming, decodes && l->second_buffer ? n : 0, T);
    expect("cosine", d->cosine, table, sizeof(float));
    expect("sine", d->sine, table, sizeof(float));
    expect("workspace", d->workspace, GPU_GEMM_WORKSPACE, 1);
}

static void expect_optimizer(const struct device *d, int of_host)
{
    const struct optimizer_state *o = &d->optimizer;
    size_t n = d->layout.total;
    int elsewhere = d->setup.limits.host_optimizer;
    if (elsewhere == of_host) {
        expect("master", o->master, n, sizeof(float));
        expect("m", o->m, n, sizeof(float));
        expect("v", o->v, n, sizeof(float));
    }
    if (of_host) {
        expect("host_norm", o->host_norm, 1, sizeof(double));
        expect("host_hash", o->host_hash, 1, sizeof *o->host_hash);
        return;
    }
    expect("grad", o->grad, n, sizeof(float));
    expect("norm", o->norm, 1, sizeof(double));
    expect("norm_parts", o->norm_parts, GPU_PARTS, sizeof(double));
    expect("hash", o->hash, 1, sizeof *o->hash);
    for (int i = 0; i < 2; i++)
        expect("staging", o->staging[i], elsewhere ? 3 * (size_t)STAGING_FLOATS : 0,
               sizeof(float));
}

static void expect_decoding(const struct device *d)
{
    const struct decode_buffers *b = &d->decode;
    const struct model_config *c = &d->c;
    size_t T = gpu_type_bytes(d->type);
    size_t slots = ((size_t)b->kv_pages + 1) * KV_PAGE;
    expect("cache", b->cache, (size_t)c->layers * slots * (size_t)(2 * kv_width(c)), T);
    expect("stream", b->stream, rows(d, b->rows, c->dim), sizeof(float));
    expect("decoded row", b->row, rows(d, b->rows, c->dim), T);
    expect("decoded qkv", b->qkv, rows(d, b->rows, qkv_width(c)), T);
    expect("decoded attended", b->attended, rows(d, b->rows, q_width(c)), T);
    expect("decoded logits", b->logits, rows(d, b->rows, d->ld), sizeof(float));
}

// ---- plans

static struct device *blank(void)
{
    struct device *d = NULL;
    assert_ok(mem_new(&d, 1, sizeof *d));
    return d;
}

static void check_plan(const struct device_setup *s)
{
    struct device *d = blank();
    struct arena on = {0}, host = {0}, on_placed = {.base = DEVICE_BASE};
    struct arena host_placed = {.base = HOST_BASE};
    int learns = s->limits.train_tokens > 0, decodes = s->limits.decode_rows > 0;
    device_shape(d, s);
    d->info.multiprocessors = 132;
    assert_ok(layout_new(&d->layout, &d->c));
    assert_ok(device_place(d, &on, &host));
    assert_ok(device_place(d, &on_placed, &host_placed));
    assert_int_equal(on.used, on_placed.used);
    assert_int_equal(host.used, host_placed.used);
    expect_weights(d);
    if (learns) {
        expect_layers(d);
        expect_scratch(d);
        expect_control(d, &d->train.on, d->train.control, d->train.control_bytes);
        expect_optimizer(d, 0);
    }
    if (decodes)
        expect_decoding(d);
    check(DEVICE_BASE, on.used, !decodes);
    if (learns) {
        expect_control(d, &d->train.host, d->train.host_control,
                       d->train.control_bytes);
        expect_optimizer(d, 1);
    }
    check(HOST_BASE, host.used, !decodes);
    mem_free(d->layout.layers);
    mem_free(d->train.layers);
    mem_free(d);
}

static void nothing_lies_upon_another(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * 3 * 2 * 2 * 2; i++) {
        int role = i % 3, rest = i / 9; // both, learner, worker
        struct model_config c =
            family_config(rest & 1 ? FAMILY_QWEN3 : FAMILY_QWEN2, 1);
        c.head_dim = 64;
        const struct device_setup s = {
            .type = rest & 1 ? DEVICE_F32 : DEVICE_BF16,
            .deterministic = rest >> 1 & 1,
            .config = c,
            .limits = {.train_tokens = role < 2 ? 777 : 0,
                       .train_outputs = role < 2 ? 301 : 0,
                       .reference = rest >> 2 & 1,
                       .host_optimizer = rest >> 2 & 1,
                       .recompute = (enum device_recompute)(i / 3 % 3),
                       .decode_rows = role != 1 ? 33 : 0,
                       .prefill_rows = 70,
                       .kv_pages = 50,
                       .second_buffer = rest >> 2 & 1},
        };
        check_plan(&s);
    }
}

// The shape that the GPU tests time: a pack of 16k tokens of a 1.5B model, all kept,
// fits beside the optimizer into 80 GB.
static void a_large_pack_fits(void **state)
{
    (void)state;
    struct model_config c = family_config(FAMILY_QWEN2, 1);
    c.dim = 1536, c.layers = 28, c.heads = 12, c.kv_heads = 2, c.head_dim = 128;
    c.ffn = 8960, c.vocab = 151936, c.max_positions = 32768;
    const struct device_setup s = {
        .type = DEVICE_BF16,
        .config = c,
        .limits = {.train_tokens = 16384, .train_outputs = 16384},
    };
    struct device *d = blank();
    struct arena on = {0}, host = {0};
    device_shape(d, &s);
    assert_ok(layout_new(&d->layout, &d->c));
    assert_ok(device_place(d, &on, &host));
    print_message("%.1f GiB on the device, %d rows of logits at once\n",
                  (double)on.used / 1073741824.0, d->train.chunk);
    assert_true(on.used < (size_t)75 << 30);
    assert_true(d->train.chunk >= 2048);
    mem_free(d->layout.layers);
    mem_free(d->train.layers);
    mem_free(d);
}

static void a_size_beyond_addresses_is_refused(void **state)
{
    (void)state;
    struct device_setup s = {.config = family_config(FAMILY_LLAMA, 0)};
    s.config.max_positions = INT32_MAX;
    s.config.head_dim = 256;
    s.limits.train_tokens = s.limits.train_outputs = INT32_MAX;
    struct device *d = blank();
    struct arena on = {0}, host = {0};
    device_shape(d, &s);
    d->layout.total = SIZE_MAX / 2;
    assert_int_equal(device_place(d, &on, &host), ERR_NOMEM);
    mem_free(d->train.layers);
    mem_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_lies_upon_another),
        cmocka_unit_test(a_large_pack_fits),
        cmocka_unit_test(a_size_beyond_addresses_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

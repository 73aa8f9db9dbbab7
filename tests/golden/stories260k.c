// A trained model decodes as an independent double-precision forward pass does: 200
// greedy tokens exactly, and the logits at four positions.
#include "base/buf.h"
#include "base/file.h"
#include "model/decode.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "../unit/model/fixture.h"

#define FOLDER SHARED_DATA "/models/stories260K"

// The file (llama2.c's format): 7 int32, then float32 tensors, each of all layers.
struct stories {
    struct buf bytes;
    size_t at; // floats behind the header
};

enum { HEADER_INTS = 7 };

static void next(float *out, struct stories *s, size_t n)
{
    size_t begin = HEADER_INTS * sizeof(int32_t) + s->at * sizeof(float);
    assert_true(begin + n * sizeof(float) <= s->bytes.len);
    memcpy(out, s->bytes.data + begin, n * sizeof(float));
    s->at += n;
}

// Rows of `heads` heads: the file rotates elements (2j, 2j + 1), the engine
// (j, j + head_dim/2).
static void next_rotated(float *out, struct stories *s, const struct model_config *c,
                         int heads)
{
    size_t dim = (size_t)c->dim, half = (size_t)c->head_dim / 2;
    for (size_t h = 0; h < (size_t)heads; h++)
        for (size_t j = 0; j < 2 * half; j++) {
            size_t to = h * 2 * half + j / 2 + (j % 2 ? half : 0);
            next(out + to * dim, s, dim);
        }
}

static void load_params(struct model *m, struct stories *s)
{
    const struct model_config *c = &m->config;
    size_t dim = (size_t)c->dim, ffn = (size_t)c->ffn, layers = (size_t)c->layers;
    size_t q = dim * dim, kv = (size_t)(c->kv_heads * c->head_dim) * dim;
    struct layer_offsets *o = m->layout.layers;
    next(m->params + m->layout.embedding, s, (size_t)c->vocab * dim);
    for (size_t i = 0; i < layers; i++)
        next(m->params + o[i].attn_norm, s, dim);
    for (size_t i = 0; i < layers; i++)
        next_rotated(m->params + o[i].qkv, s, c, c->heads);
    for (size_t i = 0; i < layers; i++)
        next_rotated(m->params + o[i].qkv + q, s, c, c->kv_heads);
    for (size_t i = 0; i < layers; i++)
        next(m->params + o[i].qkv + q + kv, s, kv);
    for (size_t i = 0; i < layers; i++)
        next(m->params + o[i].out, s, q);
    for (size_t i = 0; i < layers; i++)
        next(m->params + o[i].ffn_norm, s, dim);
    for (size_t i = 0; i < layers; i++)
        next(m->params + o[i].gate_up, s, ffn * dim);
    for (size_t i = 0; i < layers; i++)
        next(m->params + o[i].down, s, dim * ffn);
    for (size_t i = 0; i < layers; i++)
        next(m->params + o[i].gate_up + ffn * dim, s, ffn * dim);
    next(m->params + m->layout.final_norm, s, dim);
    model_repack(m);
}

static void load(struct model *m)
{
    struct stories s = {0};
    int32_t header[HEADER_INTS];
    assert_ok(file_read(&s.bytes, FOLDER "/stories260K.bin", 1 << 24));
    assert_true(s.bytes.len > sizeof header);
    memcpy(header, s.bytes.data, sizeof header);
    struct model_config c = {
        .dim = header[0],
        .ffn = header[1],
        .layers = header[2],
        .heads = header[3],
        .kv_heads = header[4],
        .vocab = header[5],
        .max_positions = header[6],
        .head_dim = header[0] / header[3],
        .rms_epsilon = 1e-5F,
        .rope_theta = 10000,
        .tied = 1,
        .eos = 2,
        .bos = 1,
    };
    assert_ok(model_new(m, &c));
    load_params(m, &s);
    buf_free(&s.bytes);
}

static double logits_error(const json_t *golden, int position, const float *logits)
{
    char key[16];
    (void)snprintf(key, sizeof key, "%d", position);
    const json_t *want = json_object_get(json_object_get(golden, "logits"), key);
    double worst = 0;
    for (size_t i = 0; i < json_array_size(want); i++)
        worst = fmax(worst, fabs(json_number_value(json_array_get(want, i)) -
                                 (double)logits[i]));
    return worst;
}

static void greedy_decoding_is_exact(void **state)
{
    (void)state;
    struct model m;
    struct kv_cache *cache = NULL;
    struct decoder *d = NULL;
    int32_t branch = -1;
    float logits[512];
    double worst = 0;
    json_error_t error;
    if (!file_exists(FOLDER)) {
        print_message("skipped: no %s\n", FOLDER);
        skip();
    }
    json_t *golden = json_load_file(FOLDER "/golden_greedy.json", 0, &error);
    const json_t *ids = json_object_get(golden, "ids");
    size_t n = json_array_size(ids);
    assert_true(n > 100);
    load(&m);
    assert_int_equal(m.config.vocab, sizeof logits / sizeof logits[0]);
    assert_ok(kv_cache_new(&cache, &m.config, 32));
    assert_ok(decoder_new(&d, &m, 1));
    assert_ok(kv_branch_open(cache, -1, &branch));
    int32_t token = (int32_t)json_integer_value(json_array_get(ids, 0));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(token, json_integer_value(json_array_get(ids, i)));
        assert_ok(decode_step(d, &m, cache, &branch, &token, 1));
        assert_ok(decode_logits(d, &m, cache, branch, logits));
        worst = fmax(worst, logits_error(golden, (int)i, logits));
        token = argmax_token(logits, m.config.vocab);
    }
    print_message("%d tokens; largest difference of logits %.1e\n", (int)n, worst);
    assert_true(worst > 0 && worst < 1e-4);
    json_decref(golden);
    kv_cache_free(cache);
    decoder_free(d);
    model_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(greedy_decoding_is_exact)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

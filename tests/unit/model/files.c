// Model folders: what is saved loads again bit for bit; what is damaged is refused with
// the file, the tensor and the reason.
#include "folder.h"

#include "model/safetensors.h"

static void saved_folder(struct folder *f, struct model *m, int32_t qkv_bias,
                         int32_t tied)
{
    struct model_config c = tiny_config(qkv_bias, tied);
    folder_new(f);
    tiny_model(m, &c);
    assert_ok(model_save(m, f->path));
}

static void a_saved_model_loads_again(void **state)
{
    (void)state;
    for (int32_t kind = 0; kind < 2 * FAMILIES; kind++) {
        struct model_config c = family_config((enum family)(kind / 2), kind & 1);
        struct folder f;
        struct model m, back;
        char aside[160];
        folder_new(&f);
        tiny_model(&m, &c);
        assert_ok(model_save(&m, f.path));
        assert_ok(model_load(&back, f.path));
        assert_int_equal(model_param_count(&m), model_param_count(&back));
        assert_memory_equal(m.params, back.params,
                            model_param_count(&m) * sizeof(float));
        size_t head = gemm_packed_floats(m.config.vocab, m.config.dim);
        size_t at = m.packed_offset[m.config.layers * 4];
        assert_memory_equal(m.packed, back.packed, (at + head) * sizeof(float));
        (void)snprintf(aside, sizeof aside, "%s.tmp", f.weights);
        assert_false(file_exists(aside));
        model_free(&m);
        model_free(&back);
        folder_free(&f);
    }
}

static void data_are_aligned(void **state)
{
    (void)state;
    struct folder f;
    struct model m;
    struct safetensors s;
    saved_folder(&f, &m, 1, 0);
    assert_ok(safetensors_open(&s, f.weights));
    assert_int_equal((s.data - (const uint8_t *)s.map) % 8, 0);
    assert_int_equal(s.data_bytes, model_param_count(&m) * sizeof(float));
    safetensors_close(&s);
    model_free(&m);
    folder_free(&f);
}

static void saving_nowhere_fails(void **state)
{
    (void)state;
    struct model m;
    struct model_config c = tiny_config(0, 1);
    tiny_model(&m, &c);
    assert_fails(model_save(&m, "/nowhere"), ERR_IO, "/nowhere/model.safetensors");
    model_free(&m);
}

// ---- damaged weights --------------------------------------------------------------
static void write_bytes(const char *path, uint64_t length, const char *header,
                        size_t data)
{
    struct buf b = {0};
    static const char zeros[256];
    assert_true(data <= sizeof zeros);
    buf_append(&b, &length, sizeof length);
    buf_str(&b, header);
    buf_append(&b, zeros, data);
    assert_ok(file_write(path, b.data, b.len));
    buf_free(&b);
}

static enum status open_header(const char *path, const char *header, size_t data)
{
    struct safetensors s = {0};
    write_bytes(path, strlen(header), header, data);
    enum status st = safetensors_open(&s, path);
    safetensors_close(&s);
    return st;
}

#define A "\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}"

static void damaged_headers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        const char *word;
    } cases[] = {
        {"{" A "", 16, "header"},
        {"[1]", 0, "not an object"},
        {"{" A "}", 15, "leave the 15"},
        {"{" A "}", 20, "4 bytes after"},
        {"{\"a\":3}", 0, "tensor a"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "tensor a"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
         "do not hold its 1"},
        {"{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4,
         "shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,4]}}", 4, "shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4,
         "shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],"
         "\"data_offsets\":[0,0]}}",
         0, "too large"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],"
         "\"data_offsets\":[0,0]}}",
         0, "do not hold"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,16]}}", 16,
         "do not hold its 3"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,4]}}", 8,
         "leave"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4]}}", 8, "pair"},
        {"{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]}}", 20,
         "tensor b: data overlap"},
        {"{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[20,24]}}", 24,
         "tensor b: data have a hole"},
    };
    struct folder f;
    folder_new(&f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_fails(open_header(f.weights, cases[i].header, cases[i].data), ERR_INPUT,
                     f.weights, cases[i].word);
    assert_ok(open_header(f.weights, "{" A "}", 16));
    assert_ok(open_header(f.weights,
                          "{\"__metadata__\":{\"x\":1e999,\"y\":99999999999999999999},"
                          "\"a\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":"
                          "[0,16],\"more\":NaN}}",
                          16));
    assert_ok(open_header(f.weights, "{\"__metadata__\":{\"x\":\"y\"}," A "}   ", 16));
    folder_free(&f);
}

static void damaged_lengths_are_refused(void **state)
{
    (void)state;
    struct folder f;
    struct safetensors s;
    folder_new(&f);
    assert_fails(safetensors_open(&s, f.weights), ERR_INPUT, f.weights);
    assert_fails(safetensors_open(&s, f.path), ERR_INPUT, "not a file");
    assert_ok(file_write(f.weights, "", 0));
    assert_fails(safetensors_open(&s, f.weights), ERR_INPUT, "empty");
    assert_ok(file_write(f.weights, "1234567", 7));
    assert_fails(safetensors_open(&s, f.weights), ERR_INPUT, "too short");
    write_bytes(f.weights, UINT64_MAX, "{}", 0);
    assert_fails(safetensors_open(&s, f.weights), ERR_INPUT, "header of 1844");
    write_bytes(f.weights, 3, "{}", 0);
    assert_fails(safetensors_open(&s, f.weights), ERR_INPUT, "header of 3 bytes");
    folder_free(&f);
}

static void a_cut_file_is_refused(void **state)
{
    (void)state;
    struct folder f;
    struct model m;
    struct buf whole = {0};
    saved_folder(&f, &m, 0, 1);
    model_free(&m);
    assert_ok(file_read(&whole, f.weights, 1 << 24));
    for (size_t len = 0; len < whole.len; len += 1 + whole.len / 97) {
        struct model cut;
        memset(&cut, 0x5a, sizeof cut);
        struct model kept = cut;
        assert_ok(file_write(f.weights, whole.data, len));
        assert_fails(model_load(&cut, f.path), ERR_INPUT, f.weights);
        assert_memory_equal(&cut, &kept, sizeof cut);
    }
    buf_free(&whole);
    folder_free(&f);
}

static void other_tensors_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *word;
    } cases[] = {
        {"layers.1.self_attn.q_proj.weight", "layers.1.self_attn.Q_proj.weight",
         "layers.1.self_attn.Q_proj.weight: the model has no such tensor"},
        {"\"shape\":[24,40]", "\"shape\":[40,24]", "is not (24, 40)"},
        {"\"shape\":[24,40]", "\"shape\":[960  ]", "is not (24, 40)"},
        {"embed_tokens.weight\":{\"dtype\":\"F32\",\"shape\":[37,24]",
         "embed_tokens.weight\":{\"dtype\":\"F32\",\"shape\":[24,37]",
         "is not (37, 24)"},
        {"\"dtype\":\"F32\"", "\"dtype\":\"I32\"", "dtype I32"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct folder f;
        struct model m, other;
        saved_folder(&f, &m, 0, 0);
        model_free(&m);
        replace_in_file(f.weights, cases[i].from, cases[i].to);
        assert_fails(model_load(&other, f.path), ERR_INPUT, f.weights, cases[i].word);
        folder_free(&f);
    }
}

static void missing_tensors_are_named(void **state)
{
    (void)state;
    struct folder f;
    struct model m, other;
    saved_folder(&f, &m, 0, 1);
    model_free(&m);
    replace_in_file(f.config, "\"tie_word_embeddings\": true",
                    "\"tie_word_embeddings\": false");
    assert_fails(model_load(&other, f.path), ERR_INPUT, f.path, "lm_head.weight",
                 "missing");
    folder_free(&f);
}

// What a tied model's file may hold besides: the head once more, and rotary tables.
static void known_extras_are_accepted(void **state)
{
    (void)state;
    struct folder f;
    struct model m, back;
    saved_folder(&f, &m, 0, 0);
    replace_in_file(f.config, "\"tie_word_embeddings\": false",
                    "\"tie_word_embeddings\": true");
    assert_ok(model_load(&back, f.path));
    assert_int_equal(back.layout.head, back.layout.embedding);
    assert_memory_equal(m.params, back.params,
                        model_param_count(&back) * sizeof(float));
    model_free(&back);
    // Renamed in the header, the head is what old checkpoints call a rotary table.
    replace_in_file(f.weights, "\"lm_head.weight\"", "\"m.rotary_emb.inv_freq\"");
    struct buf whole = {0};
    uint64_t length = 0;
    assert_ok(file_read(&whole, f.weights, 1 << 24));
    memcpy(&length, whole.data, sizeof length);
    length += strlen("m.rotary_emb.inv_freq") - strlen("lm_head.weight");
    memcpy(whole.data, &length, sizeof length);
    assert_ok(file_write(f.weights, whole.data, whole.len));
    assert_ok(model_load(&back, f.path));
    model_free(&back);
    buf_free(&whole);
    model_free(&m);
    folder_free(&f);
}

// Fewer positions than the checkpoint has: the tables shrink, the saved config does
// not.
static void positions_can_be_bounded(void **state)
{
    (void)state;
    struct folder f;
    struct model m, back;
    saved_folder(&f, &m, 1, 1);
    assert_ok(model_load_within(&back, f.path, 1000));
    assert_int_equal(back.config.max_positions, 512);
    model_free(&back);
    assert_ok(model_load_within(&back, f.path, 32));
    assert_int_equal(back.config.max_positions, 32);
    assert_memory_equal(back.rope_sin, m.rope_sin, sizeof(float) * 32 * 4);
    assert_ok(model_save(&back, f.path));
    model_free(&back);
    assert_ok(model_load(&back, f.path));
    assert_int_equal(back.config.max_positions, 512);
    model_free(&back);
    assert_fails(model_load_within(&back, f.path, 0), ERR_INPUT, "max_positions");
    model_free(&m);
    folder_free(&f);
}

static void an_absent_folder_is_named(void **state)
{
    (void)state;
    struct model m;
    assert_fails(model_load(&m, "/nowhere"), ERR_INPUT, "/nowhere/config.json");
}

// ---- element types ------------------------------------------------------------------
static void halves_are_widened(void **state)
{
    (void)state;
    static const uint16_t half[] = {0x0000, 0x8000, 0x3c00, 0xc000, 0x0001,
                                    0x83ff, 0x7bff, 0x7c00, 0x3555, 0x0400};
    static const float want[] = {0.0F,        -0.0F,
                                 1.0F,        -2.0F,
                                 0x1p-24F,    -1023 * 0x1p-24F,
                                 65504.0F,    __builtin_inff(),
                                 0x1.554p-2F, 0x1p-14F};
    static const uint16_t brain[] = {0x3f80, 0xc040, 0x0001};
    static const float want_brain[] = {1.0F, -3.0F, 0x1p-133F};
    const char *header =
        "{\"h\":{\"dtype\":\"F16\",\"shape\":[10],\"data_offsets\":[0,20]},"
        "\"b\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[20,26]}}";
    uint64_t length = strlen(header);
    float out[10];
    struct buf b = {0};
    struct folder f;
    struct safetensors s;
    folder_new(&f);
    buf_append(&b, &length, sizeof length);
    buf_str(&b, header);
    buf_append(&b, half, sizeof half);
    buf_append(&b, brain, sizeof brain);
    assert_ok(file_write(f.weights, b.data, b.len));
    assert_ok(safetensors_open(&s, f.weights));
    safetensors_read(out, &s, &s.tensors[0]);
    assert_memory_equal(out, want, sizeof want);
    safetensors_read(out, &s, &s.tensors[1]);
    assert_memory_equal(out, want_brain, sizeof want_brain);
    safetensors_close(&s);
    buf_free(&b);
    folder_free(&f);
}

// ---- shards -------------------------------------------------------------------------
static void shards_are_read_by_their_index(void **state)
{
    (void)state;
    struct folder f;
    struct model m, back;
    char shard[160], index[160];
    static const char map[] = "{\"weight_map\":{\"x\":\"one.safetensors\","
                              "\"y\":\"one.safetensors\"}}";
    static const char absent[] = "{\"weight_map\":{\"x\":\"one.safetensors\","
                                 "\"y\":\"two.safetensors\"}}";
    static const char outside[] = "{\"weight_map\":{\"x\":\"../one.safetensors\"}}";
    saved_folder(&f, &m, 1, 1);
    (void)snprintf(shard, sizeof shard, "%s/one.safetensors", f.path);
    (void)snprintf(index, sizeof index, "%s.index.json", f.weights);
    assert_ok(file_rename(f.weights, shard));
    assert_ok(file_write(index, map, strlen(map)));
    assert_ok(model_load(&back, f.path));
    assert_memory_equal(m.params, back.params, model_param_count(&m) * sizeof(float));
    model_free(&back);
    assert_ok(file_write(index, outside, strlen(outside)));
    assert_fails(model_load(&back, f.path), ERR_INPUT, index);
    assert_ok(file_write(index, absent, strlen(absent)));
    assert_fails(model_load(&back, f.path), ERR_INPUT, "two.safetensors");
    // A tensor in two shards: the second file is the first once more.
    struct buf whole = {0};
    (void)snprintf(shard, sizeof shard, "%s/one.safetensors", f.path);
    assert_ok(file_read(&whole, shard, 1 << 24));
    (void)snprintf(shard, sizeof shard, "%s/two.safetensors", f.path);
    assert_ok(file_write(shard, whole.data, whole.len));
    assert_fails(model_load(&back, f.path), ERR_INPUT, "two.safetensors", "two files");
    buf_free(&whole);
    model_free(&m);
    folder_free(&f);
}

static void a_shared_checkpoint_loads(void **state)
{
    (void)state;
    const char *folder = SHARED_DATA "/models/arith_random_llama";
    struct model m;
    if (!file_exists(folder)) {
        print_message("skipped: no %s\n", folder);
        skip();
    }
    assert_ok(model_load(&m, folder));
    assert_int_equal(m.config.dim, 128);
    assert_int_equal(m.config.layers, 4);
    assert_int_equal(m.config.vocab, 16);
    assert_int_equal(m.config.tied, 0);
    assert_int_equal(m.config.bos, -1);
    // Its norms' gains are still 1, and its matrices are drawn with deviation 0.02.
    double sum = 0;
    for (size_t i = 0; i < 128; i++)
        assert_true(m.params[m.layout.layers[3].ffn_norm + i] == 1.0F);
    for (size_t i = 0; i < (size_t)344 * 128; i++)
        sum += (double)m.params[m.layout.layers[2].down + i] *
               (double)m.params[m.layout.layers[2].down + i];
    assert_true(sum / (344 * 128) > 0.0003 && sum / (344 * 128) < 0.0005);
    model_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_saved_model_loads_again),
        cmocka_unit_test(data_are_aligned),
        cmocka_unit_test(saving_nowhere_fails),
        cmocka_unit_test(damaged_headers_are_refused),
        cmocka_unit_test(damaged_lengths_are_refused),
        cmocka_unit_test(a_cut_file_is_refused),
        cmocka_unit_test(other_tensors_are_refused),
        cmocka_unit_test(missing_tensors_are_named),
        cmocka_unit_test(known_extras_are_accepted),
        cmocka_unit_test(positions_can_be_bounded),
        cmocka_unit_test(an_absent_folder_is_named),
        cmocka_unit_test(halves_are_widened),
        cmocka_unit_test(shards_are_read_by_their_index),
        cmocka_unit_test(a_shared_checkpoint_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

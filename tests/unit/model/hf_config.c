// config.json: what is read, what is refused and with which words.
#include "folder.h"

#include "model/hf.h"

#include <math.h>

static const char llama[] = "{\"model_type\":\"llama\",\"hidden_act\":\"silu\","
                            "\"vocab_size\":100,\"hidden_size\":64,"
                            "\"intermediate_size\":128,\"num_hidden_layers\":3,"
                            "\"num_attention_heads\":4,\"max_position_embeddings\":512,"
                            "\"eos_token_id\":2%s}";

static enum status read_text(struct model_config *c, const char *text)
{
    struct folder f;
    folder_new(&f);
    assert_ok(file_write(f.config, text, strlen(text)));
    enum status st = hf_config_read(c, NULL, f.config);
    folder_free(&f);
    return st;
}

// The llama above with more keys.
static enum status read_with(struct model_config *c, const char *more)
{
    char text[1024];
    (void)snprintf(text, sizeof text, llama, more);
    return read_text(c, text);
}

static void defaults_are_hugging_faces(void **state)
{
    (void)state;
    struct model_config c;
    assert_ok(read_with(&c, ""));
    assert_int_equal(c.vocab, 100);
    assert_int_equal(c.dim, 64);
    assert_int_equal(c.ffn, 128);
    assert_int_equal(c.layers, 3);
    assert_int_equal(c.heads, 4);
    assert_int_equal(c.kv_heads, 4);
    assert_int_equal(c.head_dim, 16);
    assert_int_equal(c.max_positions, 512);
    assert_true(c.rms_epsilon == 1e-6F && c.rope_theta == 10000);
    assert_int_equal(c.qkv_bias, 0);
    assert_int_equal(c.tied, 0);
    assert_int_equal(c.eos, 2);
    assert_int_equal(c.bos, -1);
}

static void every_key_is_read(void **state)
{
    (void)state;
    struct model_config c;
    assert_ok(read_with(&c, ",\"num_key_value_heads\":2,\"head_dim\":32,"
                            "\"rms_norm_eps\":1e-5,\"rope_theta\":500000,"
                            "\"tie_word_embeddings\":true,\"bos_token_id\":1,"
                            "\"rope_scaling\":null,\"torch_dtype\":\"bfloat16\""));
    assert_int_equal(c.kv_heads, 2);
    assert_int_equal(c.head_dim, 32);
    assert_true(c.rms_epsilon == 1e-5F && c.rope_theta == 500000);
    assert_int_equal(c.tied, 1);
    assert_int_equal(c.bos, 1);
}

static void newer_rope_parameters_are_read(void **state)
{
    (void)state;
    struct model_config c;
    assert_ok(read_with(&c, ",\"rope_parameters\":{\"rope_type\":\"default\","
                            "\"rope_theta\":1000000.0}"));
    assert_true(c.rope_theta == 1000000);
}

static void qwen2_has_biases_and_lists_of_ends(void **state)
{
    (void)state;
    struct model_config c;
    assert_ok(read_text(&c, "{\"model_type\":\"qwen2\",\"hidden_act\":\"silu\","
                            "\"vocab_size\":100,\"hidden_size\":64,"
                            "\"intermediate_size\":128,\"num_hidden_layers\":3,"
                            "\"num_attention_heads\":4,\"max_position_embeddings\":512,"
                            "\"use_sliding_window\":false,\"sliding_window\":4096,"
                            "\"eos_token_id\":[7,8]}"));
    assert_int_equal(c.qkv_bias, 1);
    assert_int_equal(c.out_bias, 0);
    assert_int_equal(c.eos, 7);
    assert_int_equal(c.max_positions, 512);
}

// The same sizes as `llama` in another family.
static enum status read_family(struct model_config *c, const char *type,
                               const char *more)
{
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "{\"model_type\":\"%s\",\"hidden_act\":\"silu\","
                   "\"vocab_size\":100,\"hidden_size\":64,\"intermediate_size\":128,"
                   "\"num_hidden_layers\":3,\"num_attention_heads\":4,"
                   "\"max_position_embeddings\":512%s}",
                   type, more);
    return read_text(c, text);
}

static void families_have_their_tensors(void **state)
{
    (void)state;
    struct model_config c;
    assert_ok(read_family(&c, "qwen3", ""));
    assert_int_equal(c.qk_norm, 1);
    assert_int_equal(c.qkv_bias + c.out_bias, 0);
    assert_int_equal(c.head_dim, 128);
    assert_int_equal(c.eos, -1);
    assert_ok(read_family(&c, "qwen3", ",\"head_dim\":32,\"attention_bias\":true"));
    assert_int_equal(c.head_dim, 32);
    assert_int_equal(c.qkv_bias + c.out_bias, 2);
    assert_ok(read_family(&c, "llama", ",\"attention_bias\":true,\"mlp_bias\":true"));
    assert_int_equal(c.qkv_bias + c.out_bias + c.mlp_bias, 3);
    assert_ok(read_family(&c, "mistral", ",\"sliding_window\":null"));
    assert_int_equal(c.mistral, 1);
    assert_fails(read_family(&c, "mistral", ",\"attention_bias\":true"), ERR_INPUT,
                 "attention_bias");
    assert_fails(read_family(&c, "qwen2", ",\"mlp_bias\":true"), ERR_INPUT, "mlp_bias");
    assert_ok(read_family(&c, "llama", ",\"eos_token_id\":[-1,100,1,2,3,4,5,6,7,8,9]"));
    assert_int_equal(c.eos, 1);
    assert_ok(read_family(&c, "llama", ",\"eos_token_id\":[]"));
    assert_int_equal(c.eos, -1);
    assert_ok(read_family(&c, "llama", ",\"eos_token_id\":7.0"));
    assert_int_equal(c.eos, 7);
    assert_fails(read_family(&c, "llama", ",\"eos_token_id\":[1,\"</s>\"]"), ERR_INPUT,
                 "eos_token_id");
}

static void a_window_bounds_the_positions(void **state)
{
    (void)state;
    static const struct {
        const char *type, *more;
        int32_t positions;
    } cases[] = {
        {"mistral", "", 512}, // transformers' default is 4096
        {"mistral", ",\"sliding_window\":null", 512},
        {"mistral", ",\"sliding_window\":512", 512},
        {"mistral", ",\"sliding_window\":100", 100},
        {"llama", ",\"sliding_window\":100", 512}, // no key of that family
        {"qwen2", ",\"sliding_window\":100", 512},
        {"qwen2", ",\"sliding_window\":100,\"use_sliding_window\":true", 512},
        {"qwen2",
         ",\"sliding_window\":100,\"use_sliding_window\":true,\"max_window_layers\":3",
         512},
        {"qwen2",
         ",\"sliding_window\":100,\"use_sliding_window\":true,\"max_window_layers\":2",
         100},
        {"qwen3",
         ",\"sliding_window\":90,\"use_sliding_window\":true,\"layer_types\":"
         "[\"full_attention\",\"full_attention\",\"sliding_attention\"]",
         90},
        {"qwen3",
         ",\"sliding_window\":90,\"use_sliding_window\":true,\"max_window_layers\":0,"
         "\"layer_types\":[\"full_attention\",\"full_attention\",\"full_attention\"]",
         512},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct model_config c;
        assert_ok(read_family(&c, cases[i].type, cases[i].more));
        assert_int_equal(c.max_positions, cases[i].positions);
    }
    struct model_config c;
    assert_fails(read_family(&c, "mistral", ",\"sliding_window\":0"), ERR_INPUT,
                 "sliding_window is 0");
}

static void stretched_positions_are_read(void **state)
{
    (void)state;
    struct model_config c;
    assert_ok(read_with(&c, ",\"rope_scaling\":{\"type\":\"linear\",\"factor\":4}"));
    assert_true(c.rope.type == ROPE_LINEAR && c.rope.factor == 4);
    assert_ok(read_with(&c, ",\"rope_theta\":1e6,\"rope_scaling\":{\"factor\":2.0,"
                            "\"original_max_position_embeddings\":128,"
                            "\"type\":\"yarn\"}"));
    assert_true(c.rope.type == ROPE_YARN && c.rope_theta == 1e6 && c.rope.factor == 2);
    assert_true(c.rope.beta_fast == 32 && c.rope.beta_slow == 1);
    assert_int_equal(c.rope.truncate, 1);
    assert_int_equal(c.rope.original_positions, 128);
    assert_true(fabs(c.rope.attention_factor - (0.1 * log(2.0) + 1)) < 1e-15);
    // The factor that is not given is the ratio of lengths.
    assert_ok(read_with(&c, ",\"rope_parameters\":{\"rope_type\":\"yarn\","
                            "\"rope_theta\":500,\"beta_fast\":0,\"truncate\":false,"
                            "\"attention_factor\":1.5,"
                            "\"original_max_position_embeddings\":64}"));
    assert_true(c.rope.factor == 8 && c.rope_theta == 500 && c.rope.beta_fast == 32);
    assert_true(c.rope.attention_factor == 1.5 && !c.rope.truncate);
    assert_ok(read_with(&c, ",\"rope_parameters\":{\"rope_type\":\"llama3\","
                            "\"factor\":8,\"low_freq_factor\":1,"
                            "\"high_freq_factor\":4}"));
    assert_true(c.rope.type == ROPE_LLAMA3 && c.rope.factor == 8);
    assert_int_equal(c.rope.original_positions, 512);
}

static void what_would_compute_differently_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *more, *word;
    } cases[] = {
        {",\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":2.0}", "dynamic"},
        {",\"rope_scaling\":{\"rope_type\":\"longrope\"}", "longrope"},
        {",\"rope_scaling\":{\"type\":\"linear\"}", "factor is missing"},
        {",\"rope_scaling\":{\"type\":\"linear\",\"factor\":0}", "factor 0"},
        {",\"rope_scaling\":{\"type\":\"linear\",\"factor\":\"2\"}", "factor"},
        {",\"rope_scaling\":{\"full_attention\":{}}", "full_attention"},
        {",\"rope_scaling\":{\"partial_rotary_factor\":0.5}", "partial_rotary"},
        {",\"rope_parameters\":{\"rope_type\":\"llama3\",\"factor\":8.0}",
         "low_freq_factor is missing"},
        {",\"rope_parameters\":{\"rope_type\":\"llama3\",\"factor\":8.0,"
         "\"low_freq_factor\":4,\"high_freq_factor\":4}",
         "high_freq_factor 4"},
        {",\"rope_scaling\":{\"type\":\"yarn\","
         "\"original_max_position_embeddings\":0}",
         "original_max_position_embeddings is 0"},
        {",\"rope_scaling\":{\"type\":\"yarn\",\"factor\":2,\"beta_slow\":-1}",
         "beta_slow"},
        {",\"rope_scaling\":{\"type\":\"yarn\",\"truncate\":1}", "truncate"},
        {",\"rope_parameters\":7", "rope_parameters"},
        {",\"attention_bias\":1", "attention_bias"},
        {",\"mlp_bias\":1", "mlp_bias"},
        {",\"layer_types\":[\"full_attention\",\"sliding_attention\"]",
         "sliding_attention"},
        {",\"layer_types\":[\"full_attention\",\"linear_attention\"]", "layer 1"},
        {",\"num_key_value_heads\":3", "kv_heads"},
        {",\"num_key_value_heads\":\"two\"", "num_key_value_heads"},
        {",\"num_key_value_heads\":99999999999", "num_key_value_heads"},
        {",\"head_dim\":15", "head_dim"},
        {",\"head_dim\":0", "head_dim"},
        {",\"rms_norm_eps\":\"small\"", "rms_norm_eps"},
        {",\"rms_norm_eps\":0", "rms_epsilon"},
        {",\"rope_theta\":0.5", "rope_theta"},
        {",\"tie_word_embeddings\":1", "tie_word_embeddings"},
        {",\"vocab_size\":5.5", "vocab_size"},
        {",\"vocab_size\":100000000000000000000", "vocab_size"},
        {",\"rms_norm_eps\":NaN", "rms_norm_eps is not a number"},
        {",\"rope_theta\":1e400", "rope_theta is not a number"},
        {",\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4}", "gptq"},
        {",\"quantization_config\":{}", "quantised"},
        {",\"compression_config\":{\"quant_method\":\"compressed-tensors\"}",
         "compressed-tensors"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct model_config c = {.vocab = -5};
        assert_fails(read_with(&c, cases[i].more), ERR_INPUT, "config.json",
                     cases[i].word);
        assert_int_equal(c.vocab, -5);
    }
}

// Keys of no use here, in every form that a program may have written.
static void numbers_without_use_are_no_matter(void **state)
{
    (void)state;
    static const char *const more[] = {
        ",\"model_max_length\":1000000000000000019884624838656",
        ",\"x\":1e400,\"y\":-1e400,\"z\":NaN,\"u\":[Infinity,-Infinity]",
        ",\"pad_token_id\":-1,\"unk_token_id\":null,\"bos_token_id\":100",
        ",\"bos_token_id\":false",
        ",\"bos_token_id\":[]",
        ",\"bos_token_id\":99999999999999999999",
        ",\"initializer_range\":0.02,\"pretraining_tp\":1.0,\"use_cache\":true",
        ",\"hidden_size\":64.0,\"max_position_embeddings\":5.12e2",
        ",\"eos_token_id\":2,\"eos_token_id\":2",
        ",\"note\":\"a\\u0000b\\ud800\",\"n\\u0000\":1",
        ",\"num_key_value_heads\":null,\"head_dim\":null,\"sliding_window\":null",
        ",\"attention_dropout\":0,\"rope_parameters\":null,\"rope_scaling\":null",
        ",\"quantization_config\":null,\"torch_dtype\":null,\"auto_map\":{\"x\":\"y\"}",
    };
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        struct model_config c;
        assert_ok(read_with(&c, more[i]));
        assert_int_equal(c.vocab, 100);
        assert_int_equal(c.dim, 64);
        assert_int_equal(c.max_positions, 512);
        assert_int_equal(c.eos, 2);
        assert_int_equal(c.bos, -1);
    }
}

static void families_are_refused_by_name(void **state)
{
    (void)state;
    static const char *const types[] = {"smollm3",   "gemma2",      "phi3",
                                        "qwen3_moe", "deepseek_v3", "gpt_neox"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct model_config c;
        assert_fails(read_family(&c, types[i], ""), ERR_INPUT, types[i],
                     "llama, mistral, qwen2 and qwen3 are");
    }
}

static void wrong_files_are_named(void **state)
{
    (void)state;
    struct model_config c;
    assert_fails(read_text(&c, "{\"model_type\":\"gpt2\"}"), ERR_INPUT, "gpt2");
    assert_fails(read_text(&c, "{}"), ERR_INPUT, "model_type", "missing");
    assert_fails(read_text(&c, "[]"), ERR_INPUT, "not an object");
    assert_fails(read_text(&c, "{\n\"a\":"), ERR_INPUT, "config.json: line 2");
    assert_fails(read_text(&c, ""), ERR_INPUT, "config.json");
    assert_fails(read_text(&c, "{\"model_type\":\"llama\",\"hidden_act\":\"gelu\"}"),
                 ERR_INPUT, "hidden_act", "gelu");
    assert_fails(read_text(&c, "{\"model_type\":\"llama\",\"hidden_act\":\"silu\"}"),
                 ERR_INPUT, "vocab_size is missing");
    assert_fails(hf_config_read(&c, NULL, "/nowhere/config.json"), ERR_INPUT,
                 "/nowhere/config.json");
}

static void a_written_config_reads_back(void **state)
{
    (void)state;
    struct folder f;
    folder_new(&f);
    const struct rope_scaling ropes[FAMILIES] = {
        {0},
        {ROPE_LINEAR, .factor = 2.5},
        {ROPE_LLAMA3, 32, .original_positions = 8192, .low_frequency = 1,
         .high_frequency = 4.1},
        {ROPE_YARN, 4, .original_positions = 32768, .beta_fast = 32, .beta_slow = 0.7,
         .attention_factor = 1.0 / 3, .truncate = 1},
    };
    for (int32_t kind = 0; kind < 2 * FAMILIES; kind++) {
        struct model_config c = family_config(kind / 2, kind & 1), back;
        c.bos = kind & 1 ? 3 : -1;
        c.eos = kind & 1 ? 1 : -1;
        c.rope_theta = 1234567.8901234;
        c.rope = ropes[kind / 2];
        memset(&back, 0, sizeof back);
        const struct model made = {.config = c};
        assert_ok(hf_config_write(&made, f.config));
        assert_ok(hf_config_read(&back, NULL, f.config));
        assert_int_equal(c.dim, back.dim);
        assert_int_equal(c.head_dim, back.head_dim);
        assert_int_equal(c.kv_heads, back.kv_heads);
        assert_int_equal(c.qkv_bias, back.qkv_bias);
        assert_int_equal(c.tied, back.tied);
        assert_int_equal(c.bos, back.bos);
        assert_int_equal(c.eos, back.eos);
        assert_int_equal(model_config_hash(&c), model_config_hash(&back));
        assert_true(c.rms_epsilon == back.rms_epsilon &&
                    c.rope_theta == back.rope_theta);
    }
    folder_free(&f);
}

static void bounds_name_the_field(void **state)
{
    (void)state;
    struct model_config c = tiny_config(0, 0);
    assert_ok(model_config_check(&c));
    c.ffn = 0;
    assert_fails(model_config_check(&c), ERR_INPUT, "ffn is 0");
    c = tiny_config(0, 0);
    c.vocab = INT32_MAX;
    assert_fails(model_config_check(&c), ERR_INPUT, "vocab");
    c = tiny_config(0, 0);
    c.eos = c.vocab;
    assert_fails(model_config_check(&c), ERR_INPUT, "eos");
    c = tiny_config(0, 0);
    c.kv_heads = c.heads + 1;
    assert_fails(model_config_check(&c), ERR_INPUT, "kv_heads");
    c = tiny_config(0, 0);
    c.out_bias = 1;
    assert_fails(model_config_check(&c), ERR_INPUT, "out_bias");
    c = family_config(FAMILY_QWEN2, 0);
    c.qk_norm = 1;
    assert_fails(model_config_check(&c), ERR_INPUT, "qk_norm");
    c = family_config(FAMILY_BIASED, 0);
    c.qk_norm = 1;
    assert_fails(model_config_check(&c), ERR_INPUT, "qk_norm");
    c.qk_norm = 0;
    c.mistral = 1;
    assert_fails(model_config_check(&c), ERR_INPUT, "mistral");
    c = tiny_config(0, 0);
    c.rope.type = (enum rope_type)9;
    c.rope.factor = 1;
    assert_fails(model_config_check(&c), ERR_INPUT, "rope: type 9");
}

static void the_hash_sees_every_field(void **state)
{
    (void)state;
    struct model_config c = tiny_config(0, 0);
    c.rope = (struct rope_scaling){ROPE_YARN, 2, 64, 1, 4, 32, 1, 1.1, 1};
    uint64_t hash = model_config_hash(&c);
#define CHANGES(field)                                                                 \
    do {                                                                               \
        struct model_config other = c;                                                 \
        other.field = other.field == 0 ? 1 : 0;                                        \
        assert_true(model_config_hash(&other) != hash);                                \
    } while (0)
    CHANGES(vocab);
    CHANGES(head_dim);
    CHANGES(max_positions);
    CHANGES(rms_epsilon);
    CHANGES(rope_theta);
    CHANGES(qkv_bias);
    CHANGES(out_bias);
    CHANGES(mlp_bias);
    CHANGES(qk_norm);
    CHANGES(tied);
    CHANGES(rope.type);
    CHANGES(rope.factor);
    CHANGES(rope.original_positions);
    CHANGES(rope.low_frequency);
    CHANGES(rope.high_frequency);
    CHANGES(rope.beta_fast);
    CHANGES(rope.beta_slow);
    CHANGES(rope.attention_factor);
    CHANGES(rope.truncate);
#undef CHANGES
    c.eos = 5;
    c.mistral = 1;
    assert_true(model_config_hash(&c) == hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_hugging_faces),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(newer_rope_parameters_are_read),
        cmocka_unit_test(qwen2_has_biases_and_lists_of_ends),
        cmocka_unit_test(families_have_their_tensors),
        cmocka_unit_test(a_window_bounds_the_positions),
        cmocka_unit_test(stretched_positions_are_read),
        cmocka_unit_test(what_would_compute_differently_is_refused),
        cmocka_unit_test(numbers_without_use_are_no_matter),
        cmocka_unit_test(families_are_refused_by_name),
        cmocka_unit_test(wrong_files_are_named),
        cmocka_unit_test(a_written_config_reads_back),
        cmocka_unit_test(bounds_name_the_field),
        cmocka_unit_test(the_hash_sees_every_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

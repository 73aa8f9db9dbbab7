// config.json: what is read, what is refused and with which words.
#include "folder.h"

#include "model/hf.h"

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
    enum status st = hf_config_read(c, f.config);
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
    assert_int_equal(c.eos, 7);
}

static void what_would_compute_differently_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *more, *word;
    } cases[] = {
        {",\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.0}", "rope_scaling"},
        {",\"rope_parameters\":{\"rope_type\":\"llama3\"}", "llama3"},
        {",\"rope_parameters\":7", "rope_parameters"},
        {",\"attention_bias\":true", "attention_bias"},
        {",\"mlp_bias\":true", "mlp_bias"},
        {",\"layer_types\":[\"full_attention\",\"sliding_attention\"]", "layer 1"},
        {",\"num_key_value_heads\":3", "kv_heads"},
        {",\"num_key_value_heads\":\"two\"", "num_key_value_heads"},
        {",\"num_key_value_heads\":99999999999", "num_key_value_heads"},
        {",\"head_dim\":15", "head_dim"},
        {",\"head_dim\":0", "head_dim"},
        {",\"rms_norm_eps\":\"small\"", "rms_norm_eps"},
        {",\"rms_norm_eps\":0", "rms_epsilon"},
        {",\"rope_theta\":0.5", "rope_theta"},
        {",\"tie_word_embeddings\":1", "tie_word_embeddings"},
        {",\"bos_token_id\":100", "bos"},
        {",\"vocab_size\":5", "duplicate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct model_config c = {.vocab = -5};
        assert_fails(read_with(&c, cases[i].more), ERR_INPUT, "config.json",
                     cases[i].word);
        assert_int_equal(c.vocab, -5);
    }
}

static void wrong_files_are_named(void **state)
{
    (void)state;
    struct model_config c;
    assert_fails(read_text(&c, "{\"model_type\":\"gpt2\"}"), ERR_INPUT, "gpt2");
    assert_fails(read_text(&c, "{}"), ERR_INPUT, "model_type", "missing");
    assert_fails(read_text(&c, "[]"), ERR_INPUT, "not an object");
    assert_fails(read_text(&c, "{\n\"a\":"), ERR_INPUT, "config.json:2");
    assert_fails(read_text(&c, ""), ERR_INPUT, "config.json");
    assert_fails(read_text(&c, "{\"model_type\":\"llama\",\"hidden_act\":\"gelu\"}"),
                 ERR_INPUT, "hidden_act", "gelu");
    assert_fails(read_text(&c, "{\"model_type\":\"llama\",\"hidden_act\":\"silu\"}"),
                 ERR_INPUT, "vocab_size is missing");
    assert_fails(hf_config_read(&c, "/nowhere/config.json"), ERR_INPUT,
                 "/nowhere/config.json");
}

static void a_written_config_reads_back(void **state)
{
    (void)state;
    struct folder f;
    folder_new(&f);
    for (int32_t kind = 0; kind < 4; kind++) {
        struct model_config c = tiny_config(kind & 1, kind >> 1), back;
        c.bos = kind & 1 ? 3 : -1;
        c.rope_theta = 1234567.8901234;
        memset(&back, 0, sizeof back);
        assert_ok(hf_config_write(&c, f.config));
        assert_ok(hf_config_read(&back, f.config));
        assert_int_equal(c.dim, back.dim);
        assert_int_equal(c.head_dim, back.head_dim);
        assert_int_equal(c.kv_heads, back.kv_heads);
        assert_int_equal(c.qkv_bias, back.qkv_bias);
        assert_int_equal(c.tied, back.tied);
        assert_int_equal(c.bos, back.bos);
        assert_int_equal(c.eos, back.eos);
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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_hugging_faces),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(newer_rope_parameters_are_read),
        cmocka_unit_test(qwen2_has_biases_and_lists_of_ends),
        cmocka_unit_test(what_would_compute_differently_is_refused),
        cmocka_unit_test(wrong_files_are_named),
        cmocka_unit_test(a_written_config_reads_back),
        cmocka_unit_test(bounds_name_the_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

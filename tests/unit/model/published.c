// Folders as they are published: names of tensors, element types, what stays of
// config.json, generation_config.json, and what a path is that names no folder.
#include "folder.h"

#include "base/mem.h"
#include "model/generation.h"
#include "model/safetensors.h"

#include <sys/stat.h>

static void saved_folder(struct folder *f, struct model *m, int32_t tied)
{
    struct model_config c = tiny_config(0, tied);
    folder_new(f);
    tiny_model(m, &c);
    assert_ok(model_save(m, f->path));
}

static void put(const struct folder *f, const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", f->path, name);
    assert_ok(file_write(path, text, strlen(text)));
}

// Another header of another length before the same data.
static void replace_names(const char *path, const char *from, const char *to)
{
    struct buf whole = {0}, fresh = {0};
    uint64_t length = 0;
    assert_ok(file_read(&whole, path, 1 << 24));
    memcpy(&length, whole.data, sizeof length);
    const char *text = (const char *)whole.data + sizeof length, *end = text + length;
    buf_append(&fresh, &length, sizeof length);
    while (text < end) {
        const char *at = memmem(text, (size_t)(end - text), from, strlen(from));
        size_t n = (size_t)((at ? at : end) - text);
        buf_append(&fresh, text, n);
        if (at)
            buf_str(&fresh, to);
        text += n + (at ? strlen(from) : 0);
    }
    length = fresh.len - sizeof length;
    memcpy(fresh.data, &length, sizeof length);
    buf_append(&fresh, end, whole.len - (size_t)(end - (const char *)whole.data));
    assert_ok(file_write(path, fresh.data, fresh.len));
    buf_free(&whole);
    buf_free(&fresh);
}

static void assert_same_params(const struct model *m, const char *folder)
{
    struct model back;
    assert_ok(model_load(&back, folder));
    assert_memory_equal(m->params, back.params, model_param_count(m) * sizeof(float));
    model_free(&back);
}

static void wrappers_names_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        int32_t tied;
    } cases[] = {
        {"\"model.", "\"_orig_mod.model.", 1},
        {"\"model.", "\"module._orig_mod.model.", 1},
        {"\"model.", "\"base_model.model.model.", 1},
        {"\"model.", "\"", 1},                    // a decoder without its head
        {"\"model.embed_tokens", "\"lm_head", 1}, // a tied matrix by its other name
        {"\"lm_head", "\"module.lm_head", 0},
        {"\"model.", "\"", 0}, // with its head
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct folder f;
        struct model m;
        saved_folder(&f, &m, cases[i].tied);
        replace_names(f.weights, cases[i].from, cases[i].to);
        assert_same_params(&m, f.path);
        model_free(&m);
        folder_free(&f);
    }
}

static void other_names_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"\"score.", "\"model.model.",
                                        "\"vision.model."};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct folder f;
        struct model m, back;
        saved_folder(&f, &m, 1);
        replace_names(f.weights, "\"model.", names[i]);
        assert_fails(model_load(&back, f.path), ERR_INPUT, "no such tensor");
        model_free(&m);
        folder_free(&f);
    }
}

static void doubles_are_narrowed(void **state)
{
    (void)state;
    static const double wide[] = {1.0, -2.5, 1e300, 1e-300, 0.1};
    static const char header[] =
        "{\"d\":{\"dtype\":\"F64\",\"shape\":[5],\"data_offsets\":[0,40]}}";
    uint64_t length = sizeof header - 1;
    struct safetensors s;
    struct folder f;
    struct buf b = {0};
    float out[5];
    folder_new(&f);
    buf_append(&b, &length, sizeof length);
    buf_str(&b, header);
    buf_append(&b, wide, sizeof wide);
    assert_ok(file_write(f.weights, b.data, b.len));
    assert_ok(safetensors_open(&s, f.weights));
    safetensors_read(out, &s, &s.tensors[0]);
    for (size_t i = 0; i < 5; i++)
        assert_true(out[i] == (float)wide[i]);
    safetensors_close(&s);
    buf_free(&b);
    folder_free(&f);
}

// What a folder says that was given with other keys and in another spelling.
static void a_config_stays_as_it_came(void **state)
{
    (void)state;
    struct folder f;
    struct model m, back;
    struct buf text = {0};
    saved_folder(&f, &m, 1);
    replace_in_file(f.config, "  \"torch_dtype\": \"float32\"\n",
                    "  \"dtype\": \"bfloat16\", \"torch_dtype\":\"bfloat16\",\n"
                    "  \"pad_token_id\": null, \"use_cache\": true,\n"
                    "  \"initializer_range\": 2e-02, \"huge\": 1e400, \"x\": NaN,\n"
                    "  \"inner\": {\"dtype\": \"bfloat16\"},\n"
                    "  \"eos_token_id\": [1, 2, 99]\n");
    assert_ok(model_load_within(&back, f.path, 16));
    back.config.eos = 3; // as a chat template may have it
    assert_ok(file_read(&text, f.config, 1 << 20));
    assert_ok(model_save(&back, f.path));
    model_free(&back);
    replace_in_file(f.config, "\"dtype\": \"float32\"", "\"dtype\": \"bfloat16\"");
    replace_in_file(f.config, "\"torch_dtype\":\"float32\"",
                    "\"torch_dtype\":\"bfloat16\"");
    struct buf after = {0};
    assert_ok(file_read(&after, f.config, 1 << 20));
    assert_string_equal(buf_cstr(&text), buf_cstr(&after));
    buf_free(&text);
    buf_free(&after);
    model_free(&m);
    folder_free(&f);
}

static void generation_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text; // NULL: none
        int32_t n_ends;
        const char *sampling;
    } cases[] = {
        {NULL, 1, ""},
        {"{}", 1, ""},
        {"{\"eos_token_id\": [5, 4, 5, 1, -1, 9999, null], \"temperature\": 1.0}", 3,
         ""},
        {"{\"eos_token_id\": 7.0, \"temperature\": 0.6, \"top_p\": 0.95, \"top_k\": "
         "20}",
         2, "temperature 0.6, top_p 0.95, top_k 20"},
        {"{\"temperature\": null, \"top_p\": 1, \"top_k\": 0, \"min_p\": 0.1,"
         " \"repetition_penalty\": 1.05, \"eos_token_id\": null}",
         1, "min_p 0.1, repetition_penalty 1.05"},
        {"{\"max_length\": 1e400, \"x\": [NaN], \"top_k\": Infinity,"
         " \"y\": 1000000000000000019884624838656}",
         1, ""},
    };
    struct folder f;
    struct model m;
    saved_folder(&f, &m, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct generation g = {0};
        if (cases[i].text)
            put(&f, "generation_config.json", cases[i].text);
        assert_ok(generation_read(&g, f.path, m.config.vocab, 1.0));
        assert_int_equal(g.n_ends, cases[i].n_ends);
        assert_int_equal(g.ends[0], 1);
        assert_string_equal(buf_cstr(&g.sampling), cases[i].sampling);
        generation_free(&g);
    }
    struct generation g = {0};
    put(&f, "generation_config.json", "{\"temperature\": 0.5}");
    assert_ok(generation_read(&g, f.path, m.config.vocab, 0.5));
    assert_string_equal(buf_cstr(&g.sampling), "");
    generation_free(&g);
    put(&f, "generation_config.json", "{\"eos_token_id\": [\"</s>\"]}");
    assert_fails(generation_read(&g, f.path, m.config.vocab, 1.0), ERR_INPUT,
                 "generation_config.json", "eos_token_id");
    put(&f, "generation_config.json", "{");
    assert_fails(generation_read(&g, f.path, m.config.vocab, 1.0), ERR_INPUT,
                 "generation_config.json: line 1");
    model_free(&m);
    folder_free(&f);
}

static void other_paths_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *files[3]; // in the folder, NULL: no more
        const char *words[2];
    } cases[] = {
        {{NULL}, {"no config.json", "it is empty"}},
        {{"a.gguf"}, {"no config.json", "GGUF"}},
        {{"params.json", "consolidated.00.pth"},
         {"no config.json", "Hugging Face one"}},
        {{"snapshots", "refs"}, {"no config.json", "snapshots/REVISION"}},
        {{"model", "metrics.jsonl"}, {"no config.json", "model/"}},
        {{"adapter_config.json", "adapter_model.safetensors"}, {"adapter", "merge"}},
        {{"config.json", "pytorch_model.bin"}, {"pickles", "save_pretrained"}},
        {{"config.json", "model.gguf"}, {"model.safetensors", "GGUF"}},
        {{"config.json"}, {"neither model.safetensors", "index.json"}},
    };
    struct folder f;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        folder_new(&f);
        for (size_t k = 0; k < 3 && cases[i].files[k]; k++)
            put(&f, cases[i].files[k], "x");
        assert_fails(model_folder_check(f.path), ERR_INPUT, f.path, cases[i].words[0],
                     cases[i].words[1]);
        folder_free(&f);
    }
    assert_fails(model_folder_check("Qwen/Qwen2.5-0.5B"), ERR_INPUT, "no such folder",
                 "hf download");
    assert_fails(model_folder_check("./nowhere"), ERR_INPUT,
                 "./nowhere: no such folder");
    folder_new(&f);
    put(&f, "config.json", "{}");
    put(&f, "a.gguf", "GGUF");
    assert_fails(model_folder_check(f.config), ERR_INPUT, f.config, "a file");
    char path[160];
    (void)snprintf(path, sizeof path, "%s/a.gguf", f.path);
    assert_fails(model_folder_check(path), ERR_INPUT, path, "GGUF file");
    put(&f, "model.safetensors", "x");
    assert_ok(model_folder_check(f.path));
    folder_free(&f);
}

static void parts_that_are_missing_are_told(void **state)
{
    (void)state;
    struct folder f;
    struct model m, back;
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\n";
    saved_folder(&f, &m, 1);
    put(&f, "model.safetensors", pointer);
    assert_fails(model_load(&back, f.path), ERR_INPUT, f.weights, "git-lfs pointer");
    assert_int_equal(remove(f.weights), 0);
    put(&f, "model.safetensors.index.json",
        "{\"metadata\": {\"total_size\": 1e400}, \"weight_map\": {"
        "\"model.norm.weight\": \"model-00001-of-00002.safetensors\"}}");
    assert_fails(model_load(&back, f.path), ERR_INPUT,
                 "model-00001-of-00002.safetensors", "is not there");
    put(&f, "config.json", pointer);
    assert_fails(model_load(&back, f.path), ERR_INPUT, f.config, "git-lfs pointer");
    model_free(&m);
    folder_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrappers_names_are_understood),
        cmocka_unit_test(other_names_are_refused),
        cmocka_unit_test(doubles_are_narrowed),
        cmocka_unit_test(a_config_stays_as_it_came),
        cmocka_unit_test(generation_is_read),
        cmocka_unit_test(other_paths_are_told),
        cmocka_unit_test(parts_that_are_missing_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Tokenizer folders as they are published: characters without a token, odd numbers, and
// the older small files.
#include "text_test.h"

// The ids of a text in a folder, as "1 2 3".
static const char *ids_of(const struct folder *f, const char *text, size_t len)
{
    static char out[128];
    struct tokenizer *t = NULL;
    struct tokens ids = {0};
    size_t at = 0;
    assert_ok(tokenizer_load(&t, f->path));
    assert_ok(tokenizer_encode_special(t, text, len, &ids));
    out[0] = 0;
    for (size_t i = 0; i < ids.len; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%d", i ? " " : "",
                               ids.ids[i]);
    tokens_free(&ids);
    tokenizer_free(t);
    return out;
}

#define BYTES "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"use_regex\":false}"
#define VOCAB "\"vocab\":{\"<unk>\":0,\"a\":1,\"b\":2,\"ab\":3},\"merges\":[\"a b\"]"

// Without byte 0x06, 'x' and 'y', among others; Hugging Face's tokenizers 0.23 gave
// what is wanted.
static void test_characters_without_token(void **state)
{
    static const struct {
        const char *model, *wanted; // of "xab\6yab" and of "axb"
        const char *wanted_inside;
    } cases[] = {
        {"{" VOCAB "}", "3 3", "3"},
        {"{\"unk_token\":null," VOCAB "}", "3 3", "3"},
        {"{\"unk_token\":\"<unk>\"," VOCAB "}", "0 3 0 0 3", "1 0 2"},
        {"{\"unk_token\":\"<unk>\",\"fuse_unk\":true," VOCAB "}", "0 3 0 3", "1 0 2"},
        {"{\"unk_token\":\"<unk>\",\"fuse_unk\":false," VOCAB "}", "0 3 0 0 3",
         "1 0 2"},
    };
    struct folder f = folder_make();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[512];
        (void)snprintf(json, sizeof json, "{" BYTES ",\"model\":%s}", cases[i].model);
        folder_put(&f, "tokenizer.json", json);
        assert_string_equal(ids_of(&f, "xab\6yab", 7), cases[i].wanted);
        assert_string_equal(ids_of(&f, "axb", 3), cases[i].wanted_inside);
        assert_string_equal(ids_of(&f, "\6", 1),
                            strchr(cases[i].wanted, '0') ? "0" : "");
    }
    folder_remove(&f);
}

// Bytes that are tokens spell a character; an unknown one waits for the next token.
static void test_byte_fallback(void **state)
{
    static const char vocab[] = "\"byte_fallback\":true,\"vocab\":{\"<unk>\":0,\"a\":1,"
                                "\"<0x78>\":2,\"<0xC3>\":3,\"<0xA4>\":4},\"merges\":[]";
    static const struct {
        const char *more, *wanted; // of "xa" "\xc3\xa4" "yz" "xa" "\xc3\xb6"
    } cases[] = {
        {"", "2 1 3 4 2 1"},
        {"\"unk_token\":\"<unk>\",\"fuse_unk\":true,", "2 1 3 4 2 0 1 0"},
        {"\"unk_token\":\"<unk>\",", "2 1 3 4 0 2 0 1 0"},
    };
    struct folder f = folder_make();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[512];
        (void)snprintf(json, sizeof json, "{\"model\":{%s%s}}", cases[i].more, vocab);
        folder_put(&f, "tokenizer.json", json);
        assert_string_equal(ids_of(&f, "xa\xc3\xa4yzxa\xc3\xb6", 10), cases[i].wanted);
    }
    folder_remove(&f);
}

static void test_unknown_token_that_is_none(void **state)
{
    struct folder f = folder_make();
    struct tokenizer *t = NULL;
    struct tokens ids = {0};
    (void)state;
    folder_put(&f, "tokenizer.json",
               "{" BYTES ",\"model\":{\"unk_token\":\"<no>\"," VOCAB "}}");
    assert_ok(tokenizer_load(&t, f.path));
    assert_ok(tokenizer_encode(t, "ab", 2, &ids));
    assert_int_equal(tokenizer_encode(t, "abx", 3, &ids), ERR_INPUT);
    assert_non_null(strstr(status_message(), "0x78"));
    assert_int_equal(ids.len, 1);
    tokens_free(&ids);
    tokenizer_free(t);
    folder_remove(&f);
}

// Tokens in no form that encodes: they have an id, and a text where they have one.
static void test_pieces_of_no_use(void **state)
{
    struct folder f = folder_make();
    struct tokenizer *t = NULL;
    struct buf text = {0};
    const int32_t ids[] = {0, 1, 2};
    (void)state;
    folder_put(&f, "tokenizer.json",
               "{" BYTES ",\"model\":{\"vocab\":{\"a\":0,\"\\uff5cx\\uff5c\":1,\"b\":2,"
               "\"\":3},\"merges\":[],\"n\":1e400}}");
    assert_ok(tokenizer_load(&t, f.path));
    assert_ok(tokenizer_decode(t, ids, 3, &text));
    assert_string_equal(buf_cstr(&text), "a\xef\xbd\x9cx\xef\xbd\x9c"
                                         "b");
    buf_free(&text);
    tokenizer_free(t);
    assert_string_equal(ids_of(&f, "ab\xef\xbd\x9cx\xef\xbd\x9c", 9), "0 2");
    folder_remove(&f);
}

static int32_t end_of(const struct folder *f)
{
    struct tokenizer *t = NULL;
    assert_ok(tokenizer_load(&t, f->path));
    int32_t eos = tokenizer_eos(t);
    tokenizer_free(t);
    return eos;
}

#define ADDED                                                                          \
    "\"added_tokens\":[{\"id\":4,\"content\":\"<e>\",\"special\":true},"               \
    "{\"id\":5,\"content\":\"<f>\",\"special\":false}],"

static void test_config_in_any_form(void **state)
{
    static const struct {
        const char *config, *map; // NULL: no such file
        int32_t eos;
    } cases[] = {
        {"{\"eos_token\":\"<e>\",\"model_max_length\":1000000000000000019884624838656}",
         NULL, 4},
        {"\xef\xbb\xbf{\"eos_token\":{\"content\":\"<e>\",\"__type\":\"AddedToken\"},"
         "\"x\":[NaN,-Infinity,1e999],\"eos_token_id\":1e30}",
         NULL, 4},
        {"{\"eos_token\":\"<f>\"}", NULL, 5},   // named, so it is special
        {"{\"eos_token\":\"<no>\"}", NULL, -1}, // known to nobody
        {"{\"eos_token\":null,\"added_tokens_decoder\":{\"x\":7,\"4\":{}}}", NULL, -1},
        {"{\"eos_token\":\"<e>\"}", "{\"eos_token\":\"<f>\"}", 4},
        {"{}", "{\"eos_token\":{\"content\":\"<f>\"},\"n\":1e999}", 5},
        {NULL, "{\"eos_token\":\"<f>\",\"additional_special_tokens\":[\"<e>\"]}", 5},
        {NULL, "{}", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct folder f = folder_make();
        folder_put(&f, "tokenizer.json", "{" ADDED BYTES ",\"model\":{" VOCAB "}}");
        if (cases[i].config)
            folder_put(&f, "tokenizer_config.json", cases[i].config);
        if (cases[i].map)
            folder_put(&f, "special_tokens_map.json", cases[i].map);
        folder_put(&f, "added_tokens.json", "{\"<e>\": \"of no use here\"}");
        assert_int_equal(end_of(&f), cases[i].eos);
        folder_remove(&f);
    }
}

// Vocabulary and merges with the added tokens of older folders.
static void test_older_added_tokens(void **state)
{
    struct folder f = folder_make();
    struct tokenizer *t = NULL;
    struct buf text = {0};
    const int32_t ids[] = {0, 3, 4};
    (void)state;
    folder_put(&f, "vocab.json", "{\"a\":0,\"b\":1,\"ab\":2}");
    folder_put(&f, "merges.txt", "a b\n");
    folder_put(&f, "added_tokens.json", "{\"<tool>\":3,\"<end>\":4}");
    folder_put(&f, "special_tokens_map.json",
               "{\"eos_token\":\"<end>\",\"additional_special_tokens\":[\"<end>\"]}");
    assert_string_equal(ids_of(&f, "ab<tool>b<end>", 14), "2 3 1 4");
    assert_int_equal(end_of(&f), 4);
    assert_ok(tokenizer_load(&t, f.path));
    assert_ok(tokenizer_decode(t, ids, 3, &text));
    assert_string_equal(buf_cstr(&text), "a<tool>");
    buf_free(&text);
    tokenizer_free(t);
    folder_put(&f, "added_tokens.json", "{\"<tool>\":\"x\"}");
    assert_int_equal(tokenizer_load(&t, f.path), ERR_INPUT);
    assert_non_null(strstr(status_message(), "added_tokens.json"));
    folder_remove(&f);
}

// Blanks that an added token of tokenizer_config.json eats; also when saved.
static void test_added_tokens_eat_blanks(void **state)
{
    struct folder f = folder_make(), g = folder_make();
    struct tokenizer *t = NULL;
    (void)state;
    folder_put(&f, "vocab.json", "{\"a\":0,\"b\":1,\"\\u0120\":2}");
    folder_put(&f, "merges.txt", "");
    folder_put(&f, "tokenizer_config.json",
               "{\"added_tokens_decoder\":{\"3\":{\"content\":\"<l>\",\"lstrip\":true},"
               "\"4\":{\"content\":\"<r>\",\"rstrip\":true,\"special\":true}}}");
    assert_string_equal(ids_of(&f, "a <l> b <r> a", 13), "0 3 2 1 2 4 0");
    assert_ok(tokenizer_load(&t, f.path));
    assert_ok(tokenizer_save(t, g.path));
    tokenizer_free(t);
    assert_string_equal(ids_of(&g, "a <l> b <r> a", 13), "0 3 2 1 2 4 0");
    folder_remove(&f);
    folder_remove(&g);
}

static void test_folders_without_tokenizer(void **state)
{
    struct folder f = folder_make();
    struct tokenizer *t = NULL;
    (void)state;
    folder_put(&f, "tokenizer.model", "x");
    assert_int_equal(tokenizer_load(&t, f.path), ERR_INPUT);
    assert_non_null(strstr(status_message(), "tokenizer.model alone"));
    folder_put(&f, "tokenizer.json", "version https://git-lfs.github.com/spec/v1\n");
    assert_int_equal(tokenizer_load(&t, f.path), ERR_INPUT);
    assert_non_null(strstr(status_message(), "git-lfs pointer"));
    folder_remove(&f);
    assert_int_equal(tokenizer_load(&t, f.path), ERR_INPUT);
    assert_non_null(strstr(status_message(), "no such folder"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_characters_without_token),
        cmocka_unit_test(test_byte_fallback),
        cmocka_unit_test(test_unknown_token_that_is_none),
        cmocka_unit_test(test_pieces_of_no_use),
        cmocka_unit_test(test_config_in_any_form),
        cmocka_unit_test(test_older_added_tokens),
        cmocka_unit_test(test_added_tokens_eat_blanks),
        cmocka_unit_test(test_folders_without_tokenizer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

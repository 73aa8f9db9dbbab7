// Loading: the forms of tokenizer files, and what is said about bad ones.
#include "text_test.h"

// In the order of tests/data/text/hf/expected.txt, which Hugging Face tokenizers wrote.
static const struct {
    const char *text;
    size_t len;
} cases[] = {
#define TEXT(s)                                                                        \
    {                                                                                  \
        s, sizeof(s) - 1                                                               \
    }
    TEXT("Eva has 4 eggs. Eva gets 6 more.\n4+6=<<4+6=10>>10\n#### 20"),
    TEXT(""),
    TEXT("it's THEY'RE we'll"),
    TEXT(" \t\n\r\n  x"),
    TEXT("Ünïcödé — “quotes” 漢字 😀"),
    TEXT("e\u0301 12345"),
    TEXT("a\0b\x7f\xc2\x85\u2028c"),
    TEXT("   "),
#undef TEXT
};

static void check_line(const struct tokenizer *t, size_t i, const char *line)
{
    struct tokens ids = {0};
    char *end = NULL;
    assert_ok(tokenizer_encode(t, cases[i].text, cases[i].len, &ids));
    for (size_t k = 0; k < ids.len; k++, line = end)
        assert_int_equal(ids.ids[k], strtol(line, &end, 10));
    assert_int_equal(*line, '\n');
    tokens_free(&ids);
}

static void test_hugging_face_file(void **state)
{
    struct tokenizer *t = NULL;
    struct buf expected = {0};
    (void)state;
    assert_ok(tokenizer_load(&t, TEST_DATA "/text/hf"));
    assert_int_equal(tokenizer_vocab(t), 330);
    assert_int_equal(tokenizer_eos(t), 0); // <|endoftext|>; <|im_end|> is 1
    assert_ok(file_read(&expected, TEST_DATA "/text/hf/expected.txt", 1 << 20));
    const char *line = buf_cstr(&expected);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_line(t, i, line);
        line = strchr(line, '\n') + 1;
    }
    assert_int_equal(*line, 0);
    buf_free(&expected);
    tokenizer_free(t);
}

static void test_saved_byte_for_byte(void **state)
{
    struct folder f = folder_make();
    struct tokenizer *t = NULL;
    struct buf before = {0}, after = {0};
    char path[128];
    (void)state;
    assert_ok(tokenizer_load(&t, TEST_DATA "/text/hf"));
    assert_ok(tokenizer_save(t, f.path));
    (void)snprintf(path, sizeof path, "%s/tokenizer.json", f.path);
    assert_ok(file_read(&before, TEST_DATA "/text/hf/tokenizer.json", 1 << 20));
    assert_ok(file_read(&after, path, 1 << 20));
    assert_string_equal(buf_cstr(&before), buf_cstr(&after));
    buf_free(&before);
    buf_free(&after);
    tokenizer_free(t);
    folder_remove(&f);
}

static void test_vocab_and_merges(void **state)
{
    struct tokenizer *t = NULL;
    struct tokens ids = {0};
    size_t len;
    (void)state;
    assert_ok(tokenizer_load(&t, TEST_DATA "/text/pair"));
    assert_int_equal(tokenizer_vocab(t), 301);
    assert_int_equal(tokenizer_eos(t), 300);
    assert_null(tokenizer_piece(t, 300, &len));
    // GPT-2's pattern keeps the digits together, so that merges may join them.
    assert_ok(tokenizer_encode(t, "<<", 2, &ids));
    assert_int_equal(ids.len, 1);
    assert_memory_equal(tokenizer_piece(t, ids.ids[0], &len), "<<", 2);
    assert_int_equal(len, 2);
    tokens_free(&ids);
    tokenizer_free(t);
}

#define TINY_VOCAB "{\"a\":0,\"b\":1,\"ab\":2,\"1\":3,\"11\":4}"

static size_t count_ids(const struct folder *f, const char *text)
{
    struct tokenizer *t = NULL;
    struct tokens ids = {0};
    assert_ok(tokenizer_load(&t, f->path));
    assert_ok(tokenizer_encode(t, text, strlen(text), &ids));
    size_t n = ids.len;
    tokens_free(&ids);
    tokenizer_free(t);
    return n;
}

static void test_merges_forms(void **state)
{
    static const char *const forms[] = {"#version: 0.2\na b\n1 1\n", "a b\n1 1",
                                        "#version: 0.2\r\na b\r\n1 1\r\n",
                                        "a b\n\n1 1\n"};
    struct folder f = folder_make();
    (void)state;
    folder_put(&f, "vocab.json", TINY_VOCAB);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        folder_put(&f, "merges.txt", forms[i]);
        assert_int_equal(count_ids(&f, "abab"), 2);
        assert_int_equal(count_ids(&f, "11"), 1);
    }
    folder_remove(&f);
}

static void test_openai_names(void **state)
{
    struct folder f = folder_make();
    (void)state;
    folder_put(&f, "encoder.json", TINY_VOCAB);
    folder_put(&f, "vocab.bpe", "#version: 0.2\na b\n");
    assert_int_equal(count_ids(&f, "abab"), 2);
    folder_remove(&f);
}

static void test_config_names_class_and_tokens(void **state)
{
    struct folder f = folder_make();
    struct tokenizer *t = NULL;
    struct buf text = {0};
    const int32_t ids[] = {5, 0, 6};
    (void)state;
    folder_put(&f, "vocab.json", TINY_VOCAB);
    folder_put(&f, "merges.txt", "a b\n1 1\n");
    folder_put(&f, "tokenizer_config.json",
               "{\"tokenizer_class\": \"Qwen2Tokenizer\", \"eos_token\": \"<stop>\","
               " \"added_tokens_decoder\": {"
               "  \"5\": {\"content\": \"<stop>\", \"special\": true},"
               "  \"6\": {\"content\": \"<tool>\", \"special\": false}}}");
    assert_ok(tokenizer_load(&t, f.path));
    assert_int_equal(tokenizer_vocab(t), 7);
    assert_int_equal(tokenizer_eos(t), 5);
    assert_ok(tokenizer_decode(t, ids, 3, &text));
    assert_string_equal(buf_cstr(&text), "a<tool>");
    buf_free(&text);
    tokenizer_free(t);
    assert_int_equal(count_ids(&f, "11"), 2); // Qwen2's pattern parts the digits
    folder_remove(&f);
}

// A name that a merge makes is text, as </s> in Qwen2's vocabulary.
static void test_merged_name_is_text(void **state)
{
    struct folder f = folder_make();
    struct tokenizer *t = NULL;
    (void)state;
    folder_put(&f, "vocab.json",
               "{\"<\":0,\"/\":1,\"s\":2,\">\":3,\"</\":4,\"s>\":5,\"</s>\":6}");
    folder_put(&f, "merges.txt", "< /\ns >\n</ s>\n");
    assert_ok(tokenizer_load(&t, f.path));
    assert_int_equal(tokenizer_eos(t), -1);
    tokenizer_free(t);
    folder_put(&f, "merges.txt", "< /\ns >\n");
    assert_ok(tokenizer_load(&t, f.path));
    assert_int_equal(tokenizer_eos(t), 6);
    tokenizer_free(t);
    folder_remove(&f);
}

static void expect_failure(const struct folder *f, const char *reason)
{
    struct tokenizer *t = NULL;
    assert_int_equal(tokenizer_load(&t, f->path), ERR_INPUT);
    assert_null(t);
    if (!strstr(status_message(), reason))
        fail_msg("expected \"%s\" in: %s", reason, status_message());
    assert_non_null(strstr(status_message(), f->path));
}

#define BYTES "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false}"
#define MODEL "\"model\":{\"type\":\"BPE\",\"vocab\":" TINY_VOCAB ",\"merges\":"

static void test_bad_json(void **state)
{
    static const struct {
        const char *text, *reason;
    } bad[] = {
        {"", "line 1"},
        {"[1, 2", "line 1"},
        {"[]", "no field \"model\""},
        {"{" BYTES "}", "no field \"model\""},
        {"{\"model\":{\"type\":\"Unigram\"}}", "model \"Unigram\" is not supported"},
        {"{\"model\":{\"type\":\"BPE\",\"dropout\":0.1}}", "\"dropout\""},
        {"{\"model\":{\"end_of_word_suffix\":\"</w>\"}}", "\"end_of_word_suffix\""},
        {"{\"normalizer\":{\"type\":\"Lowercase\"}," BYTES "," MODEL "[]}}",
         "normalizer \"Lowercase\""},
        {"{\"decoder\":{\"type\":\"Metaspace\"}," BYTES "," MODEL "[]}}",
         "decoder \"Metaspace\""},
        {"{" MODEL "[]}}", "pre_tokenizer \"\""},
        {"{\"pre_tokenizer\":{\"type\":\"Whitespace\"}," MODEL "[]}}",
         "pre_tokenizer \"Whitespace\""},
        {"{\"pre_tokenizer\":{\"type\":\"Digits\"}," MODEL "[]}}", "ByteLevel"},
        {"{\"pre_tokenizer\":{\"type\":\"ByteLevel\"},\"model\":{\"vocab\":[]}}",
         "model.vocab: the vocabulary is not"},
        {"{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true}," MODEL
         "[]}}",
         "add_prefix_space"},
        {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},"
         "\"behavior\":\"Isolated\"}," MODEL "[]}}",
         "regular expression"},
        {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},"
         "\"behavior\":\"Removed\"}," MODEL "[]}}",
         "\"Removed\""},
        {"{" BYTES "," MODEL "7}}", "model.merges is not an array"},
        {"{" BYTES "," MODEL "[\"ab\"]}}", "model.merges[0]: neither"},
        {"{" BYTES "," MODEL "[\"a b\", [\"a\"]]}}", "model.merges[1]: neither"},
        {"{" BYTES "," MODEL "[\"b a\"]}}", "what it makes is not"},
        {"{" BYTES "," MODEL "[\"a c\"]}}", "right part is not"},
        {"{" BYTES "," MODEL "[\"a \\u6f22\"]}}", "not byte-level"},
        {"{" BYTES ",\"model\":{\"vocab\":{\"a\":0,\"b\":0},\"merges\":[]}}",
         "two tokens have the id 0"},
        {"{" BYTES ",\"model\":{\"vocab\":{\"a\":-1},\"merges\":[]}}",
         "id -1 is not in"},
        {"{" BYTES ",\"model\":{\"vocab\":{\"a\":9000000000},\"merges\":[]}}",
         "id 9000000000 is not in"},
        {"{" BYTES ",\"model\":{\"vocab\":{\"a\":\"x\"},\"merges\":[]}}",
         "\"a\" is not an integer"},
        {"{" BYTES ",\"added_tokens\":[{\"id\":1}]," MODEL "[]}}", "added_tokens[0]"},
        {"{" BYTES ",\"added_tokens\":[{\"id\":7,\"content\":\"x\"},"
         "{\"id\":7,\"content\":\"y\"}]," MODEL "[]}}",
         "added_tokens[1]: two tokens"},
    };
    struct folder f = folder_make();
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        folder_put(&f, "tokenizer.json", bad[i].text);
        expect_failure(&f, bad[i].reason);
    }
    folder_remove(&f);
}

static void test_good_json_variants(void **state)
{
    static const struct {
        const char *text;
        size_t ids; // of "abab 11"
    } good[] = {
        // No space in the vocabulary: see the text below.
        {"{" BYTES "," MODEL "[\"a b\", \"1 1\"]}}", 3},
        {"{" BYTES "," MODEL "[[\"a\", \"b\"], [\"1\", \"1\"]]}}", 3},
        {"{" BYTES "," MODEL "[]}}", 6},
        {"{" BYTES ",\"normalizer\":{\"type\":\"NFC\"}," MODEL "[\"a b\"]}}", 4},
        {"{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":["
         "{\"type\":\"Digits\",\"individual_digits\":true},"
         "{\"type\":\"ByteLevel\",\"add_prefix_space\":false}]}," MODEL
         "[\"a b\", \"1 1\"]}}",
         4},
        {"{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":["
         "{\"type\":\"Split\",\"pattern\":{\"String\":\"b\"},\"behavior\":\"Isolated\"}"
         ","
         "{\"type\":\"ByteLevel\",\"use_regex\":false}]}," MODEL "[\"a b\", \"1 1\"]}}",
         5},
        {"{" BYTES ",\"model\":{\"ignore_merges\":true,\"vocab\":" TINY_VOCAB
         ",\"merges\":[]}}",
         5},
    };
    struct folder f = folder_make();
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        folder_put(&f, "tokenizer.json", good[i].text);
        assert_int_equal(count_ids(&f, "abab11"), good[i].ids);
    }
    folder_remove(&f);
}

static void test_bad_pair(void **state)
{
    struct folder f = folder_make();
    (void)state;
    expect_failure(&f, "no tokenizer");
    folder_put(&f, "vocab.json", TINY_VOCAB);
    expect_failure(&f, "merges.txt: No such file");
    folder_put(&f, "merges.txt", "a b\n11\n");
    expect_failure(&f, "merges.txt:2: not two tokens");
    folder_put(&f, "merges.txt", "a b c\n");
    expect_failure(&f, "merges.txt:1: not two tokens");
    folder_put(&f, "merges.txt", " b\n");
    expect_failure(&f, "merges.txt:1: its left part");
    folder_put(&f, "merges.txt", "a \xff\n");
    expect_failure(&f, "merges.txt:1: a token of it is not byte-level");
    folder_put(&f, "merges.txt", "a b\n");
    folder_put(&f, "vocab.json", "{\"a\": 0,}");
    expect_failure(&f, "vocab.json: line 1");
    folder_remove(&f);
}

static void test_bad_config(void **state)
{
    static const struct {
        const char *text, *reason;
    } bad[] = {
        {"{", "tokenizer_config.json: line 1"},
        {"[]", "not a JSON object"},
        {"{\"eos_token\": 3}", "eos_token is not a token"},
        {"{\"added_tokens_decoder\": {\"x\": {\"content\": \"y\"}}}", "\"x\" is not"},
        {"{\"added_tokens_decoder\": {\"7\": {}}}", "\"7\" is not"},
        {"{\"added_tokens_decoder\": {\"99999999999\": {\"content\": \"y\"}}}",
         "is not"},
    };
    struct folder f = folder_make();
    (void)state;
    folder_put(&f, "vocab.json", TINY_VOCAB);
    folder_put(&f, "merges.txt", "a b\n");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        folder_put(&f, "tokenizer_config.json", bad[i].text);
        expect_failure(&f, bad[i].reason);
    }
    folder_remove(&f);
}

// Every prefix of a good file is refused, and frees what it took.
static void test_truncated(void **state)
{
    struct folder f = folder_make();
    struct buf text = {0};
    (void)state;
    assert_ok(file_read(&text, TEST_DATA "/text/hf/tokenizer.json", 1 << 20));
    for (size_t len = 0; len < text.len; len += 61) {
        text.data[text.len - 1 - len] = 0;
        folder_put(&f, "tokenizer.json", buf_cstr(&text));
        expect_failure(&f, "line");
    }
    buf_free(&text);
    folder_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hugging_face_file),
        cmocka_unit_test(test_saved_byte_for_byte),
        cmocka_unit_test(test_vocab_and_merges),
        cmocka_unit_test(test_merges_forms),
        cmocka_unit_test(test_openai_names),
        cmocka_unit_test(test_config_names_class_and_tokens),
        cmocka_unit_test(test_merged_name_is_text),
        cmocka_unit_test(test_bad_json),
        cmocka_unit_test(test_good_json_variants),
        cmocka_unit_test(test_bad_pair),
        cmocka_unit_test(test_bad_config),
        cmocka_unit_test(test_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

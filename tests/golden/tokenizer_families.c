// Small tokenizers in the form of each family, against Hugging Face's library
// (make_tokenizers.py).
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "base/file.h"
#include "text/tokenizer.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static int same(const struct tokens *got, const json_t *expected)
{
    if (got->len != json_array_size(expected))
        return 0;
    for (size_t i = 0; i < got->len; i++)
        if (got->ids[i] != json_integer_value(json_array_get(expected, i)))
            return 0;
    return 1;
}

static void print_ids(const char *what, const struct tokens *ids)
{
    print_message("%s:", what);
    for (size_t i = 0; i < ids->len; i++)
        print_message(" %d", ids->ids[i]);
    print_message("\n");
}

// The encoding that knows added tokens; the plain one where the text holds none.
static int check_row(const struct tokenizer *t, const char *family, const json_t *row)
{
    const json_t *text = json_array_get(row, 0), *expected = json_array_get(row, 1);
    const char *bytes = json_string_value(text);
    size_t len = json_string_length(text);
    struct tokens ids = {0}, plain = {0};
    assert_int_equal(tokenizer_encode_special(t, bytes, len, &ids), OK);
    int right = same(&ids, expected);
    if (!memchr(bytes, '<', len)) {
        assert_int_equal(tokenizer_encode(t, bytes, len, &plain), OK);
        right = right && same(&plain, expected);
    }
    if (!right) {
        char *wanted = json_dumps(expected, JSON_COMPACT);
        print_message("%s: \"%s\" expected %s\n", family, bytes, wanted);
        print_ids("  got", &ids);
        free(wanted);
    }
    tokens_free(&ids);
    tokens_free(&plain);
    return right;
}

static void check_family(const char *family)
{
    char path[512];
    struct tokenizer *t = NULL;
    size_t wrong = 0;
    (void)snprintf(path, sizeof path, TEST_DATA "/text/families/%s", family);
    if (tokenizer_load(&t, path) != OK)
        fail_msg("%s", status_message());
    (void)snprintf(path, sizeof path, TEST_DATA "/text/families/%s/expected.json",
                   family);
    json_t *rows = json_load_file(path, JSON_ALLOW_NUL, NULL);
    assert_true(json_array_size(rows) > 60);
    for (size_t i = 0; i < json_array_size(rows); i++)
        wrong += !check_row(t, family, json_array_get(rows, i));
    json_decref(rows);
    tokenizer_free(t);
    assert_int_equal(wrong, 0);
}

#define FAMILY(name, folder)                                                           \
    static void test_##name(void **state)                                              \
    {                                                                                  \
        (void)state;                                                                   \
        check_family(folder);                                                          \
    }
FAMILY(llama2, "llama2")
FAMILY(llama2_first, "llama2_first")
FAMILY(llama3, "llama3")
FAMILY(mistral, "mistral")
FAMILY(qwen, "qwen2.5")
FAMILY(smollm2, "smollm2")

// What begins a text, by the post-processor.
static void test_bos(void **state)
{
    static const struct {
        const char *folder;
        int adds;
    } cases[] = {{"llama2", 1}, {"llama3", 1}, {"qwen2.5", 0}, {"smollm2", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[512];
        struct tokenizer *t = NULL;
        (void)snprintf(path, sizeof path, TEST_DATA "/text/families/%s",
                       cases[i].folder);
        assert_int_equal(tokenizer_load(&t, path), OK);
        assert_int_equal(tokenizer_adds_bos(t), cases[i].adds);
        if (cases[i].adds)
            assert_true(tokenizer_bos(t) >= 0);
        tokenizer_free(t);
    }
}

// SentencePiece: pieces give their bytes back, a newline is found, text goes on.
static void test_spaced_pieces(void **state)
{
    struct tokenizer *t = NULL;
    struct tokens ids = {0};
    struct buf back = {0};
    (void)state;
    assert_int_equal(tokenizer_load(&t, TEST_DATA "/text/families/llama2"), OK);
    assert_int_equal(tokenizer_find(t, "\n", &ids), OK);
    assert_true(ids.len >= 1);
    ids.len = 0;
    assert_int_equal(tokenizer_encode(t, "4 + 4", 5, &ids), OK);
    assert_int_equal(tokenizer_encode_more(t, "\n    x\xff", 7, &ids), OK);
    assert_int_equal(tokenizer_decode(t, ids.ids, ids.len, &back), OK);
    assert_string_equal(buf_cstr(&back), " 4 + 4\n    x\xff");
    buf_free(&back);
    tokens_free(&ids);
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_llama2), cmocka_unit_test(test_llama2_first),
        cmocka_unit_test(test_llama3), cmocka_unit_test(test_mistral),
        cmocka_unit_test(test_qwen),   cmocka_unit_test(test_smollm2),
        cmocka_unit_test(test_bos),    cmocka_unit_test(test_spaced_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

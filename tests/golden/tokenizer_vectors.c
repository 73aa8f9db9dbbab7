// Encodes the texts that llama.cpp ships with its tokenizers, and compares every id.
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

#include <stdlib.h>
#include <string.h>

#define FOLDER SHARED_DATA "/tokenizers"
static const char SEPARATOR[] = "\n__ggml_vocab_test__\n";

enum { TEXTS = 46, MAX_BYTES = 1 << 24 };

static int same_ids(const struct tokens *got, const char *line)
{
    char *end = NULL;
    for (size_t i = 0; i < got->len; i++, line = end)
        if (strtol(line, &end, 10) != got->ids[i] || end == line)
            return 0;
    return strcspn(line, "\n") == strspn(line, " ");
}

static void check_text(const struct tokenizer *t, const char *text, size_t len,
                       const char *expected)
{
    struct tokens ids = {0};
    struct buf back = {0};
    assert_int_equal(tokenizer_encode(t, text, len, &ids), OK);
    assert_true(same_ids(&ids, expected));
    assert_int_equal(tokenizer_decode(t, ids.ids, ids.len, &back), OK);
    assert_int_equal(back.len, len);
    assert_memory_equal(buf_cstr(&back), text, len);
    tokens_free(&ids);
    buf_free(&back);
}

// The texts end in the separator, the lines of ids in a newline.
static void check_vectors(const struct tokenizer *t, const char *inputs,
                          const char *outputs)
{
    struct buf in = {0}, out = {0};
    int n = 0;
    assert_int_equal(file_read(&in, inputs, MAX_BYTES), OK);
    assert_int_equal(file_read(&out, outputs, MAX_BYTES), OK);
    const char *text = buf_cstr(&in), *line = buf_cstr(&out), *end;
    for (; (end = strstr(text, SEPARATOR)) != NULL; n++) {
        check_text(t, text, (size_t)(end - text), line);
        text = end + strlen(SEPARATOR);
        line = strchr(line, '\n') + 1;
    }
    assert_int_equal(n, TEXTS);
    assert_int_equal(*line, 0);
    buf_free(&in);
    buf_free(&out);
}

static void skip_without_data(void)
{
    if (file_exists(FOLDER))
        return;
    print_message("no tokenizers in %s: skipped\n", FOLDER);
    skip();
}

static void test_gpt2(void **state)
{
    struct tokenizer *t = NULL;
    (void)state;
    skip_without_data();
    assert_int_equal(tokenizer_load(&t, FOLDER "/gpt2"), OK);
    assert_int_equal(tokenizer_vocab(t), 50257);
    assert_int_equal(tokenizer_eos(t), 50256);
    check_vectors(t, FOLDER "/gpt2/ggml-vocab-gpt-2.gguf.inp",
                  FOLDER "/gpt2/ggml-vocab-gpt-2.gguf.out");
    tokenizer_free(t);
}

static void test_qwen2(void **state)
{
    struct tokenizer *t = NULL;
    (void)state;
    skip_without_data();
    assert_int_equal(tokenizer_load_bpe(&t, FOLDER "/qwen2/vocab.json",
                                        FOLDER "/qwen2/merges.txt",
                                        TOKENIZER_PATTERN_QWEN2),
                     OK);
    assert_int_equal(tokenizer_vocab(t), 151643);
    check_vectors(t, FOLDER "/qwen2/ggml-vocab-qwen2.gguf.inp",
                  FOLDER "/qwen2/ggml-vocab-qwen2.gguf.out");
    tokenizer_free(t);
}

// What is saved and loaded again encodes the same.
static void test_saved(void **state)
{
    char folder[] = "/tmp/etreerpo-vectors-XXXXXX";
    struct tokenizer *t = NULL, *again = NULL;
    (void)state;
    skip_without_data();
    assert_non_null(mkdtemp(folder));
    assert_int_equal(tokenizer_load(&t, FOLDER "/gpt2"), OK);
    assert_int_equal(tokenizer_save(t, folder), OK);
    assert_int_equal(tokenizer_load(&again, folder), OK);
    assert_int_equal(tokenizer_vocab(again), 50257);
    assert_int_equal(tokenizer_eos(again), 50256);
    check_vectors(again, FOLDER "/gpt2/ggml-vocab-gpt-2.gguf.inp",
                  FOLDER "/gpt2/ggml-vocab-gpt-2.gguf.out");
    tokenizer_free(t);
    tokenizer_free(again);
    assert_int_equal(file_remove_tree(folder), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gpt2),
        cmocka_unit_test(test_qwen2),
        cmocka_unit_test(test_saved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

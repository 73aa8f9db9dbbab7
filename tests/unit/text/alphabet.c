// The vocabulary of the characters of a text: its tokens, saved and loaded, and what it
// does with other characters.
#include "text_test.h"

static void test_alphabet(void **state)
{
    struct tokenizer *t = NULL;
    struct tokens ids = {0};
    size_t len;
    (void)state;
    assert_ok(tokenizer_of_alphabet(&t, "ba\n1+\xff\nab", 9));
    static const char order[] = "\n+1ab\xff";
    assert_int_equal(tokenizer_vocab(t), 7);
    assert_int_equal(tokenizer_eos(t), 6);
    for (int32_t id = 0; id < 6; id++) {
        assert_memory_equal(tokenizer_piece(t, id, &len), order + id, 1);
        assert_int_equal(len, 1);
    }
    assert_ok(tokenizer_encode(t, "ab\xff", 3, &ids));
    assert_int_equal(ids.len, 3);
    tokens_free(&ids);
    tokenizer_free(t);
}

// What is in no token is dropped, and counted by byte.
static void test_other_characters(void **state)
{
    struct tokenizer *t = NULL;
    struct tokens ids = {0};
    struct buf which = {0}, text = {0};
    (void)state;
    assert_ok(tokenizer_of_alphabet(&t, "ab", 2));
    assert_int_equal(tokenizer_dropped(t, &which), 0);
    assert_int_equal(which.len, 0);
    assert_ok(tokenizer_encode(t, "c", 1, &ids));
    assert_int_equal(ids.len, 0);
    assert_ok(tokenizer_encode(t, "\0acbc\xe2\x82\xac", 8, &ids));
    assert_ok(tokenizer_decode(t, ids.ids, ids.len, &text));
    assert_string_equal(buf_cstr(&text), "ab");
    ids.len = 0;
    assert_ok(tokenizer_encode(t, "c", 1, &ids)); // again: it counts once
    assert_int_equal(tokenizer_dropped(t, &which), 7);
    assert_string_equal(buf_cstr(&which), "0x00, 0x63, 0x82, 0xac, 0xe2");
    tokens_free(&ids);
    buf_free(&which);
    buf_free(&text);
    tokenizer_free(t);
}

static void test_saved(void **state)
{
    struct folder f = folder_make();
    struct tokenizer *t = NULL, *again = NULL;
    struct tokens before = {0}, after = {0};
    size_t len = strlen(TEXT_SAMPLE);
    (void)state;
    assert_ok(tokenizer_of_alphabet(&t, TEXT_SAMPLE, len));
    assert_ok(tokenizer_save(t, f.path));
    assert_ok(tokenizer_load(&again, f.path));
    assert_int_equal(tokenizer_vocab(again), tokenizer_vocab(t));
    assert_int_equal(tokenizer_eos(again), tokenizer_eos(t));
    assert_ok(tokenizer_encode(t, TEXT_SAMPLE, len, &before));
    assert_ok(tokenizer_encode(again, TEXT_SAMPLE, len, &after));
    assert_int_equal(before.len, len);
    assert_same_ids(&before, &after);
    assert_round_trip(again, TEXT_SAMPLE, len);
    tokens_free(&before);
    tokens_free(&after);
    tokenizer_free(t);
    tokenizer_free(again);
    folder_remove(&f);
}

static void test_save_fails(void **state)
{
    struct folder f = folder_make();
    struct tokenizer *t = NULL;
    char path[128];
    (void)state;
    folder_put(&f, "file", "x");
    (void)snprintf(path, sizeof path, "%s/file", f.path);
    assert_ok(tokenizer_of_alphabet(&t, "abc", 3));
    assert_int_equal(tokenizer_save(t, path), ERR_IO);
    tokenizer_free(t);
    folder_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alphabet),
        cmocka_unit_test(test_other_characters),
        cmocka_unit_test(test_saved),
        cmocka_unit_test(test_save_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

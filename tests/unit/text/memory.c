// Every allocation of every call fails once: a status, nothing lost, nothing changed.
#include "text_test.h"

#include "text/internal.h"

// Calls `step` with the n-th allocation failing, n = 1, 2, ..., until it passes.
// Returns how many failures there were.
static long sweep(enum status (*step)(void *), void *context)
{
    for (long n = 1;; n++) {
        mem_fail_nth(n);
        enum status st = step(context);
        mem_fail_nth(0);
        if (st == OK)
            return n - 1;
        assert_int_equal(st, ERR_NOMEM);
    }
}

static enum status load_once(void *folder)
{
    struct tokenizer *t = NULL;
    enum status st = tokenizer_load(&t, folder);
    assert_int_equal(st == OK, t != NULL);
    tokenizer_free(t);
    return st;
}

static void test_load(void **state)
{
    char json[] = TEST_DATA "/text/hf", pair[] = TEST_DATA "/text/pair";
    (void)state;
    assert_true(sweep(load_once, json) > 20);
    assert_true(sweep(load_once, pair) > 20);
}

static enum status alphabet_once(void *context)
{
    struct tokenizer *t = NULL;
    (void)context;
    enum status st = tokenizer_of_alphabet(&t, TEXT_SAMPLE, 120);
    assert_int_equal(st == OK, t != NULL);
    tokenizer_free(t);
    return st;
}

static void test_alphabet(void **state)
{
    (void)state;
    assert_true(sweep(alphabet_once, NULL) > 5);
}

struct use {
    struct tokenizer *t;
    struct tokens ids;
    struct buf text;
    struct folder folder;
};

static enum status encode_once(void *context)
{
    struct use *u = context;
    tokens_free(&u->ids);
    enum status st = tokenizer_encode(u->t, TEXT_SAMPLE, strlen(TEXT_SAMPLE), &u->ids);
    if (st != OK)
        assert_int_equal(u->ids.len, 0);
    return st;
}

static enum status decode_once(void *context)
{
    struct use *u = context;
    buf_free(&u->text);
    enum status st = tokenizer_decode(u->t, u->ids.ids, u->ids.len, &u->text);
    if (st != OK)
        assert_int_equal(u->text.len, 0);
    return st;
}

static enum status find_once(void *context)
{
    struct use *u = context;
    struct tokens found = {0};
    enum status st = tokenizer_find(u->t, "e", &found);
    if (st != OK)
        assert_int_equal(found.len, 0);
    tokens_free(&found);
    return st;
}

static enum status save_once(void *context)
{
    struct use *u = context;
    return tokenizer_save(u->t, u->folder.path);
}

static void test_use(void **state)
{
    struct use u = {.folder = folder_make()};
    (void)state;
    assert_ok(tokenizer_load(&u.t, TEST_DATA "/text/hf"));
    buf_free(&u.t->json); // so that saving makes it
    assert_true(sweep(encode_once, &u) > 3);
    assert_true(sweep(decode_once, &u) > 1);
    assert_true(sweep(find_once, &u) > 1);
    assert_true(sweep(save_once, &u) > 5);
    assert_memory_equal(u.text.data, TEXT_SAMPLE, strlen(TEXT_SAMPLE));
    tokens_free(&u.ids);
    buf_free(&u.text);
    tokenizer_free(u.t);
    folder_remove(&u.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_alphabet),
        cmocka_unit_test(test_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Training: the merges against a plain recount, the alphabet mode, save and load.
#include "text_test.h"

// A symbol of the plain trainer is its bytes.
enum { MAX_SYMBOLS = 4096, MAX_PIECE = 40 };

struct plain {
    struct {
        char text[MAX_PIECE];
        int32_t id;
        int first; // begins a word
    } symbols[MAX_SYMBOLS];
    size_t n;
};

static void plain_start(struct plain *p, const char *text)
{
    p->n = strlen(text);
    for (size_t i = 0; i < p->n; i++) {
        p->symbols[i].text[0] = text[i];
        p->symbols[i].id = (unsigned char)text[i];
        p->symbols[i].first = i == 0 || text[i] == ' ';
    }
}

static int is_pair(const struct plain *p, size_t i, int32_t left, int32_t right)
{
    return i + 1 < p->n && !p->symbols[i + 1].first && p->symbols[i].id == left &&
           p->symbols[i + 1].id == right;
}

// Where the most frequent pair first stands; of equals the one of the lowest ids.
static int64_t plain_best(const struct plain *p, size_t *at)
{
    int64_t best = 0;
    for (size_t i = 0; i + 1 < p->n; i++) {
        int32_t left = p->symbols[i].id, right = p->symbols[i + 1].id;
        int64_t count = 0;
        if (p->symbols[i + 1].first)
            continue;
        for (size_t k = 0; k < p->n; k++)
            count += is_pair(p, k, left, right);
        int lower = left != p->symbols[*at].id ? left < p->symbols[*at].id
                                               : right < p->symbols[*at + 1].id;
        if (count > best || (count == best && lower)) {
            best = count;
            *at = i;
        }
    }
    return best;
}

static void plain_merge(struct plain *p, size_t at, int32_t product)
{
    int32_t left = p->symbols[at].id, right = p->symbols[at + 1].id;
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++, kept++) {
        int joined = is_pair(p, i, left, right);
        p->symbols[kept] = p->symbols[i];
        if (!joined)
            continue;
        strcat(p->symbols[kept].text, p->symbols[++i].text);
        p->symbols[kept].id = product;
    }
    p->n = kept;
}

static void check_against_plain(const char *text)
{
    static struct plain p;
    struct tokenizer *t = NULL;
    size_t at = 0, len;
    p = (struct plain){0};
    plain_start(&p, text);
    assert_ok(tokenizer_train(&t, text, strlen(text), 100000, 0));
    for (int32_t id = 256; plain_best(&p, &at) >= 2; id++, at = 0) {
        plain_merge(&p, at, id);
        size_t first = 0;
        while (p.symbols[first].id != id)
            first++;
        const char *piece = tokenizer_piece(t, id, &len);
        assert_non_null(piece);
        assert_int_equal(len, strlen(p.symbols[first].text));
        assert_memory_equal(piece, p.symbols[first].text, len);
        assert_int_not_equal(id, tokenizer_eos(t));
        if (id + 2 == tokenizer_vocab(t)) {
            at = 0;
            assert_true(plain_best(&p, &at) < 2);
            break;
        }
    }
    tokenizer_free(t);
}

static void test_merges_by_definition(void **state)
{
    (void)state;
    check_against_plain(
        "the eggs and the nuts are there three eggs other nuts the other "
        "eggs then a net of ten geese rests here these three");
    check_against_plain("abababababcabcabcbcbcbcaab aabba abcab bcabc");
}

// Overlapping pairs: "aaaa" holds (a, a) three times and merges it twice.
static void test_runs(void **state)
{
    struct tokenizer *t = NULL;
    struct tokens ids = {0};
    (void)state;
    assert_ok(tokenizer_train(&t, "aaaaaaaa aaaaaaaa", 17, 1000, 0));
    assert_ok(tokenizer_encode(t, "aaaaaaaa", 8, &ids));
    assert_int_equal(ids.len, 1);
    tokens_free(&ids);
    tokenizer_free(t);
}

static void test_digits_stay_single(void **state)
{
    struct tokenizer *t = NULL;
    struct tokens ids = {0};
    (void)state;
    assert_ok(tokenizer_train(&t, TEXT_SAMPLE, strlen(TEXT_SAMPLE), 500, 0));
    assert_ok(tokenizer_encode(t, "2024", 4, &ids));
    assert_int_equal(ids.len, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(ids.ids[i], "2024"[i]);
    tokens_free(&ids);
    tokenizer_free(t);
}

static void test_sizes(void **state)
{
    struct tokenizer *t = NULL;
    (void)state;
    assert_int_equal(tokenizer_train(&t, "abc", 3, 256, 0), ERR_INPUT);
    assert_null(t);
    assert_ok(tokenizer_train(&t, "abc", 3, 257, 0));
    assert_int_equal(tokenizer_vocab(t), 257);
    assert_int_equal(tokenizer_eos(t), 256);
    tokenizer_free(t);
    assert_ok(tokenizer_train(&t, "abc", 3, 400, 0)); // no pair occurs twice
    assert_int_equal(tokenizer_vocab(t), 257);
    tokenizer_free(t);
    assert_ok(tokenizer_train(&t, TEXT_SAMPLE, strlen(TEXT_SAMPLE), 280, 0));
    assert_int_equal(tokenizer_vocab(t), 280);
    assert_int_equal(tokenizer_eos(t), 279);
    tokenizer_free(t);
}

static void test_alphabet(void **state)
{
    struct tokenizer *t = NULL;
    struct tokens ids = {0};
    size_t len;
    (void)state;
    assert_ok(tokenizer_train(&t, "ba\n1+\xff\nab", 9, 0, 1));
    static const char order[] = "\n+1ab\xff";
    assert_int_equal(tokenizer_vocab(t), 7);
    assert_int_equal(tokenizer_eos(t), 6);
    for (int32_t id = 0; id < 6; id++) {
        assert_memory_equal(tokenizer_piece(t, id, &len), order + id, 1);
        assert_int_equal(len, 1);
    }
    assert_ok(tokenizer_encode(t, "ab\xff", 3, &ids));
    assert_int_equal(ids.len, 3);
    assert_int_equal(tokenizer_encode(t, "abc", 3, &ids), ERR_INPUT);
    assert_non_null(strstr(status_message(), "0x63"));
    assert_int_equal(ids.len, 3);
    tokens_free(&ids);
    tokenizer_free(t);
}

static void check_saved(int32_t vocab, int alphabet_only)
{
    struct folder f = folder_make();
    struct tokenizer *t = NULL, *again = NULL;
    struct tokens before = {0}, after = {0};
    size_t len = strlen(TEXT_SAMPLE);
    assert_ok(tokenizer_train(&t, TEXT_SAMPLE, len, vocab, alphabet_only));
    assert_ok(tokenizer_save(t, f.path));
    assert_ok(tokenizer_load(&again, f.path));
    assert_int_equal(tokenizer_vocab(again), tokenizer_vocab(t));
    assert_int_equal(tokenizer_eos(again), tokenizer_eos(t));
    assert_ok(tokenizer_encode(t, TEXT_SAMPLE, len, &before));
    assert_ok(tokenizer_encode(again, TEXT_SAMPLE, len, &after));
    assert_same_ids(&before, &after);
    assert_round_trip(again, TEXT_SAMPLE, len);
    tokens_free(&before);
    tokens_free(&after);
    tokenizer_free(t);
    tokenizer_free(again);
    folder_remove(&f);
}

static void test_saved(void **state)
{
    (void)state;
    check_saved(400, 0);
    check_saved(0, 1);
}

static void read_saved(struct buf *out)
{
    struct folder f = folder_make();
    struct tokenizer *t = NULL;
    char path[128];
    assert_ok(tokenizer_train(&t, TEXT_SAMPLE, strlen(TEXT_SAMPLE), 400, 0));
    assert_ok(tokenizer_save(t, f.path));
    (void)snprintf(path, sizeof path, "%s/tokenizer.json", f.path);
    assert_ok(file_read(out, path, 1 << 20));
    tokenizer_free(t);
    folder_remove(&f);
}

static void test_deterministic(void **state)
{
    struct buf first = {0}, second = {0};
    (void)state;
    read_saved(&first);
    read_saved(&second);
    assert_string_equal(buf_cstr(&first), buf_cstr(&second));
    buf_free(&first);
    buf_free(&second);
}

static void test_save_fails(void **state)
{
    struct folder f = folder_make();
    struct tokenizer *t = NULL;
    char path[128];
    (void)state;
    folder_put(&f, "file", "x");
    (void)snprintf(path, sizeof path, "%s/file", f.path);
    assert_ok(tokenizer_train(&t, "abc", 3, 0, 1));
    assert_int_equal(tokenizer_save(t, path), ERR_IO);
    tokenizer_free(t);
    folder_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merges_by_definition),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_digits_stay_single),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_alphabet),
        cmocka_unit_test(test_saved),
        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_save_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Encoding and decoding: round trips of any bytes, and the merges against a plain loop.
#include "text_test.h"

#include "text/internal.h"
#include "text/utf8.h"

#include <pthread.h>

// All 256 bytes, some merges of words like the sample's, <|endoftext|> and <|im_end|>.
static struct tokenizer *trained(void)
{
    struct tokenizer *t = NULL;
    assert_ok(tokenizer_load(&t, TEST_DATA "/text/hf"));
    return t;
}

static size_t random_bytes(char *out, size_t max, struct rng_key key)
{
    size_t len = rng_below(key, 0, max + 1);
    for (size_t i = 0; i < len; i++)
        out[i] = (char)rng_u64(key, i + 1);
    return len;
}

static size_t put_point(char *out, uint32_t point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(0xf00 >> size | point);
    return size;
}

// Characters from all planes, among them letters, digits, marks and spaces; with
// `broken` an odd byte now and then.
static size_t random_text(char *out, size_t characters, struct rng_key key, int broken)
{
    static const uint32_t limits[] = {0x80, 0x250, 0x3100, 0xd800, 0x20000};
    size_t len = 0;
    for (size_t i = 0; i < characters; i++) {
        uint32_t limit = limits[rng_below(key, 3 * i, 5)];
        len += put_point(out + len, (uint32_t)rng_below(key, 3 * i + 1, limit));
        if (broken && rng_below(key, 3 * i + 2, 8) == 0)
            out[len++] = (char)(0x80 + i % 0x80);
    }
    return len;
}

static void test_round_trip_of_bytes(void **state)
{
    struct tokenizer *t = trained();
    char bytes[512];
    (void)state;
    for (uint64_t i = 0; i < 2000; i++) {
        struct rng_key key = rng_child(rng_root(1, RNG_TEST), i);
        assert_round_trip(t, bytes, random_bytes(bytes, sizeof bytes, key));
    }
    tokenizer_free(t);
}

static void test_round_trip_of_text(void **state)
{
    struct tokenizer *t = NULL;
    char text[1024];
    (void)state;
    assert_ok(tokenizer_load(&t, TEST_DATA "/text/hf"));
    for (uint64_t i = 0; i < 2000; i++) {
        struct rng_key key = rng_child(rng_root(2, RNG_TEST), i);
        assert_round_trip(t, text, random_text(text, 150, key, i % 2 == 1));
    }
    tokenizer_free(t);
}

// Bytes that are not UTF-8 do not change how the text around them is cut.
static void test_invalid_bytes_are_words(void **state)
{
    struct tokenizer *t = trained();
    struct tokens whole = {0}, parts = {0};
    (void)state;
    assert_ok(tokenizer_encode(t, "the\xff\xfe eggs", 10, &whole));
    assert_ok(tokenizer_encode(t, "the", 3, &parts));
    assert_ok(tokenizer_encode(t, "\xff\xfe", 2, &parts));
    assert_ok(tokenizer_encode(t, " eggs", 5, &parts));
    assert_same_ids(&whole, &parts);
    tokens_free(&whole);
    tokens_free(&parts);
    tokenizer_free(t);
}

static void test_utf8(void **state)
{
    static const struct {
        const char *text;
        size_t valid; // bytes of the valid prefix
    } all[] = {
        {"", 0},
        {"a\x7f", 2},
        {"\xc2\x80", 2},
        {"\xdf\xbf!", 3},
        {"\xe0\xa0\x80", 3},
        {"\xed\x9f\xbf", 3},
        {"\xef\xbf\xbf", 3},
        {"\xf0\x90\x80\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\x80", 0},
        {"a\xc0\x80", 1},        // overlong
        {"\xc1\xbf", 0},         // overlong
        {"\xe0\x9f\xbf", 0},     // overlong
        {"\xf0\x8f\xbf\xbf", 0}, // overlong
        {"\xed\xa0\x80", 0},     // a surrogate
        {"\xf4\x90\x80\x80", 0}, // above U+10FFFF
        {"\xf5\x80\x80\x80", 0}, // above U+10FFFF
        {"ab\xe2\x82", 2},       // cut off
        {"\xe2\x82z", 0},        // cut off
        {"\xf0\x9f\x98\x80\xff", 4},
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_int_equal(utf8_valid_prefix(all[i].text, strlen(all[i].text)),
                         all[i].valid);
    assert_int_equal(utf8_invalid_prefix("\xff\xe2\x82"
                                         "a",
                                         4),
                     3);
}

// The merges by their definition: while a pair has a merge, replace the leftmost pair
// of the lowest rank.
static size_t merge_plainly(const struct merges *m, int32_t *ids, size_t n)
{
    for (;;) {
        size_t best = m->n, at = 0;
        for (size_t i = 0; i + 1 < n; i++)
            for (size_t rank = 0; rank < best; rank++)
                if (m->items[rank].left == ids[i] &&
                    m->items[rank].right == ids[i + 1]) {
                    best = rank;
                    at = i;
                }
        if (best == m->n)
            return n;
        ids[at] = m->items[best].product;
        memmove(ids + at + 1, ids + at + 2, (n - at - 2) * sizeof *ids);
        n--;
    }
}

static void test_merges_by_definition(void **state)
{
    struct tokenizer *t = trained();
    (void)state;
    for (uint64_t i = 0; i < 3000; i++) {
        struct rng_key key = rng_child(rng_root(3, RNG_TEST), i);
        struct tokens got = {0};
        char word[24];
        int32_t expected[24];
        size_t n = 1 + rng_below(key, 0, sizeof word);
        for (size_t k = 0; k < n; k++) {
            word[k] = "eghotsmanur"[rng_below(key, k + 1, 11)];
            expected[k] = t->byte_ids[(unsigned char)word[k]];
        }
        assert_ok(tokenizer_encode(t, word, n, &got));
        assert_int_equal(got.len, merge_plainly(&t->merges, expected, n));
        assert_memory_equal(got.ids, expected, got.len * sizeof *expected);
        tokens_free(&got);
    }
    tokenizer_free(t);
}

// Long words and long runs of spaces: this test ends soon or not at all.
static void test_long_words(void **state)
{
    struct tokenizer *t = trained();
    enum { BYTES = 1 << 20 };
    char *text = NULL;
    (void)state;
    assert_ok(mem_new(&text, BYTES, 1));
    for (size_t i = 0; i < BYTES; i++)
        text[i] = "theeggs"[i % 7];
    assert_round_trip(t, text, BYTES);
    memset(text, ' ', BYTES);
    assert_round_trip(t, text, BYTES);
    memset(text, 0xff, BYTES);
    assert_round_trip(t, text, BYTES);
    memset(text, '\n', BYTES);
    text[BYTES - 1] = 'x';
    assert_round_trip(t, text, BYTES);
    mem_free(text);
    tokenizer_free(t);
}

static void test_encode_appends(void **state)
{
    struct tokenizer *t = trained();
    struct tokens ids = {0};
    (void)state;
    assert_ok(tokens_push(&ids, 7));
    assert_ok(tokenizer_encode(t, "eggs", 4, &ids));
    assert_ok(tokenizer_encode(t, "", 0, &ids));
    assert_true(ids.len >= 2);
    assert_int_equal(ids.ids[0], 7);
    tokens_free(&ids);
    tokenizer_free(t);
}

// Names of special tokens in a text are text.
static void test_special_names_are_text(void **state)
{
    struct tokenizer *t = trained();
    struct tokens ids = {0};
    (void)state;
    assert_ok(tokenizer_encode(t, "<|endoftext|>", 13, &ids));
    for (size_t i = 0; i < ids.len; i++)
        assert_int_not_equal(ids.ids[i], tokenizer_eos(t));
    tokens_free(&ids);
    assert_round_trip(t, "a<|endoftext|>b", 15);
    tokenizer_free(t);
}

static void test_decode(void **state)
{
    struct tokenizer *t = trained();
    struct buf text = {0};
    int32_t ids[] = {t->byte_ids['o'], tokenizer_eos(t), t->byte_ids['k']};
    int32_t bad[] = {ids[0], tokenizer_vocab(t)};
    int32_t negative = -1;
    (void)state;
    assert_ok(tokenizer_decode(t, ids, 3, &text));
    assert_string_equal(buf_cstr(&text), "ok");
    assert_int_equal(tokenizer_decode(t, bad, 2, &text), ERR_INPUT);
    assert_int_equal(tokenizer_decode(t, &negative, 1, &text), ERR_INPUT);
    assert_string_equal(buf_cstr(&text), "ok");
    buf_free(&text);
    tokenizer_free(t);
}

static void test_pieces(void **state)
{
    struct tokenizer *t = trained();
    struct tokens found = {0};
    size_t len = 9;
    (void)state;
    assert_memory_equal(tokenizer_piece(t, t->byte_ids['x'], &len), "x", 1);
    assert_int_equal(len, 1);
    assert_null(tokenizer_piece(t, tokenizer_eos(t), &len));
    assert_int_equal(len, 0);
    assert_null(tokenizer_piece(t, tokenizer_vocab(t), &len));
    assert_null(tokenizer_piece(t, -1, &len));
    assert_ok(tokenizer_find(t, "\n", &found));
    size_t expected = 0;
    for (int32_t id = 0; id < tokenizer_vocab(t); id++) {
        const char *piece = tokenizer_piece(t, id, &len);
        if (!piece || !memchr(piece, '\n', len))
            continue;
        assert_true(expected < found.len);
        assert_int_equal(found.ids[expected++], id);
    }
    assert_int_equal(found.len, expected);
    assert_true(expected >= 1);
    tokens_free(&found);
    tokenizer_free(t);
}

enum { THREADS = 4 };

struct share {
    const struct tokenizer *t;
    struct tokens ids;
    enum status status;
};

static void *encode_often(void *context)
{
    struct share *s = context;
    for (int i = 0; i < 50 && s->status == OK; i++) {
        s->ids.len = 0;
        s->status = tokenizer_encode(s->t, TEXT_SAMPLE, strlen(TEXT_SAMPLE), &s->ids);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct tokenizer *t = trained();
    struct share shares[THREADS] = {0};
    pthread_t threads[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++) {
        shares[i].t = t;
        assert_int_equal(pthread_create(&threads[i], NULL, encode_often, &shares[i]),
                         0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(shares[i].status, OK);
        assert_same_ids(&shares[0].ids, &shares[i].ids);
    }
    for (int i = 0; i < THREADS; i++)
        tokens_free(&shares[i].ids);
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_of_bytes),
        cmocka_unit_test(test_round_trip_of_text),
        cmocka_unit_test(test_invalid_bytes_are_words),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_merges_by_definition),
        cmocka_unit_test(test_long_words),
        cmocka_unit_test(test_encode_appends),
        cmocka_unit_test(test_special_names_are_text),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

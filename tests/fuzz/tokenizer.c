// Tokenizers against what nobody would write: random bytes and random characters go
// through every family and come back; damaged tokenizer.json files are refused or load,
// and nothing crashes.
#include "text/tokenizer.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXTS = 1500, DAMAGED = 300, MAX_LEN = 200 };

static const struct family {
    const char *name;
    int spaced; // a space comes first, and U+2581 becomes one
    int nfc;
} families[] = {{"llama2", 1, 0}, {"llama2_first", 1, 0}, {"mistral", 1, 0},
                {"llama3", 0, 0}, {"qwen2.5", 0, 1},      {"smollm2", 0, 0}};
enum { FAMILIES = sizeof families / sizeof *families };

struct random {
    struct rng_key key;
    uint64_t next;
};

static uint32_t below(struct random *r, uint32_t n)
{
    return (uint32_t)rng_below(r->key, r->next++, n);
}

static void append_character(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_char(out, (char)c);
    } else if (c < 0x800) {
        buf_char(out, (char)(0xC0 | c >> 6));
        buf_char(out, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        buf_char(out, (char)(0xE0 | c >> 12));
        buf_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
        buf_char(out, (char)(0x80 | (c & 0x3F)));
    } else {
        buf_char(out, (char)(0xF0 | c >> 18));
        buf_char(out, (char)(0x80 | (c >> 12 & 0x3F)));
        buf_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
        buf_char(out, (char)(0x80 | (c & 0x3F)));
    }
}

// Random bytes, plain text, or characters from all over Unicode.
static void random_text(struct random *r, struct buf *out)
{
    static const char common[] = "aeiou tnrs \n\t.,0123456789'()=+<>|_#";
    uint32_t len = below(r, MAX_LEN), kind = below(r, 3);
    buf_clear(out);
    for (uint32_t i = 0; i < len; i++) {
        uint32_t c = below(r, 0x110000);
        if (kind == 0)
            buf_char(out, (char)c);
        else if (kind == 1 || below(r, 2))
            buf_char(out, common[c % (sizeof common - 1)]);
        else
            append_character(out, c >= 0xD800 && c < 0xE000 ? 'x' : c % 0x3000);
    }
    assert_int_equal(out->status, OK);
}

// What decoding gives for text that nothing normalizes.
static void expected_text(const struct family *f, const struct buf *text,
                          struct buf *out)
{
    const char *p = buf_cstr(text), *end = p + text->len;
    int first_space =
        text->len &&
        (*p == ' ' || (text->len >= 3 && memcmp(p, "\xe2\x96\x81", 3) == 0));
    buf_clear(out);
    if (f->spaced && text->len && (strcmp(f->name, "llama2") == 0 || !first_space))
        buf_char(out, ' ');
    while (p < end) {
        int mark = f->spaced && end - p >= 3 && memcmp(p, "\xe2\x96\x81", 3) == 0;
        buf_char(out, mark ? ' ' : *p);
        p += mark ? 3 : 1;
    }
}

static int is_low(const struct buf *text)
{
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] >= 0xCC)
            return 0;
    return 1;
}

static void round_trip(const struct tokenizer *t, const struct family *f,
                       const struct buf *text)
{
    struct tokens ids = {0}, special = {0}, again = {0};
    struct buf back = {0}, wanted = {0};
    assert_int_equal(tokenizer_encode(t, buf_cstr(text), text->len, &ids), OK);
    assert_int_equal(tokenizer_encode_special(t, buf_cstr(text), text->len, &special),
                     OK);
    assert_int_equal(tokenizer_decode(t, ids.ids, ids.len, &back), OK);
    if (!f->nfc || is_low(text)) {
        expected_text(f, text, &wanted);
        assert_int_equal(back.len, wanted.len);
        assert_memory_equal(buf_cstr(&back), buf_cstr(&wanted), wanted.len);
    } else { // composed once, it stays
        assert_int_equal(tokenizer_encode(t, buf_cstr(&back), back.len, &again), OK);
        assert_int_equal(again.len, ids.len);
        assert_memory_equal(again.ids, ids.ids, ids.len * sizeof *ids.ids);
    }
    tokens_free(&ids);
    tokens_free(&special);
    tokens_free(&again);
    buf_free(&back);
    buf_free(&wanted);
}

static void test_round_trip(void **state)
{
    (void)state;
    for (size_t k = 0; k < FAMILIES; k++) {
        struct random r = {rng_child(rng_root(1, RNG_TEST), k), 0};
        struct tokenizer *t = NULL;
        struct buf text = {0};
        char path[512];
        (void)snprintf(path, sizeof path, TEST_DATA "/text/families/%s",
                       families[k].name);
        assert_int_equal(tokenizer_load(&t, path), OK);
        for (int i = 0; i < TEXTS; i++) {
            random_text(&r, &text);
            round_trip(t, &families[k], &text);
        }
        buf_free(&text);
        tokenizer_free(t);
    }
}

// Flips, cuts and doubles bytes of a file.
static void damage(struct random *r, struct buf *text)
{
    uint32_t times = 1 + below(r, 4);
    for (uint32_t i = 0; i < times && text->len > 1; i++) {
        size_t at = below(r, (uint32_t)text->len);
        uint32_t how = below(r, 4);
        if (how == 0)
            text->data[at] = (uint8_t)below(r, 256);
        else if (how == 1)
            text->data[at] = (uint8_t) "\"{}[]:,09-"[below(r, 10)];
        else if (how == 2)
            text->data[at] ^= 1;
        else
            text->len = at;
    }
}

static void test_damaged_files(void **state)
{
    char folder[] = "/tmp/etreerpo-fuzz-XXXXXX", path[512];
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t k = 0; k < FAMILIES; k++) {
        struct random r = {rng_child(rng_root(2, RNG_TEST), k), 0};
        struct buf whole = {0};
        (void)snprintf(path, sizeof path, TEST_DATA "/text/families/%s/tokenizer.json",
                       families[k].name);
        assert_int_equal(file_read(&whole, path, 1 << 20), OK);
        (void)snprintf(path, sizeof path, "%s/tokenizer.json", folder);
        for (int i = 0; i < DAMAGED / FAMILIES; i++) {
            struct buf copy = {0};
            struct tokenizer *t = NULL;
            struct tokens ids = {0};
            buf_append(&copy, whole.data, whole.len);
            damage(&r, &copy);
            assert_int_equal(file_write(path, copy.data, copy.len), OK);
            enum status st = tokenizer_load(&t, folder);
            if (st == OK)
                (void)!tokenizer_encode_special(t, "a <s> \xff b", 9, &ids);
            else
                assert_int_equal(st, ERR_INPUT);
            tokens_free(&ids);
            tokenizer_free(t);
            buf_free(&copy);
        }
        buf_free(&whole);
    }
    assert_int_equal(file_remove_tree(folder), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

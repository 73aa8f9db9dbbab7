// The growing buffer: appends, the closing NUL, and failures that are remembered.
#include "base/buf.h"

#include "base_test.h"

#include <wchar.h>

static void an_empty_buffer_is_an_empty_string(void **state)
{
    (void)state;
    struct buf b = {0};
    assert_string_equal(buf_cstr(&b), "");
    buf_clear(&b);
    buf_free(&b);
    buf_free(&b);
    buf_append(&b, NULL, 0);
    assert_int_equal(b.status, OK);
    assert_int_equal(b.len, 0);
    assert_string_equal(buf_cstr(&b), "");
    buf_free(&b);
}

static void text_is_built_piece_by_piece(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_str(&b, "V=");
    buf_printf(&b, "%.2f%%", 0.5);
    buf_char(&b, ';');
    buf_str(&b, "");
    assert_string_equal(buf_cstr(&b), "V=0.50%;");
    assert_int_equal(b.len, 8);
    buf_clear(&b);
    assert_string_equal(buf_cstr(&b), "");
    buf_str(&b, "less"); // where a longer text was
    assert_string_equal(buf_cstr(&b), "less");
    buf_printf(&b, "%s", "!");
    assert_string_equal(buf_cstr(&b), "less!");
    buf_free(&b);
}

static void bytes_of_any_value_are_kept(void **state)
{
    (void)state;
    struct buf b = {0};
    uint8_t all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    for (int i = 0; i < 50; i++)
        buf_append(&b, all, sizeof all);
    assert_int_equal(b.status, OK);
    assert_int_equal(b.len, 50 * sizeof all);
    for (size_t i = 0; i < 50; i++)
        assert_memory_equal(b.data + i * sizeof all, all, sizeof all);
    assert_int_equal(b.data[b.len], 0);
    buf_free(&b);
}

static void long_lines_are_printed_whole(void **state)
{
    (void)state;
    struct buf b = {0};
    for (int width = 1; width < 3000; width += 97) {
        size_t before = b.len;
        buf_printf(&b, "%*d", width, 7);
        assert_int_equal(b.len, before + (size_t)width);
        assert_int_equal(b.data[b.len - 1], '7');
        assert_int_equal(b.data[b.len], 0);
    }
    buf_free(&b);
}

static void append_all(struct buf *b)
{
    buf_str(b, "a long enough piece of text to need memory of its own");
    buf_char(b, '!');
    buf_printf(b, "%300d", 1);
    buf_append(b, "tail", 4);
}

static void the_first_failure_stays(void **state)
{
    (void)state;
    long nth = 1;
    for (;; nth++) {
        struct buf b = {0};
        mem_fail_nth(nth);
        append_all(&b);
        mem_fail_nth(0);
        if (b.status == OK) {
            buf_free(&b);
            break;
        }
        assert_int_equal(b.status, ERR_NOMEM);
        size_t len = b.len;
        append_all(&b); // memory is there again, yet a gap must not be papered over
        assert_int_equal(b.status, ERR_NOMEM);
        assert_int_equal(b.len, len);
        buf_clear(&b);
        append_all(&b);
        assert_int_equal(b.status, OK);
        assert_int_equal(b.len, 53 + 1 + 300 + 4);
        buf_free(&b);
    }
    assert_true(nth > 2);
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_str(&b, "kept");
    buf_append(&b, "x", SIZE_MAX);
    assert_int_equal(b.status, ERR_NOMEM);
    assert_string_equal(buf_cstr(&b), "kept");
    buf_clear(&b);
    buf_append(&b, "x", SIZE_MAX / 2);
    assert_int_equal(b.status, ERR_NOMEM);
    buf_free(&b);
}

static void what_cannot_be_printed_is_a_failure(void **state)
{
    (void)state;
    struct buf b = {0};
    const wchar_t outside[] = {0x20ac, 0}; // not in the C locale's character set
    buf_str(&b, "kept");
    buf_printf(&b, "%ls", outside);
    assert_int_equal(b.status, ERR_INTERNAL);
    assert_string_equal(buf_cstr(&b), "kept");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_is_an_empty_string),
        cmocka_unit_test(text_is_built_piece_by_piece),
        cmocka_unit_test(bytes_of_any_value_are_kept),
        cmocka_unit_test(long_lines_are_printed_whole),
        cmocka_unit_test(the_first_failure_stays),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(what_cannot_be_printed_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

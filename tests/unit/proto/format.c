// Bytes that are no message are refused before anything is allocated for them, and
// never read beyond their end.
#include "samples.h"

static void assert_refused(const uint8_t *bytes, size_t len)
{
    struct message m;
    assert_int_equal(decode_exact(&m, bytes, len), ERR_PROTOCOL);
}

static void test_truncated(void **state)
{
    (void)state;
    struct sample all[N_SAMPLES];
    samples(all);
    for (int i = 0; i < N_SAMPLES; i++) {
        struct buf bytes = {0};
        sample_bytes(&bytes, &all[i].message);
        for (size_t len = 0; len < bytes.len; len++)
            assert_refused(bytes.data, len);
        buf_char(&bytes, 0); // and one byte too many
        assert_refused(bytes.data, bytes.len);
        buf_free(&bytes);
    }
}

// Each single byte takes each value: decoded or refused, nothing else.
static void test_byte_changes(void **state)
{
    (void)state;
    struct sample all[N_SAMPLES];
    size_t decoded = 0, refused = 0;
    samples(all);
    for (int i = 0; i < N_SAMPLES; i++) {
        struct buf bytes = {0};
        sample_bytes(&bytes, &all[i].message);
        for (size_t at = 0; at < bytes.len; at++) {
            uint8_t was = bytes.data[at];
            for (int value = 0; value < 256; value++) {
                struct message m;
                bytes.data[at] = (uint8_t)value;
                enum status st = decode_exact(&m, bytes.data, bytes.len);
                assert_true(st == OK || st == ERR_PROTOCOL);
                decoded += st == OK;
                refused += st != OK;
                if (st == OK)
                    message_free(&m);
            }
            bytes.data[at] = was;
        }
        buf_free(&bytes);
    }
    assert_true(decoded > 1000 && refused > 1000);
}

// Lengths and counts that promise more than is there, and what is no map of text.
static const struct bytes bombs[] = {
    BYTES(""),
    BYTES("\xdd\x03\xff\xff\xff"),
    BYTES("\xdf\xff\xff\xff\xff"),
    BYTES("\xde\xff\xff"),
    BYTES("\x8f"),
    BYTES("\x81\xdb\xff\xff\xff\xff"),
    BYTES("\x81\xa1v\xdd\xff\xff\xff\xff"),
    BYTES("\x81\xa1v\xdf\xff\xff\xff\xff\x00\x00"),
    BYTES("\x81\xa1v\xc6\xff\xff\xff\xff"),
    BYTES("\x81\xa1v\xdb\xff\xff\xff\xff"),
    BYTES("\x81\xa1v\xc9\xff\xff\xff\xff\x01"),
    BYTES("\x81\xa1v\xd8\x01"),
    BYTES("\x81\xa1v\xdd\x00\x00\x00\x02\xdd\xff\xff\xff\xff\x00\x00"),
    BYTES("\x81\xa1v\xc1"),
    BYTES("\x81\xa1v"),
    BYTES("\x81\x01\x01"),
    BYTES("\x81\x81\x01\x01\x01"),
    BYTES("\xc0"),
    BYTES("\x80"),
    BYTES("\x80\x80"),
};

// Refused although the next allocation would fail: none was asked for.
static void test_bombs(void **state)
{
    (void)state;
    struct message m;
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        mem_fail_nth(1);
        enum status st = decode_exact(&m, bombs[i].data, bombs[i].len);
        mem_fail_nth(0);
        assert_int_equal(st, ERR_PROTOCOL);
    }
}

// A million arrays in each other: a walk, not a recursion.
static void test_deep_value(void **state)
{
    (void)state;
    enum { DEPTH = 1 << 20 };
    struct buf bytes = {0};
    struct message out;
    buf_str(&bytes, "\x84\xa4junk");
    for (int i = 0; i < DEPTH; i++)
        buf_char(&bytes, (char)0x91);
    buf_str(&bytes, "\xc0\xa1v\x06\xa4type\x06\xa3inc\x05");
    assert_ok(bytes.status);
    assert_ok(message_decode(&out, bytes.data, bytes.len));
    assert_int_equal(out.type, MSG_STOP);
    assert_int_equal(out.incarnation, 5);
    assert_refused(bytes.data, DEPTH / 2);
    buf_free(&bytes);
}

static void test_too_many_keys(void **state)
{
    (void)state;
    struct buf bytes = {0};
    buf_append(&bytes, "\xde\x00\x21", 3);
    for (char i = 0; i < 33; i++) {
        buf_char(&bytes, (char)0xa1);
        buf_char(&bytes, (char)('0' + i));
        buf_char(&bytes, i);
    }
    assert_refused(bytes.data, bytes.len);
    buf_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated),     cmocka_unit_test(test_byte_changes),
        cmocka_unit_test(test_bombs),         cmocka_unit_test(test_deep_value),
        cmocka_unit_test(test_too_many_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

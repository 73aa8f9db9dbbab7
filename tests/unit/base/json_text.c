// Strings of JSON: escapes, characters of every length, and what is not UTF-8.
#include "base/json_text.h"

#include "base_test.h"

static void check(const char *bytes, size_t len, const char *want)
{
    struct buf out = {0};
    json_text(&out, bytes, len);
    assert_int_equal(out.status, OK);
    assert_string_equal(buf_cstr(&out), want);
    buf_free(&out);
}

#define CHECK(bytes, want) check(bytes, sizeof(bytes) - 1, want)
#define NO                 "\xef\xbf\xbd" // U+FFFD

static void plain_text_stays(void **state)
{
    (void)state;
    CHECK("", "\"\"");
    CHECK("a b/c", "\"a b/c\"");
    CHECK("\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x99\x82",
          "\"\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x99\x82\"");
    CHECK("\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"");
}

static void escapes(void **state)
{
    (void)state;
    CHECK("\"\\\n\t\r", "\"\\\"\\\\\\n\\u0009\\u000d\"");
    CHECK("\0\x1b\x7f", "\"\\u0000\\u001b\\u007f\"");
}

// One U+FFFD for each piece that begins no character, as `bytes.decode("utf-8",
// "replace")` of Python has it.
static void invalid_bytes(void **state)
{
    (void)state;
    CHECK("a\x80z", "\"a" NO "z\"");
    CHECK("\xc0\xaf", "\"" NO NO "\"");
    CHECK("\xe6\xbc", "\"" NO "\"");   // the end of the text cuts it
    CHECK("\xe6\xbcz", "\"" NO "z\""); // another character does
    CHECK("\xf0\x9f\x99\xf0\x9f\x99\x82", "\"" NO "\xf0\x9f\x99\x82\"");
    CHECK("\xed\xa0\x80", "\"" NO NO NO "\""); // a surrogate
    CHECK("\xe0\x80\x80", "\"" NO NO NO "\""); // an overlong form
    CHECK("\xf5\x80", "\"" NO NO "\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stays),
        cmocka_unit_test(escapes),
        cmocka_unit_test(invalid_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

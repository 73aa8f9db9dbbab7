// What jansson refuses and json_parse reads, and what neither does.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "base/file.h"
#include "json/json.h"

#include <stdlib.h>
#include <string.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

// What `text` reads as, written by jansson.
static void check(const char *text, size_t len, const char *wanted)
{
    json_t *root = NULL;
    assert_ok(json_parse(&root, text, len));
    char *got = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(15));
    assert_string_equal(got, wanted);
    free(got);
    json_decref(root);
}

static void what_python_writes_is_read(void **state)
{
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"{\"a\": 1}", "{\"a\":1}"},
        {"\xef\xbb\xbf{\"a\": 1}", "{\"a\":1}"},
        {"{\"a\": 1, \"a\": 2}", "{\"a\":2}"},
        // Integers: exact within 64 bits, reals beyond, texts beyond those.
        {"[9223372036854775807, -9223372036854775808, -0]",
         "[9223372036854775807,-9223372036854775808,0]"},
        {"[9223372036854775808]", "[9.22337203685478e18]"},
        {"[-9223372036854775809, 7]", "[-9.22337203685478e18,7]"},
        {"{\"model_max_length\": 1000000000000000019884624838656}",
         "{\"model_max_length\":1e30}"},
        {"[1e400, -1e400, 5]", "[\"1e400\",\"-1e400\",5]"},
        {"[1e-400]", "[0.0]"},
        {"[NaN, Infinity, -Infinity, -5, null]",
         "[\"NaN\",\"Infinity\",\"-Infinity\",-5,null]"},
        {"{\"NaN\": \"NaN, 1e400 \\\" 99999999999999999999\", \"x\": NaN}",
         "{\"NaN\":\"NaN, 1e400 \\\" 99999999999999999999\",\"x\":\"NaN\"}"},
        // Surrogates and U+0000.
        {"[\"\\ud83d\\ude00\", NaN]", "[\"\xf0\x9f\x98\x80\",\"NaN\"]"},
        {"[\"\\ud83d\", \"\\ude00x\", \"\\ud83d\\u0041\"]",
         "[\"\xef\xbf\xbd\",\"\xef\xbf\xbdx\",\"\xef\xbf\xbd"
         "A\"]"},
        {"[\"a\\u0000b\"]", "[\"a\\u0000b\"]"},
        {"{\"a\\u0000b\" : \"\\u0000\"}", "{\"a\xe2\x90\x80"
                                          "b\":\"\\u0000\"}"},
        {"{\"a\\\\u0000\": NaN}", "{\"a\\\\u0000\":\"NaN\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(cases[i].text, strlen(cases[i].text), cases[i].wanted);
}

static void append_times(struct buf *b, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_str(b, text);
}

static void deep_nesting_is_cut(void **state)
{
    struct buf text = {0};
    (void)state;
    buf_str(&text, "{\"a\": 1, \"deep\": ");
    append_times(&text, "[{\"]\": ", 50000);
    buf_str(&text, "7");
    append_times(&text, "}]", 50000);
    buf_str(&text, ", \"b\": 2}");
    json_t *root = NULL;
    assert_ok(json_parse(&root, buf_cstr(&text), text.len));
    assert_int_equal(json_integer_value(json_object_get(root, "a")), 1);
    assert_int_equal(json_integer_value(json_object_get(root, "b")), 2);
    json_decref(root);
    buf_free(&text);
}

// A number of 400 digits is a text, of which the first are kept.
static void long_digits_are_no_number(void **state)
{
    struct buf text = {0};
    json_t *root = NULL;
    (void)state;
    buf_str(&text, "[1");
    append_times(&text, "0", 400);
    buf_str(&text, "]");
    assert_ok(json_parse(&root, buf_cstr(&text), text.len));
    assert_true(json_is_string(json_array_get(root, 0)));
    json_decref(root);
    buf_free(&text);
}

static void what_is_no_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "",       "{",          "[1,]", "[01]",        "[+1]",         "[1.]",
        "[.5]",   "[--1]",      "[1e]", "[-]",         "[nan]",        "[Inf]",
        "[NaNs]", "{\"a\":}",   "\"a",  "[\"a",        "[1e400",       "[\"\\u12\"]",
        "[1] 2",  "[\"\xff\"]", "[}",   "[1-2e999]",   "[\"\\ud83d\"", "\\",
        "[\"\\",  "\xef\xbb",   "]]]]", "[\n\n1.5.5]",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *root = NULL;
        if (json_parse(&root, bad[i], strlen(bad[i])) != ERR_INPUT)
            fail_msg("%s is read", bad[i]);
        assert_null(root);
        assert_non_null(strstr(status_message(), "line "));
    }
}

// Every prefix of a text with all oddities ends in one way or the other.
static void prefixes_end(void **state)
{
    static const char all[] =
        "\xef\xbb\xbf{\"a\\u0000\": [NaN, 1e400, \"\\ud83d\\ud83d\","
        " 99999999999999999999, {\"b\": -Infinity}], \"c\": 1}";
    (void)state;
    for (size_t len = 0; len < sizeof all - 1; len++) {
        json_t *root = NULL;
        char *copy = malloc(len + 1); // so that a sanitizer sees reads beyond it
        assert_non_null(copy);
        memcpy(copy, all, len);
        assert_int_equal(json_parse(&root, copy, len), ERR_INPUT);
        free(copy);
    }
    check(all, sizeof all - 1,
          "{\"a\xe2\x90\x80\":[\"NaN\",\"1e400\",\"\xef\xbf\xbd\xef\xbf\xbd\",1e20,"
          "{\"b\":\"-Infinity\"}],\"c\":1}");
}

static void members_are_changed_in_place(void **state)
{
    static const struct json_change changes[] = {{"dtype", "\"f\""}, {"n", "[2]"}};
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"{}", "{}"},
        {"{\"a\": {\"n\": 1}}", "{\"a\": {\"n\": 1}}"},
        {"{\n  \"n\" : 1 ,\n  \"b\": 1e-05\n}\n",
         "{\n  \"n\" : [2] ,\n  \"b\": 1e-05\n}\n"},
        {"\xef\xbb\xbf{\"n\":{\"x\":[\"}\",\"]\"]},\"dtype\":null}",
         "{\"n\":[2],\"dtype\":\"f\"}"},
        {"{\"s\": \"\\\"n\\\": 1, \", \"n\":NaN}",
         "{\"s\": \"\\\"n\\\": 1, \", \"n\":[2]}"},
        {"{\"n\": 1, \"n\": 1000000000000000019884624838656}",
         "{\"n\": [2], \"n\": [2]}"},
        {"{\"x\":[\"n\", {\"dtype\": 1}], \"dtype\":\"bf\"}",
         "{\"x\":[\"n\", {\"dtype\": 1}], \"dtype\":\"f\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = {0};
        assert_ok(json_change_members(&out, cases[i].text, strlen(cases[i].text),
                                      changes, 2));
        assert_string_equal(buf_cstr(&out), cases[i].wanted);
        buf_free(&out);
    }
}

static void files_are_named(void **state)
{
    char path[] = "/tmp/etreerpo-json-XXXXXX";
    json_t *root = NULL;
    struct buf kept = {0};
    static const char pointer[] =
        "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n";
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(json_parse_file(&root, &kept, path, 9), ERR_INPUT);
    assert_non_null(strstr(status_message(), path));
    assert_ok(file_write(path, pointer, sizeof pointer - 1));
    assert_int_equal(json_parse_file(&root, &kept, path, 1000), ERR_INPUT);
    assert_non_null(strstr(status_message(), "git-lfs pointer"));
    assert_ok(file_write(path, "[1e999]", 7));
    assert_ok(json_parse_file(&root, &kept, path, 1000));
    assert_string_equal(buf_cstr(&kept), "[1e999]");
    json_decref(root);
    buf_free(&kept);
    assert_int_equal(remove(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_python_writes_is_read),
        cmocka_unit_test(deep_nesting_is_cut),
        cmocka_unit_test(long_digits_are_no_number),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(prefixes_end),
        cmocka_unit_test(members_are_changed_in_place),
        cmocka_unit_test(files_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

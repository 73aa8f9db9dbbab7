// Maps in maps as a list of leaves.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "base/outline.h"

#include <string.h>

static enum status read(struct outline *o, const char *text)
{
    return outline_read(o, text, strlen(text), "f.yaml");
}

static void test_leaves(void **state)
{
    struct outline o;
    (void)state;
    assert_int_equal(read(&o, "# c\na: 1\nb:\n  c: x y\n  d:\n    e: >-\n      two\n"
                              "      lines\nf: ''\n"),
                     OK);
    assert_int_equal(o.n, 4);
    assert_string_equal(outline_get(&o, "a"), "1");
    assert_string_equal(outline_get(&o, "b.c"), "x y");
    assert_string_equal(outline_get(&o, "b.d.e"), "two lines");
    assert_string_equal(outline_get(&o, "f"), "");
    assert_null(outline_get(&o, "b"));
    assert_int_equal(o.items[1].line, 4);
    outline_free(&o);
    assert_int_equal(read(&o, ""), OK);
    assert_int_equal(o.n, 0);
    outline_free(&o);
}

static void refused(const char *text, const char *words)
{
    struct outline o;
    assert_int_equal(read(&o, text), ERR_INPUT);
    if (!strstr(status_message(), words))
        fail_msg("\"%s\" does not say \"%s\"", status_message(), words);
    assert_int_equal(o.n, 0);
}

static void test_refused(void **state)
{
    (void)state;
    refused("a: 1\nb: [1, 2]\n", "f.yaml:2: lists");
    refused("a: 1\na: 2\n", "f.yaml:2: set twice");
    refused("a.b: 1\n", "f.yaml:1: a key");
    refused("just words\n", "f.yaml:1: a map");
    refused("a:\n\tb: 1\n", "f.yaml:2");
    refused("a: &x 1\nb: *x\n", "f.yaml:2: lists and aliases");
    refused("? {a: 1}\n: 2\n", "a key is plain text");
    refused("a: {b: {c: {d: {e: {f: {g: {h: {i: 1}}}}}}}}\n", "too deep");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_leaves),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Configuration: every kind of mistake is named with file, line, key and reason; what
// is printed loads back to the same.
#include "base/config.h"

#include "base/file.h"

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

struct sample {
    int64_t count;
    double rate;
    char *name, *kind, *place;
    struct config_ints list;
    char *words, *map;
};

static const struct config_key keys[] = {
    {"place", CONFIG_CHOICE, offsetof(struct sample, place), "here", 0, 0, "here|there",
     "", "of no section"},
    {"a.count", CONFIG_INT, offsetof(struct sample, count), "3", 1, 10, "", "things",
     "how many"},
    {"a.rate", CONFIG_FLOAT, offsetof(struct sample, rate), "0.5", 0, 1, "", "",
     "how fast"},
    {"b.name", CONFIG_STRING, offsetof(struct sample, name), "", 0, 0, "", "",
     "a name"},
    {"b.kind", CONFIG_CHOICE, offsetof(struct sample, kind), "red", 0, 0, "red|green",
     "", "of it"},
    {"b.list", CONFIG_INTS, offsetof(struct sample, list), "[4, 2]", 1, 9, "", "",
     "of numbers"},
    {"c.words", CONFIG_LIST, offsetof(struct sample, words), "[]", 0, 0, "", "",
     "a command"},
    {"c.map", CONFIG_MAP, offsetof(struct sample, map), "{}", 0, 0, "", "",
     "of anything"},
};
static const struct config_schema schema = {keys, sizeof keys / sizeof *keys};

static enum status load_text(struct sample *s, const char *text)
{
    char path[] = "/tmp/etreerpo-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_ok(file_write(path, text, strlen(text)));
    enum status st = config_load(&schema, s, path);
    (void)unlink(path);
    return st;
}

static void test_defaults_and_values(void **state)
{
    struct sample s = {0};
    (void)state;
    assert_ok(config_defaults(&schema, &s));
    assert_int_equal(s.count, 3);
    assert_string_equal(s.kind, "red");
    assert_int_equal(s.list.n, 2);
    assert_ok(
        load_text(&s, "a:\n  count: 7\nb:\n  list: [1, 2, 9]\n  name: \"x # y\"\n"));
    assert_int_equal(s.count, 7);
    assert_true(s.rate == 0.5);
    assert_int_equal(s.list.items[2], 9);
    assert_string_equal(s.name, "x # y");
    assert_ok(config_set(&schema, &s, "b.list=5,6"));
    assert_int_equal(s.list.items[1], 6);
    assert_ok(config_set(&schema, &s, "b.name=a=b"));
    assert_string_equal(s.name, "a=b");
    config_free(&schema, &s);
}

static void test_mistakes_are_named(void **state)
{
    static const struct {
        const char *text, *line, *words;
    } cases[] = {
        {"a:\n  cuont: 7\n", ":2:", "did you mean a.count?"},
        {"a:\n  count: 11\n",
         ":2:", "a.count: '11' is not a whole number from 1 to 10"},
        {"a:\n  count: 7x\n", ":2:", "'7x'"},
        {"a:\n  count: 99999999999999999999\n", ":2:", "a.count"},
        {"a:\n\n  rate: nan\n", ":3:", "a.rate: 'nan'"},
        {"a:\n  rate: 0.1\n  rate: 0.2\n", ":3:", "set twice"},
        {"b:\n  kind: blue\n", ":2:", "one of red|green"},
        {"b:\n  kind: re\n", ":2:", "'re'"},
        {"b:\n  list: []\n", ":2:", "b.list"},
        {"b:\n  list: [1, [2]]\n", ":2:", "plain values"},
        {"b:\n  list: [0]\n", ":2:", "b.list"},
        {"c:\n  words: 5\n", ":2:", "c.words: '5' is not a list"},
        {"c:\n  map: [1]\n", ":2:", "c.map"},
        {"c:\n  map: {a: *x}\n", ":2:", "c.map"},
        {"b: 5\n", ":1:", "lines must follow"},
        {"place: nowhere\n", ":1:", "place: 'nowhere' is not one of here|there"},
        {"\nplace:\n  x: 1\n", ":3:", "place: a value or a list must follow"},
        {"place: here\na:\n  count: 2\nplace: here\n", ":4:", "set twice"},
        {"a:\n  place: here\n", ":2:", "a.place: no such key"},
        {"- a\n", ":1:", "sections"},
        {"a:\n  count: [1\n", ":3:", ""},
        {"a:\n\tcount: 1\n", ":2:", ""},
        {"a:\n  count:\n    deep: 1\n", ":3:", "a value or a list must follow"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sample s = {0};
        assert_ok(config_defaults(&schema, &s));
        if (load_text(&s, cases[i].text) != ERR_INPUT)
            fail_msg("case %zu was taken", i);
        if (!strstr(status_message(), cases[i].line) ||
            !strstr(status_message(), cases[i].words))
            fail_msg("case %zu: %s", i, status_message());
        config_free(&schema, &s);
    }
}

// Whatever way they are written in, lists and maps are kept as JSON.
static void test_lists_and_maps(void **state)
{
    struct sample s = {0};
    (void)state;
    assert_ok(config_defaults(&schema, &s));
    assert_string_equal(s.words, "[]");
    assert_string_equal(s.map, "{}");
    assert_ok(load_text(&s,
                        "c:\n  words: [python3, 'a \\ \"b\"', \"5\", 5]\n"
                        "  map:\n    on: true\n    deep: {x: [1, -0.5, 007, ~]}\n"));
    assert_string_equal(s.words, "[\"python3\",\"a \\\\ \\\"b\\\"\",\"5\",5]");
    assert_string_equal(s.map, "{\"on\":true,\"deep\":{\"x\":[1,-0.5,\"007\",\"~\"]}}");
    assert_ok(config_set(&schema, &s, "c.words=[a, b: c]"));
    assert_string_equal(s.words, "[\"a\",{\"b\":\"c\"}]");
    assert_ok(config_set(&schema, &s, "c.map={question: problem, n: null}"));
    assert_string_equal(s.map, "{\"question\":\"problem\",\"n\":null}");
    static const char *const bad[] = {
        "c.words=a",      "c.words={a: b}",
        "c.map=[a]",      "c.map={a",
        "c.map=",         "c.words=[*a]",
        "c.map={[a]: b}", "c.words=[[[[[[[[[[1]]]]]]]]]]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (config_set(&schema, &s, bad[i]) != ERR_INPUT)
            fail_msg("%s was taken", bad[i]);
        if (!strstr(status_message(), "c."))
            fail_msg("%s: %s", bad[i], status_message());
    }
    assert_string_equal(s.words, "[\"a\",{\"b\":\"c\"}]");
    config_free(&schema, &s);
}

static void test_bad_arguments(void **state)
{
    struct sample s = {0};
    (void)state;
    assert_ok(config_defaults(&schema, &s));
    assert_int_equal(config_set(&schema, &s, "a.count"), ERR_INPUT);
    assert_int_equal(config_set(&schema, &s, "a.count="), ERR_INPUT);
    assert_int_equal(config_set(&schema, &s, "=3"), ERR_INPUT);
    assert_int_equal(config_load(&schema, &s, "/nowhere/x.yaml"), ERR_INPUT);
    assert_non_null(strstr(status_message(), "/nowhere/x.yaml"));
    assert_int_equal(s.count, 3);
    config_free(&schema, &s);
}

static void test_print_loads_back(void **state)
{
    struct sample s = {0}, back = {0};
    struct buf first = {0}, second = {0}, table = {0};
    (void)state;
    assert_ok(config_defaults(&schema, &s));
    assert_ok(config_set(&schema, &s, "a.rate=0.1"));
    assert_ok(config_set(&schema, &s, "place=there"));
    assert_ok(config_set(&schema, &s, "b.name=tab\there \"and\" \\ there\n"));
    assert_ok(config_set(&schema, &s, "c.words=[a, \"x\\ty # z\", 1]"));
    assert_ok(config_print(&schema, &s, &first));
    assert_ok(config_defaults(&schema, &back));
    assert_ok(load_text(&back, buf_cstr(&first)));
    assert_true(back.rate == s.rate);
    assert_string_equal(back.place, "there");
    assert_string_equal(back.name, s.name);
    assert_string_equal(back.words, s.words);
    assert_ok(config_print(&schema, &back, &second));
    assert_string_equal(buf_cstr(&first), buf_cstr(&second));
    assert_ok(config_describe(&schema, &table));
    for (size_t i = 0; i < schema.n; i++)
        assert_non_null(strstr(buf_cstr(&table), keys[i].name));
    buf_free(&first);
    buf_free(&second);
    buf_free(&table);
    config_free(&schema, &s);
    config_free(&schema, &back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_and_values),
        cmocka_unit_test(test_mistakes_are_named),
        cmocka_unit_test(test_lists_and_maps),
        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_print_loads_back),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}

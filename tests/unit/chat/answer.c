// The answer of the Python program is as hostile as a template that took it over.
#include "chat_test.h"

#include "base/mem.h"
#include "chat/exchange.h"

static const struct chat_template template = {(char *)"x", (char *)"x.jinja",
                                              (char *)"{\"bos_token\": \"<s>\"}"};
static const struct chat_turn turns[] = {{"a", "b"}, {"c", NULL}};
static const struct chat_request request = {.template = &template,
                                            .kwargs = "{\"k\": 1}",
                                            .date = "2025-01-02",
                                            .turns = turns,
                                            .n_turns = 2};

static enum status read_text(const char *text, struct chat_rendering *out)
{
    struct buf answer = {0};
    buf_str(&answer, text);
    *out = (struct chat_rendering){0};
    enum status st = chat_read_answer(out, &request, &answer);
    buf_free(&answer);
    return st;
}

static const char good[] = "{\"head\": \"h\", \"asks\": [\"1\", \"\"], \"wholes\": "
                           "[\"\\u0000é\"], \"refusal\": null}";

static void test_good(void **state)
{
    struct chat_rendering r;
    struct buf text = {0};
    (void)state;
    assert_ok(read_text(good, &r));
    chat_append_text(&text, &r.asks, 0);
    chat_append_text(&text, &r.asks, 1);
    chat_append_text(&text, &r.wholes, 0);
    assert_int_equal(text.len, 7);
    assert_memory_equal(text.data, "h1hh\0é", 7);
    assert_true(chat_has_text(&r.wholes, 0));
    assert_false(chat_has_text(&r.wholes, 1));
    assert_false(chat_has_text(&r.asks, 2));
    assert_null(r.refusal);
    buf_free(&text);
    chat_rendering_free(&r);
    assert_ok(read_text("{\"head\": \"\", \"asks\": [\"1\", \"2\"], \"wholes\": "
                        "[null], \"refusal\": \"why\"}",
                        &r));
    assert_false(chat_has_text(&r.wholes, 0));
    assert_string_equal(r.refusal, "why");
    chat_rendering_free(&r);
}

static void test_bad(void **state)
{
    static const struct {
        const char *text;
        enum status status;
    } cases[] = {
        {"", ERR_PROTOCOL},
        {"{", ERR_PROTOCOL},
        {"[]", ERR_PROTOCOL},
        {"{}", ERR_PROTOCOL},
        {"{\"error\": \"line 1: no\"}", ERR_INPUT},
        {"{\"head\": 1, \"asks\": [\"1\", \"2\"], \"wholes\": [\"3\"]}", ERR_PROTOCOL},
        {"{\"head\": \"\", \"asks\": [\"1\"], \"wholes\": [\"3\"]}", ERR_PROTOCOL},
        {"{\"head\": \"\", \"asks\": [\"1\", null], \"wholes\": [\"3\"]}",
         ERR_PROTOCOL},
        {"{\"head\": \"\", \"asks\": [\"1\", 2], \"wholes\": [\"3\"]}", ERR_PROTOCOL},
        {"{\"head\": \"\", \"asks\": [\"1\", \"2\", \"3\"], \"wholes\": [\"3\"]}",
         ERR_PROTOCOL},
        {"{\"head\": \"\", \"asks\": [\"1\", \"2\"], \"wholes\": []}", ERR_PROTOCOL},
        {"{\"head\": \"\", \"asks\": [\"1\", \"2\"], \"wholes\": [\"3\", \"4\"]}",
         ERR_PROTOCOL},
        {"{\"head\": \"\", \"asks\": {}, \"wholes\": [\"3\"]}", ERR_PROTOCOL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct chat_rendering r;
        if (read_text(cases[i].text, &r) != cases[i].status)
            fail_msg("%s: %s", cases[i].text, status_message());
        chat_rendering_free(&r);
    }
}

// Any allocation may fail; nothing is lost or left half made.
static void test_no_memory(void **state)
{
    enum status st = ERR_NOMEM;
    long n = 0;
    (void)state;
    while (st != OK) {
        struct chat_rendering r;
        struct buf question = {0}, answer = {0};
        buf_str(&answer, good);
        r = (struct chat_rendering){0};
        mem_fail_nth(++n);
        st = chat_write_request(&question, &request);
        if (st == OK)
            st = chat_read_answer(&r, &request, &answer);
        mem_fail_nth(0);
        assert_true(st == OK || st == ERR_NOMEM);
        chat_rendering_free(&r);
        buf_free(&question);
        buf_free(&answer);
    }
    assert_in_range(n, 4, 100);
}

static void test_request(void **state)
{
    struct chat_request r = request;
    struct buf out = {0};
    (void)state;
    assert_ok(chat_write_request(&out, &r));
    json_t *root = json_loads(buf_cstr(&out), 0, NULL);
    assert_non_null(root);
    const json_t *variables = json_object_get(root, "variables");
    assert_string_equal(string_at(variables, "bos_token"), "<s>");
    assert_int_equal(json_integer_value(json_object_get(variables, "k")), 1);
    json_decref(root);
    r.date = "soon";
    assert_int_equal(chat_write_request(&out, &r), ERR_INPUT);
    r = request;
    r.turns = (const struct chat_turn[]){{"a", NULL}, {"\xc3(", NULL}};
    assert_int_equal(chat_write_request(&out, &r), ERR_INPUT);
    assert_non_null(strstr(status_message(), "not UTF-8"));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

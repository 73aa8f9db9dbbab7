// Templates rendered: byte for byte what transformers made of them, and whatever a
// template does ends by name.
#include "chat/render.h"

#include "chat_test.h"

#include "base/clock.h"

#include <sys/stat.h>
#include <unistd.h>

enum { MAX_MESSAGES = 8, MAX_TURNS = 8 };

// Machines of the tests may lack namespaces.
static const struct chat_runner anywhere = {.accept_no_sandbox = 1};

struct golden {
    json_t *root;
    struct chat_turn turns[MAX_TURNS];
    size_t n_turns;
};

static int read_golden(void **state)
{
    static struct golden g;
    g.root = json_load_file(TEST_DATA "/chat/expected.json", 0, NULL);
    assert_non_null(g.root);
    const json_t *turns = json_object_get(g.root, "turns");
    g.n_turns = json_array_size(turns);
    assert_in_range(g.n_turns, 3, MAX_TURNS);
    for (size_t i = 0; i < g.n_turns; i++) {
        const json_t *turn = json_array_get(turns, i);
        g.turns[i] = (struct chat_turn){json_string_value(json_array_get(turn, 0)),
                                        json_string_value(json_array_get(turn, 1))};
    }
    *state = &g;
    return 0;
}

static int drop_golden(void **state)
{
    json_decref(((struct golden *)*state)->root);
    return 0;
}

static size_t read_head(const struct golden *g, const json_t *c,
                        struct chat_message *out)
{
    const json_t *head =
        json_object_get(json_object_get(g->root, "heads"), string_at(c, "head"));
    for (size_t i = 0; i < json_array_size(head); i++) {
        const json_t *message = json_array_get(head, i);
        assert_in_range(i, 0, MAX_MESSAGES - 1);
        out[i] = (struct chat_message){string_at(message, "role"),
                                       string_at(message, "content")};
    }
    return json_array_size(head);
}

static void expect_text(const json_t *c, const struct chat_texts *t, size_t i,
                        const char *expected, size_t len)
{
    struct buf text = {0};
    assert_true(chat_has_text(t, i));
    chat_append_text(&text, t, i);
    if (text.len != len || memcmp(buf_cstr(&text), expected, len) != 0)
        fail_msg("%s, head \"%s\", turn %zu:\n%s\nexpected:\n%s",
                 string_at(c, "template"), string_at(c, "head"), i, buf_cstr(&text),
                 expected);
    buf_free(&text);
}

// "+" and what follows the prompt, or "=" and the whole text.
static void expect_whole(const json_t *c, const struct chat_rendering *r, size_t i,
                         const char *expected)
{
    struct buf text = {0};
    if (!expected) {
        assert_false(chat_has_text(&r->wholes, i));
        return;
    }
    if (*expected == '+')
        chat_append_text(&text, &r->asks, i);
    buf_str(&text, expected + 1);
    expect_text(c, &r->wholes, i, buf_cstr(&text), text.len);
    buf_free(&text);
}

static void expect_refusal(const json_t *c, enum status st)
{
    static const char *const own[] = {"error-namespace.jinja", "error-dict.jinja"};
    const char *name = string_at(c, "template"), *error = string_at(c, "error");
    assert_int_equal(st, ERR_INPUT);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(name, own[i]) == 0)
            return; // in words of our own
    if (!strstr(status_message(), error) || !strstr(status_message(), name))
        fail_msg("%s: \"%s\", expected \"%s\"", name, status_message(), error);
}

static void check_case(const struct golden *g, const json_t *c)
{
    struct chat_template t = {0};
    struct chat_message head[MAX_MESSAGES];
    struct chat_rendering r = {0};
    char path[512], *kwargs = json_dumps(json_object_get(c, "kwargs"), 0);
    (void)snprintf(path, sizeof path, TEST_DATA "/chat/%s", string_at(c, "template"));
    assert_ok(chat_template_find(&t, "/nowhere", path));
    free(t.tokens);
    t.tokens = json_dumps(json_object_get(c, "tokens"), 0);
    const struct chat_request request = {.template = &t,
                                         .kwargs = kwargs,
                                         .date = string_at(g->root, "date"),
                                         .head = head,
                                         .n_head = read_head(g, c, head),
                                         .turns = g->turns,
                                         .n_turns = g->n_turns};
    enum status st = chat_render(&r, &request, &anywhere);
    if (string_at(c, "error")) {
        expect_refusal(c, st);
    } else {
        if (st != OK)
            fail_msg("%s", status_message());
        for (size_t i = 0; i < g->n_turns; i++) {
            const json_t *ask = json_array_get(json_object_get(c, "asks"), i);
            const json_t *whole = json_array_get(json_object_get(c, "wholes"), i);
            expect_text(c, &r.asks, i, json_string_value(ask), json_string_length(ask));
            expect_whole(c, &r, i, json_string_value(whole));
        }
    }
    chat_rendering_free(&r);
    chat_template_free(&t);
    free(kwargs);
}

static void test_as_transformers(void **state)
{
    const struct golden *g = *state;
    const json_t *cases = json_object_get(g->root, "texts");
    assert_true(json_array_size(cases) >= 80);
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_case(g, json_array_get(cases, i));
}

// ---- what a template may not do

static enum status render_text(const char *text, const char *kwargs,
                               const struct chat_runner *how, struct buf *out)
{
    const struct chat_template t = {(char *)text, (char *)"a.jinja", (char *)"{}"};
    const struct chat_turn turn = {"q", NULL};
    const struct chat_request request = {.template = &t,
                                         .kwargs = kwargs,
                                         .date = "2025-01-01",
                                         .turns = &turn,
                                         .n_turns = 1};
    struct chat_rendering r = {0};
    TRY(chat_render(&r, &request, how));
    chat_append_text(out, &r.asks, 0);
    chat_rendering_free(&r);
    return OK;
}

static void test_hostile(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor "
         "%}",
         "does not end within 3.0 s"},
        {"{{ 3 ** 999999999 % 7 }}", "does not end within 3.0 s"},
        {"{% for i in range(99999) %}{{ 'a' * 999 }}{% endfor %}",
         "a text of more than 4194304 bytes"},
        {"{{ 'a' * 10 ** 11 }}", "more memory"},
        {"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "calls itself too deeply"},
        {"\n\n{{ ''.__class__.__mro__ }}", "a.jinja: line 3: access to attribute"},
        {"{{ cycler.__init__.__globals__.os.system('touch /tmp/x') }}", "unsafe"},
        {"{{ lipsum.__globals__['os'].popen('id').read() }}", "line 1:"},
        {"{{ ''|attr('__class__') }}{{ raise_exception('attr') }}", "attr"},
        {"{% import 'os' as os %}{{ os.getcwd() }}", "no loader"},
        {"{% include '/etc/passwd' %}", "no loader"},
        {"{{ '\\ud800' }}", "no Unicode text"},
        {"{% for m in messages %}{{ m.content.upper }", "line 1"},
        {"{{ messages[0].update(a=1) }}", "unsafe"},
        {"{{ strftime_now(1) }}", "line 1:"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct chat_runner soon = {
            .accept_no_sandbox = 1,
            .timeout_ms = strstr(cases[i].words, "3.0 s") ? 3000 : 60000};
        struct buf out = {0};
        int64_t began_ms = clock_ms();
        enum status st = render_text(cases[i].text, "{}", &soon, &out);
        if (st != ERR_INPUT || !strstr(status_message(), cases[i].words))
            fail_msg("%s: status %d, %s%s", cases[i].text, st, status_message(),
                     buf_cstr(&out));
        assert_true(clock_ms() - began_ms < 60000);
        buf_free(&out);
    }
}

static void test_settings(void **state)
{
    struct buf out = {0};
    (void)state;
    assert_ok(render_text("{{ a.b[1] }}{{ c is none }}{{ d }}",
                          "{\"a\": {\"b\": [0, \"\\u00e9\"]}, \"c\": null, \"d\": 1.5}",
                          &anywhere, &out));
    assert_string_equal(buf_cstr(&out), "éTrue1.5");
    assert_int_equal(render_text("x", "{\"messages\": []}", &anywhere, &out),
                     ERR_INPUT);
    assert_non_null(strstr(status_message(), "messages is set by the program"));
    assert_int_equal(render_text("x", "{\"tools\": []}", &anywhere, &out), ERR_INPUT);
    assert_int_equal(render_text("\xff", "{}", &anywhere, &out), ERR_INPUT);
    assert_non_null(strstr(status_message(), "not UTF-8"));
    buf_free(&out);
}

// A zero byte is a character like others, and an empty text is a text.
static void test_bytes(void **state)
{
    struct buf out = {0};
    (void)state;
    assert_ok(render_text("a{{ '\\x00' }}b", "{}", &anywhere, &out));
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.data, "a\0b", 3);
    buf_clear(&out);
    assert_ok(render_text("{# nothing #}", "{}", &anywhere, &out));
    assert_int_equal(out.len, 0);
    buf_free(&out);
}

// ---- what may be missing here

static void write_script(char *path, const char *text)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0755), 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

static void expect_message(const struct chat_runner *how, const char *words)
{
    struct buf out = {0};
    enum status st = render_text("x", "{}", how, &out);
    if (st != ERR_INPUT || !strstr(status_message(), words))
        fail_msg("status %d: %s, expected %s", st, status_message(), words);
    buf_free(&out);
}

static void test_missing(void **state)
{
    char no_site[] = "/tmp/etreerpo-python-XXXXXX", refuses[] = "/tmp/etreerpo-XXXXXX";
    struct buf out = {0};
    (void)state;
    write_script(no_site, "#!/bin/sh\nexec /usr/bin/python3 -S \"$@\"\n");
    write_script(refuses, "#!/bin/sh\necho 'bwrap: No permissions' >&2\nexit 1\n");
    // Without bubblewrap, where that is accepted.
    expect_message(&(struct chat_runner){.bwrap = "/nowhere/bwrap"},
                   "no sandbox for the template: chat template: No such file");
    expect_message(&(struct chat_runner){.bwrap = refuses},
                   "No permissions; exit status 1 (judge.sandbox=weak does without)");
    const struct chat_runner weak = {.bwrap = refuses, .accept_no_sandbox = 1};
    assert_ok(render_text("{{ messages[0].content }}", "{}", &weak, &out));
    assert_string_equal(buf_cstr(&out), "q");
    // Without Jinja2, without Python.
    expect_message(&(struct chat_runner){.bwrap = refuses,
                                         .accept_no_sandbox = 1,
                                         .python = no_site},
                   "python3-jinja2");
    expect_message(&(struct chat_runner){.bwrap = refuses,
                                         .accept_no_sandbox = 1,
                                         .python = "/nowhere/python3"},
                   "packages python3 and python3-jinja2");
    buf_free(&out);
    assert_int_equal(unlink(no_site), 0);
    assert_int_equal(unlink(refuses), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_as_transformers, read_golden, drop_golden),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

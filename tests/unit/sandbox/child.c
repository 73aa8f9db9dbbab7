// Children: what they say comes back whole, whatever they do ends at a deadline, and
// the sandbox shows them nothing of this machine.
#include "sandbox/child.h"

#include "base/clock.h"

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

enum { LONG_MS = 60000, MANY_BYTES = 1 << 24 };

static enum status shell(const char *script, int sandboxed, int64_t timeout_ms,
                         size_t most_bytes, const struct buf *in, struct buf *out)
{
    struct child_spec s;
    const char *const words[] = {"/usr/bin/sh", "-c", script, NULL};
    child_spec_init(&s, "test");
    if (sandboxed)
        assert_ok(child_spec_sandbox(&s, NULL, NULL));
    assert_ok(child_spec_add(&s, words));
    return child_exchange(&s, (const char *)in->data, in->len, timeout_ms, most_bytes,
                          out);
}

static void test_everything_comes_back(void **state)
{
    struct buf in = {0}, out = {0};
    (void)state;
    for (int i = 0; i < 200000; i++) // far beyond what a pipe holds
        buf_printf(&in, "line %d\n", i);
    buf_str(&out, "before ");
    assert_ok(shell("cat", 0, LONG_MS, MANY_BYTES, &in, &out));
    assert_int_equal(out.len, in.len + 7);
    assert_memory_equal(out.data + 7, in.data, in.len);
    buf_clear(&out);
    assert_ok(shell("echo it does not read", 0, LONG_MS, MANY_BYTES, &in, &out));
    assert_string_equal(buf_cstr(&out), "it does not read\n");
    buf_free(&in);
    buf_free(&out);
}

static void test_failures_are_named(void **state)
{
    static const struct {
        const char *script;
        enum status status;
        const char *words;
    } cases[] = {
        {"echo first >&2; echo last >&2; exit 3", ERR_IO, "test: last; exit status 3"},
        {"kill -9 $$", ERR_IO, "ended by signal 9"},
        {"exec sleep 1000", ERR_TIMEOUT, "test: no end within 0.3 s"},
        {"exec >&-; exec sleep 1000", ERR_TIMEOUT, "no end"},
        {"yes", ERR_LIMIT, "more than 1000 bytes"},
        {"exec /nowhere/program", ERR_IO, "exit status 127"},
    };
    const struct buf none = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = {0};
        int64_t ms = cases[i].status == ERR_TIMEOUT ? 300 : LONG_MS;
        assert_int_equal(shell(cases[i].script, 0, ms, 1000, &none, &out),
                         cases[i].status);
        if (!strstr(status_message(), cases[i].words))
            fail_msg("%s: %s", cases[i].script, status_message());
        buf_free(&out);
    }
    struct child_spec s;
    const char *const absent[] = {"/nowhere/program", NULL};
    struct buf out = {0};
    child_spec_init(&s, "test");
    assert_ok(child_spec_add(&s, absent));
    assert_int_equal(child_exchange(&s, "", 0, LONG_MS, 10, &out), ERR_IO);
    assert_non_null(strstr(status_message(), "No such file"));
    buf_free(&out);
}

// What a child starts ends with it.
static void test_nobody_is_left(void **state)
{
    const struct buf none = {0};
    struct buf out = {0};
    (void)state;
    assert_ok(shell("sleep 1000 >/dev/null & echo $!", 0, LONG_MS, 100, &none, &out));
    pid_t pid = (pid_t)atoi(buf_cstr(&out));
    assert_true(pid > 0);
    int64_t until_ms = clock_ms() + LONG_MS;
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    for (int gone = 0; !gone;) { // or a zombie that nobody has waited for
        char text[256] = "";
        FILE *file = fopen(path, "r");
        gone = !file || !fgets(text, sizeof text, file) || strstr(text, ") Z") != NULL;
        if (file)
            (void)fclose(file);
        assert_true(clock_ms() < until_ms);
    }
    buf_free(&out);
}

static void test_the_sandbox_shows_nothing(void **state)
{
    const struct buf none = {0};
    struct buf out = {0};
    (void)state;
    enum status st = shell("ls / /tmp; cat /etc/passwd || echo hidden; "
                           "echo x >/usr/x || echo kept; echo x >/tmp/x || echo kept; "
                           "id -u; ls /proc || echo alone",
                           1, LONG_MS, MANY_BYTES, &none, &out);
    if (st != OK && strstr(status_message(), "namespace"))
        skip(); // no user namespaces here
    assert_ok(st);
    const char *text = buf_cstr(&out);
    assert_null(strstr(text, "root:"));
    assert_null(strstr(text, "work"));
    assert_null(strstr(text, "\n0\n"));
    assert_non_null(strstr(text, "hidden\nkept\nkept\n"));
    assert_non_null(strstr(text, "alone\n"));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_comes_back),
        cmocka_unit_test(test_failures_are_named),
        cmocka_unit_test(test_nobody_is_left),
        cmocka_unit_test(test_the_sandbox_shows_nothing),
    };
    return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}

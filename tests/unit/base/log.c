// Log lines: the levels, the rank, and lines that stay whole.
#include "base/log.h"

#include "base_test.h"

#include "base/buf.h"
#include "base/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct capture {
    char path[64];
    int standard_error; // as it was
};

static void capture_begin(struct capture *c)
{
    (void)snprintf(c->path, sizeof c->path, "/tmp/etreerpo-log-XXXXXX");
    int fd = mkstemp(c->path);
    assert_true(fd >= 0);
    c->standard_error = dup(STDERR_FILENO);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    (void)close(fd);
}

static void capture_end(struct capture *c, struct buf *out)
{
    (void)fflush(stderr);
    assert_true(dup2(c->standard_error, STDERR_FILENO) >= 0);
    (void)close(c->standard_error);
    *out = (struct buf){0};
    assert_ok(file_read(out, c->path, 1 << 24));
    assert_int_equal(unlink(c->path), 0);
}

static void expect_match(const char *text, const char *pattern)
{
    regex_t r;
    assert_int_equal(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB), 0);
    int found = regexec(&r, text, 0, NULL, 0) == 0;
    regfree(&r);
    if (!found)
        fail_msg("\"%s\" does not match %s", text, pattern);
}

#define CLOCK "^[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}"

static void a_line_has_time_rank_level_and_text(void **state)
{
    (void)state;
    struct capture c;
    struct buf out;
    log_setup(3, LOG_INFO);
    capture_begin(&c);
    log_warn("lease %d of %s", 7, "rank 2");
    capture_end(&c, &out);
    expect_match(buf_cstr(&out), CLOCK " rank 3 warn: lease 7 of rank 2\n$");
    buf_free(&out);
    log_setup(-1, LOG_INFO);
    capture_begin(&c);
    log_error("%s", "disk full");
    capture_end(&c, &out);
    expect_match(buf_cstr(&out), CLOCK " error: disk full\n$");
    buf_free(&out);
}

static void lower_levels_are_silent(void **state)
{
    (void)state;
    static const int lines[] = {4, 3, 2, 1};
    for (int least = LOG_DEBUG; least <= LOG_ERROR; least++) {
        struct capture c;
        struct buf out;
        int found = 0;
        log_setup(-1, (enum log_level)least);
        capture_begin(&c);
        log_debug("x");
        log_info("x");
        log_warn("x");
        log_error("x");
        capture_end(&c, &out);
        for (size_t i = 0; i < out.len; i++)
            found += out.data[i] == '\n';
        assert_int_equal(found, lines[least]);
        buf_free(&out);
    }
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    char lengthy[10000];
    struct capture c;
    struct buf out;
    memset(lengthy, 'x', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = 0;
    log_setup(0, LOG_INFO);
    capture_begin(&c);
    log_info("%s", lengthy);
    capture_end(&c, &out);
    assert_true(out.len > 1000 && out.len < 3000);
    assert_int_equal(out.data[out.len - 1], '\n');
    buf_free(&out);
}

enum { THREADS = 4, LINES = 200 };

static void *write_lines(void *letter)
{
    char text[101];
    memset(text, *(const char *)letter, 100);
    text[100] = 0;
    for (int i = 0; i < LINES; i++)
        log_info("%s", text);
    return NULL;
}

static void lines_of_threads_stay_whole(void **state)
{
    (void)state;
    static const char letters[THREADS] = {'a', 'b', 'c', 'd'};
    pthread_t threads[THREADS];
    struct capture c;
    struct buf out;
    int lines = 0;
    log_setup(0, LOG_INFO);
    capture_begin(&c);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines,
                                        (void *)(uintptr_t)&letters[i]),
                         0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    capture_end(&c, &out);
    char *rest = NULL;
    for (char *line = strtok_r((char *)out.data, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        expect_match(line, CLOCK " rank 0 info: (a{100}|b{100}|c{100}|d{100})$");
        lines++;
    }
    assert_int_equal(lines, THREADS * LINES);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_rank_level_and_text),
        cmocka_unit_test(lower_levels_are_silent),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(lines_of_threads_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

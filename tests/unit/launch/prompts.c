// Prompts and replies as the policy sees them.
// cmocka.h needs the standard headers before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
// clang-format on
#include "launch/prompts.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

static struct problem word_problem = {.question = (char *)"1+1?",
                                      .solution = (char *)"1+1=2\n#### 2",
                                      .answer = (char *)"2",
                                      .verifier = VERIFIER_NUMBER};
static struct problem function = {.question = (char *)"def f(x):\n",
                                  .solution = (char *)"    return x\n",
                                  .answer = (char *)"{}",
                                  .verifier = VERIFIER_CODE,
                                  .continues = 1};

struct fixture {
    struct settings settings;
    struct tokenizer *tokenizer;
    struct prompts prompts;
};

static void fixture_make(struct fixture *f, int argc, char **argv)
{
    struct buf alphabet = {0};
    *f = (struct fixture){0};
    for (int c = 1; c < 128; c++)
        buf_char(&alphabet, (char)c);
    assert_ok(tokenizer_of_alphabet(&f->tokenizer, buf_cstr(&alphabet), alphabet.len));
    assert_ok(settings_load(&f->settings, NULL, argc, argv));
    assert_ok(prompts_open(&f->prompts, &f->settings, f->tokenizer, "/nowhere"));
    buf_free(&alphabet);
}

static void fixture_free(struct fixture *f)
{
    prompts_close(&f->prompts);
    tokenizer_free(f->tokenizer);
    settings_free(&f->settings);
}

static void expect(const struct fixture *f, const struct tokens *ids, const char *text)
{
    struct buf got = {0};
    assert_ok(tokenizer_decode(f->tokenizer, ids->ids, ids->len, &got));
    assert_string_equal(buf_cstr(&got), text);
    buf_free(&got);
}

static void expect_ask(const struct fixture *f, const struct problem *p,
                       const char *text)
{
    struct tokens ids = {0};
    assert_ok(prompts_ask(&f->prompts, p, &ids));
    expect(f, &ids, text);
    tokens_free(&ids);
}

// A solution that begins as the prompt ends is taught from there on.
static void test_prefill_is_told_once(void **state)
{
    static const struct {
        const char *prefill, *rest;
    } cases[] = {{"prompt.prefill=1+1=", "2\n#### 2"},
                 {"prompt.prefill=", "1+1=2\n#### 2"},
                 {"prompt.prefill=1+1=2\n#### 2", ""},
                 {"prompt.prefill=1+1=2\n#### 23", "1+1=2\n#### 2"},
                 {"prompt.prefill=So", "1+1=2\n#### 2"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct tokens ids = {0};
        char *set[] = {(char *)"prompt.template=none", (char *)cases[i].prefill};
        fixture_make(&f, 2, set);
        assert_ok(prompts_tell(&f.prompts, &word_problem, &ids));
        expect(&f, &ids, cases[i].rest);
        tokens_free(&ids);
        fixture_free(&f);
    }
}

static void test_plain(void **state)
{
    struct fixture f;
    struct tokens ids = {0};
    (void)state;
    fixture_make(&f, 0, NULL);
    expect_ask(&f, &word_problem, "1+1?\n");
    expect_ask(&f, &function, "def f(x):\n");
    assert_ok(prompts_tell(&f.prompts, &word_problem, &ids));
    expect(&f, &ids, "1+1=2\n#### 2");
    assert_int_equal(prompts_end(&f.prompts), -1);
    tokens_free(&ids);
    fixture_free(&f);
}

static void test_instruction(void **state)
{
    char *argv[] = {(char *)"prompt.system=Be exact.",
                    (char *)"prompt.instruction=End with a number.",
                    (char *)"prompt.prefill=So "};
    struct fixture f;
    (void)state;
    fixture_make(&f, 3, argv);
    expect_ask(&f, &word_problem, "Be exact.\n\n1+1?\n\nEnd with a number.\nSo ");
    // A function's text goes on where it stops: nothing may come between.
    expect_ask(&f, &function, "Be exact.\n\ndef f(x):\nSo ");
    fixture_free(&f);
}

static void test_examples(void **state)
{
    char path[] = "/tmp/etreerpo-prompts-XXXXXX", setting[128];
    static const char rows[] = "{\"question\": \"a\", \"answer\": \"#### 0\"}\n"
                               "{\"question\": \"2+2?\", \"answer\": \"#### 4\"}\n";
    struct fixture f;
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_ok(file_write(path, rows, sizeof rows - 1));
    (void)snprintf(setting, sizeof setting, "prompt.examples=%s[1:]", path);
    char *argv[] = {setting};
    fixture_make(&f, 1, argv);
    expect_ask(&f, &word_problem, "2+2?\n#### 4\n\n1+1?\n");
    fixture_free(&f);
    assert_int_equal(unlink(path), 0);
}

static void test_no_solution(void **state)
{
    struct problem bare = word_problem;
    struct fixture f;
    struct tokens ids = {0};
    (void)state;
    bare.solution = (char *)"";
    fixture_make(&f, 0, NULL);
    assert_int_equal(prompts_tell(&f.prompts, &bare, &ids), ERR_INPUT);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefill_is_told_once),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_instruction),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_no_solution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

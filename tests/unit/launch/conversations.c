// Conversations: the ids are transformers', a reply ends and is taught as the template
// renders it, the day stays the run's.
// cmocka.h needs the standard headers before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
// clang-format on
#include "base/file.h"
#include "launch/prompt_date.h"
#include "launch/prompts.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

enum { MAX_TURNS = 8 };

// A checkpoint's folder without its model, and what is asked of it.
struct fixture {
    char folder[64];
    struct settings settings;
    struct tokenizer *tokenizer;
    struct prompts prompts;
};

static void copy_file(const char *from, const char *folder, const char *name)
{
    struct buf text = {0};
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(file_read(&text, from, 1 << 20));
    assert_ok(file_write(path, text.data, text.len));
    buf_free(&text);
}

static void set_setting(char *out, size_t size, const char *key, const char *value)
{
    (void)snprintf(out, size, "%s=%s", key, value);
}

// `template`: a file of tests/data/chat.
static void fixture_make(struct fixture *f, const char *family, const char *template,
                         const char *config, const char *const *more, int n_more)
{
    char path[512], words[8][256];
    char *argv[8];
    *f = (struct fixture){.folder = "/tmp/etreerpo-prompts-XXXXXX"};
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(path, sizeof path, TEST_DATA "/text/families/%s/tokenizer.json",
                   family);
    copy_file(path, f->folder, "tokenizer.json");
    (void)snprintf(path, sizeof path, TEST_DATA "/chat/%s", template);
    if (*template)
        copy_file(path, f->folder, "chat_template.jinja");
    (void)snprintf(path, sizeof path, "%s/tokenizer_config.json", f->folder);
    assert_ok(file_write(path, config, strlen(config)));
    set_setting(words[0], sizeof words[0], "data.tokenizer", f->folder);
    set_setting(words[1], sizeof words[1], "prompt.date", "2025-03-09");
    set_setting(words[2], sizeof words[2], "judge.sandbox", "weak");
    for (int i = 0; i < n_more; i++)
        (void)snprintf(words[3 + i], sizeof words[0], "%s", more[i]);
    for (int i = 0; i < 3 + n_more; i++)
        argv[i] = words[i];
    assert_ok(settings_load(&f->settings, NULL, 3 + n_more, argv));
    assert_ok(tokenizer_load(&f->tokenizer, f->folder));
    assert_ok(prompts_open(&f->prompts, &f->settings, f->tokenizer, f->folder));
}

static void fixture_free(struct fixture *f)
{
    prompts_close(&f->prompts);
    tokenizer_free(f->tokenizer);
    settings_free(&f->settings);
    assert_ok(file_remove_tree(f->folder));
}

static struct problem problem_of(const char *question, const char *solution)
{
    return (struct problem){.question = (char *)question,
                            .solution = (char *)solution,
                            .answer = (char *)"",
                            .verifier = VERIFIER_NUMBER};
}

static void expect_ids(const struct fixture *f, const struct problem *p,
                       const json_t *expected, const char *name)
{
    struct tokens ids = {0};
    assert_ok(prompts_ask(&f->prompts, p, &ids));
    if (ids.len != json_array_size(expected))
        fail_msg("%s: %zu ids, expected %zu", name, ids.len, json_array_size(expected));
    for (size_t i = 0; i < ids.len; i++)
        if (ids.ids[i] != json_integer_value(json_array_get(expected, i)))
            fail_msg("%s: id %zu is %d", name, i, ids.ids[i]);
    tokens_free(&ids);
}

static void check_ids(const json_t *c, const struct dataset *set)
{
    const json_t *ids = json_object_get(c, "ids");
    const char *family = json_string_value(json_object_get(c, "family"));
    const char *template = json_string_value(json_object_get(c, "template"));
    char *config = json_dumps(json_object_get(c, "tokens"), 0), name[128];
    struct fixture f;
    (void)snprintf(name, sizeof name, "%s, %s", family, template);
    fixture_make(&f, family, template, config, NULL, 0);
    assert_ok(prompts_render(&f.prompts, &(struct conversations_set){.set = set}, 1));
    assert_int_equal(json_array_size(ids), set->n);
    for (size_t i = 0; i < set->n; i++)
        expect_ids(&f, &set->problems[i], json_array_get(ids, i), name);
    fixture_free(&f);
    free(config);
}

static void test_ids_as_transformers(void **state)
{
    json_t *root = json_load_file(TEST_DATA "/chat/expected.json", 0, NULL);
    const json_t *turns = json_object_get(root, "turns");
    const json_t *cases = json_object_get(root, "ids");
    struct problem problems[MAX_TURNS];
    struct dataset set = {.problems = problems, .n = json_array_size(turns)};
    (void)state;
    assert_in_range(set.n, 3, MAX_TURNS);
    assert_true(json_array_size(cases) >= 17);
    for (size_t i = 0; i < set.n; i++)
        problems[i] = problem_of(
            json_string_value(json_array_get(json_array_get(turns, i), 0)), "");
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_ids(json_array_get(cases, i), &set);
    json_decref(root);
}

// ---- where a reply ends, and what sft teaches

static const char sentence[] = "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\"}";
static const char endoftext[] = "{\"eos_token\": \"<|endoftext|>\"}";
static const char no_think[] = "prompt.template_kwargs={enable_thinking: false}";

// The ids of a reply are those of this text, and no other token ends it.
static void expect_reply(const struct fixture *f, const struct problem *p,
                         const char *text)
{
    struct tokens ids = {0}, expected = {0};
    assert_ok(prompts_tell(&f->prompts, p, &ids));
    assert_ok(
        tokenizer_encode_special_more(f->tokenizer, text, strlen(text), &expected));
    if (ids.len != expected.len ||
        memcmp(ids.ids, expected.ids, ids.len * sizeof *ids.ids) != 0) {
        struct buf got = {0};
        assert_ok(tokenizer_decode(f->tokenizer, ids.ids, ids.len, &got));
        fail_msg("\"%s\", expected \"%s\"", buf_cstr(&got), text);
    }
    tokens_free(&ids);
    tokens_free(&expected);
}

static void test_replies(void **state)
{
    static const struct {
        const char *family, *template, *config, *end, *reply;
        const char *more[1];
        int n_more;
    } cases[] = {
        {"qwen2.5", "qwen2.5.jinja", endoftext, "<|im_end|>", "4\n", {NULL}, 0},
        {"qwen2.5",
         "qwen3.jinja",
         endoftext,
         "<|im_end|>",
         "<think>\n\n</think>\n\n4\n",
         {NULL},
         0},
        {"qwen2.5", "qwen3.jinja", endoftext, "<|im_end|>", "4\n", {no_think}, 1},
        {"smollm2", "smollm3.jinja", endoftext, "<|im_end|>", "4\n", {no_think}, 1},
        {"llama2", "llama2.jinja", sentence, "</s>", " 4 ", {NULL}, 0},
        {"mistral", "mistral-v3.jinja", sentence, "</s>", " 4", {NULL}, 0},
        {"smollm2",
         "smollm2.jinja",
         endoftext,
         "<|im_end|>",
         "4\n",
         {"prompt.prefill=So: "},
         1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct problem p = problem_of("2+2?", "4\n"), other = problem_of("1+1?", "4\n");
        struct dataset set = {.problems = &p, .n = 1};
        struct fixture f;
        fixture_make(&f, cases[i].family, cases[i].template, cases[i].config,
                     cases[i].more, cases[i].n_more);
        assert_int_equal(prompts_end(&f.prompts), -1); // not rendered yet
        assert_ok(prompts_render(
            &f.prompts, &(struct conversations_set){.set = &set, .replies = 1}, 1));
        assert_int_equal(prompts_end(&f.prompts),
                         tokenizer_special(f.tokenizer, cases[i].end));
        expect_reply(&f, &p, cases[i].reply);
        expect_reply(&f, &other, cases[i].reply); // of no set: rendered alone
        fixture_free(&f);
    }
}

// The prompt is one text with what the reply begins with.
static void test_prefill(void **state)
{
    const struct problem p = problem_of("2+2?", "");
    const char *const more[] = {"prompt.prefill=\n<tool> x"};
    struct fixture f;
    struct buf text = {0};
    struct tokens ids = {0}, expected = {0};
    (void)state;
    fixture_make(&f, "qwen2.5", "qwen2.5.jinja", endoftext, more, 1);
    assert_ok(prompts_render(&f.prompts, NULL, 0));
    assert_ok(prompts_text(&f.prompts, &p, &text));
    assert_non_null(strstr(buf_cstr(&text), "<|im_start|>assistant\n\n<tool> x"));
    assert_ok(prompts_ask(&f.prompts, &p, &ids));
    assert_ok(
        tokenizer_encode_special(f.tokenizer, buf_cstr(&text), text.len, &expected));
    assert_int_equal(ids.len, expected.len);
    assert_memory_equal(ids.ids, expected.ids, ids.len * sizeof *ids.ids);
    buf_free(&text);
    tokens_free(&ids);
    tokens_free(&expected);
    fixture_free(&f);
}

static void expect_tell_error(const char *family, const char *template,
                              const char *config, const char *const *more, int n_more,
                              const char *words)
{
    struct problem p = problem_of("2+2?", "4");
    struct dataset set = {.problems = &p, .n = 1};
    struct fixture f;
    struct tokens ids = {0};
    fixture_make(&f, family, template, config, more, n_more);
    assert_ok(prompts_render(
        &f.prompts, &(struct conversations_set){.set = &set, .replies = 1}, 1));
    assert_int_equal(prompts_tell(&f.prompts, &p, &ids), ERR_INPUT);
    if (!strstr(status_message(), words))
        fail_msg("%s", status_message());
    assert_ok(prompts_ask(&f.prompts, &p, &ids)); // what needs no reply works
    tokens_free(&ids);
    fixture_free(&f);
}

// Templates whose finished reply is not what their prompt begins.
static void test_no_reply(void **state)
{
    const char *const system[] = {"prompt.system=Be brief."};
    (void)state;
    expect_tell_error("qwen2.5", "qwq.jinja", endoftext, NULL, 0,
                      "\\n<think>\\n\"): sft needs");
    expect_tell_error("mistral", "mistral-v3.jinja", sentence, system, 1,
                      "otherwise than");
}

static void test_refusals(void **state)
{
    const char *const system[] = {"prompt.system=Be brief."};
    const char *const chatml[] = {"prompt.template=chatml"};
    struct fixture f;
    struct prompts p;
    (void)state;
    fixture_make(&f, "llama2", "gemma.jinja", sentence, system, 1);
    assert_int_equal(prompts_render(&f.prompts, NULL, 0), ERR_INPUT);
    assert_non_null(strstr(status_message(), "System role not supported"));
    fixture_free(&f);
    // No reply would end: nothing of "<end_of_turn>" is a token.
    fixture_make(&f, "llama2", "gemma.jinja", sentence, NULL, 0);
    assert_int_equal(prompts_render(&f.prompts, NULL, 0), ERR_INPUT);
    assert_non_null(strstr(status_message(), "\"<end_of_turn>\""));
    fixture_free(&f);
    fixture_make(&f, "smollm2", "smollm2.jinja", endoftext, NULL, 0);
    settings_free(&f.settings);
    assert_ok(settings_load(&f.settings, NULL, 1, (char **)chatml));
    assert_int_equal(prompts_open(&p, &f.settings, f.tokenizer, f.folder), ERR_INPUT);
    assert_non_null(strstr(status_message(), "prompt.template: chatml: formats"));
    fixture_free(&f);
}

// Without a template no Python is started: here none could be.
static void test_none(void **state)
{
    const struct problem p = problem_of("2+2?", "4");
    struct fixture f;
    struct buf text = {0};
    (void)state;
    fixture_make(&f, "smollm2", "", endoftext, NULL, 0);
    assert_null(f.prompts.chat.template.text);
    assert_ok(prompts_render(&f.prompts, NULL, 0));
    assert_int_equal(prompts_end(&f.prompts), -1);
    assert_ok(prompts_text(&f.prompts, &p, &text));
    assert_string_equal(buf_cstr(&text), "2+2?\n");
    buf_free(&text);
    fixture_free(&f);
}

// ---- the day

static void expect_date(const char *given, const char *run_dir, const char *expected)
{
    char word[64];
    char *argv[] = {word};
    struct settings s = {0};
    set_setting(word, sizeof word, "prompt.date", given);
    assert_ok(settings_load(&s, NULL, 1, argv));
    enum status st = prompt_date_settle(&s, run_dir);
    if (expected) {
        assert_int_equal(st, OK);
        if (*expected)
            assert_string_equal(s.prompt.date, expected);
        assert_int_equal(strlen(s.prompt.date), 10);
    } else {
        assert_int_equal(st, ERR_INPUT);
        assert_non_null(strstr(status_message(), "prompt.date"));
    }
    settings_free(&s);
}

static void test_date(void **state)
{
    static const char *const bad[] = {"2025-02-29", "2025-13-01",  "25-01-01",  "today",
                                      "2025-1-1",   "2025-01-01x", "2025/01/01"};
    char folder[] = "/tmp/etreerpo-date-XXXXXX", path[128];
    (void)state;
    assert_non_null(mkdtemp(folder));
    expect_date("2024-02-29", NULL, "2024-02-29");
    expect_date("", NULL, "");
    expect_date("", folder, "");
    (void)snprintf(path, sizeof path, "%s/config.yaml", folder);
    assert_ok(file_write(path, "prompt:\n  date: \"2020-05-17\"\n", 29));
    expect_date("", folder, "2020-05-17");
    expect_date("2021-01-01", folder, "2021-01-01");
    assert_ok(file_write(path, "nothing: 1\n", 11)); // no run's: said, not taken
    expect_date("", folder, "");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_date(bad[i], NULL, NULL);
    assert_ok(file_remove_tree(folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_as_transformers),
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_prefill),
        cmocka_unit_test(test_no_reply),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

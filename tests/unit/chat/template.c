// Which template and which special tokens a folder has, by transformers' rules.
#include "chat/template.h"

#include "chat_test.h"

#include <unistd.h>

static char folder[64];

static void start_folder(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/etreerpo-chat-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static void end_folder(void)
{
    assert_ok(file_remove_tree(folder));
}

static void put(const char *name, const char *text)
{
    put_file(folder, name, text);
}

static void put_additional(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/additional_chat_templates", folder);
    assert_ok(file_make_dirs(path));
    put_file(path, name, text);
}

static void expect(const char *choice, const char *text, const char *origin)
{
    struct chat_template t = {0};
    assert_ok(chat_template_find(&t, folder, choice));
    if (!text) {
        assert_null(t.text);
        assert_null(t.tokens);
        return;
    }
    assert_non_null(t.text);
    assert_string_equal(t.text, text);
    assert_non_null(strstr(t.origin, origin));
    assert_non_null(t.tokens);
    chat_template_free(&t);
}

static void expect_error(const char *choice, const char *words)
{
    struct chat_template t = {0};
    assert_int_equal(chat_template_find(&t, folder, choice), ERR_INPUT);
    if (!strstr(status_message(), words))
        fail_msg("%s: expected %s", status_message(), words);
}

static void test_which_wins(void **state)
{
    (void)state;
    start_folder();
    expect("auto", NULL, NULL);
    put("chat_template.json", "{\"chat_template\": \"old\"}");
    expect("auto", "old", "chat_template.json");
    put("tokenizer_config.json", "{\"chat_template\": null}");
    expect("auto", "old", "chat_template.json");
    put("tokenizer_config.json",
        "{\"chat_template\": \"config\", \"model_max_length\": "
        "1000000000000000019884624838656}");
    expect("auto", "config", "tokenizer_config.json");
    put("chat_template.jinja", "file");
    expect("auto", "file", "chat_template.jinja");
    expect("none", NULL, NULL);
    put_additional("tool_use.jinja", "tools");
    put_additional("notes.txt", "no template");
    expect("auto", "file", "default");
    expect("tool_use", "tools", "chat_template.jinja: tool_use");
    end_folder();
}

static void test_named(void **state)
{
    (void)state;
    start_folder();
    put("tokenizer_config.json",
        "{\"chat_template\": [{\"name\": \"default\", \"template\": \"d\"}, {\"name\": "
        "\"rag\", \"template\": \"r\"}]}");
    expect("auto", "d", "tokenizer_config.json: default");
    expect("rag", "r", "rag");
    expect_error("tool_use", "has the templates default, rag");
    put("tokenizer_config.json",
        "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"r\"}, {\"name\": "
        "\"rig\", \"template\": \"s\"}]}");
    expect_error("auto", "name one of rag, rig");
    put_additional("only.jinja", "o"); // files hide the config's, all of them
    expect("only", "o", "additional_chat_templates");
    expect_error("rag", "has the templates only");
    expect_error("auto", "none is the default");
    end_folder();
}

static void test_files_and_old_names(void **state)
{
    char path[128];
    (void)state;
    start_folder();
    put("mine.jinja", "{{ 'mine' }}\n");
    (void)snprintf(path, sizeof path, "%s/mine.jinja", folder);
    expect(path, "{{ 'mine' }}\n", "mine.jinja");
    expect_error("chatml", "launch/templates/chatml.jinja");
    expect_error("llama3", "formats have no names any more");
    expect_error("/nowhere/x.jinja", "no such file");
    put("chat_template.jinja", "\xff\xfe");
    expect_error("auto", "no UTF-8 text");
    put("chat_template.jinja", "ok");
    put("tokenizer_config.json", "{\"bos_token\": ");
    expect_error("auto", "tokenizer_config.json: line 1");
    end_folder();
}

static void test_bad_values(void **state)
{
    static const char *const configs[] = {
        "{\"chat_template\": 5}",
        "{\"chat_template\": [{\"template\": \"x\"}]}",
        "{\"chat_template\": [{\"name\": \"default\"}]}",
        "{\"chat_template\": [3]}",
        "{\"chat_template\": {\"default\": 1}}",
        "[]"};
    (void)state;
    start_folder();
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        put("tokenizer_config.json", configs[i]);
        expect_error("auto", "tokenizer_config.json");
    }
    end_folder();
}

static void expect_tokens(const char *json)
{
    struct chat_template t = {0};
    assert_ok(chat_template_find(&t, folder, "auto"));
    json_t *expected = json_loads(json, 0, NULL), *got = json_loads(t.tokens, 0, NULL);
    assert_non_null(expected);
    if (!json_equal(expected, got))
        fail_msg("%s, expected %s", t.tokens, json);
    json_decref(expected);
    json_decref(got);
    chat_template_free(&t);
}

static void test_special_tokens(void **state)
{
    (void)state;
    start_folder();
    put("chat_template.jinja", "x");
    expect_tokens("{}");
    put("tokenizer_config.json",
        "{\"bos_token\": \"<s>\", \"eos_token\": {\"content\": \"</s>\", \"lstrip\": "
        "false}, \"pad_token\": null, \"add_bos_token\": true, \"image_token\": "
        "\"<i>\", "
        "\"odd_token\": {\"content\": \"no\"}, \"video_token\": {\"__type\": "
        "\"AddedToken\", \"content\": \"<v>\"}, \"extra_special_tokens\": {\"boi\": "
        "\"<b>\"}, \"additional_special_tokens\": [\"<a>\"]}");
    expect_tokens("{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\", \"image_token\": "
                  "\"<i>\", \"video_token\": \"<v>\", \"boi\": \"<b>\"}");
    put("special_tokens_map.json",
        "{\"eos_token\": {\"content\": \"<|end|>\"}, \"unk_token\": \"<unk>\", "
        "\"additional_special_tokens\": [\"<a>\"]}");
    put("tokenizer_config.json", "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\"}");
    expect_tokens("{\"bos_token\": \"<s>\", \"eos_token\": \"<|end|>\", "
                  "\"unk_token\": \"<unk>\"}");
    put("tokenizer_config.json", "{\"eos_token\": \"</s>\", \"added_tokens_decoder\": "
                                 "{}}");
    expect_tokens("{\"eos_token\": \"</s>\"}");
    end_folder();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_wins),          cmocka_unit_test(test_named),
        cmocka_unit_test(test_files_and_old_names), cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_special_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// data.fields: any rows with questions and answers; and rows that travel whole.
#include "data_test.h"

static enum status load(struct dataset *d, const char *text,
                        const struct dataset_rules *rules)
{
    struct temporary t = temporary_make();
    temporary_put(&t, text, strlen(text));
    enum status st = dataset_load_by(d, t.path, 0, rules);
    temporary_remove(&t);
    return st;
}

static void test_mapped(void **state)
{
    static const struct {
        const char *fields, *row;
        const char *question, *answer, *solution;
        int any_answer;
    } cases[] = {
        {"{\"question\":\"problem\",\"answer\":\"final\"}",
         "{\"problem\": \"p\", \"final\": \"7\", \"solution\": \"so 7\"}", "p", "7",
         "so 7", 0},
        {"{\"question\":\"q\",\"answer\":\"a\",\"solution\":\"s\"}",
         "{\"q\": \"p\", \"a\": 3.50, \"s\": \"1+1\\n2\"}", "p", "3.50", "1+1\n2", 0},
        {"{\"answer\":\"gold\"}",
         "{\"question\": \"p\", \"answer\": [1], \"gold\": -7}", "p", "-7", "", 0},
        {"{\"question\":\"prompt.0.content\",\"answer\":\"reward_model.ground_truth\"}",
         "{\"prompt\": [{\"role\": \"user\", \"content\": \"p\"}], \"reward_model\": "
         "{\"style\": \"rule\", \"ground_truth\": \"72\"}}",
         "p", "72", "", 0},
        {"{\"question\":\"extra.question\",\"answer\":\"extra.answer\"}",
         "{\"extra\": {\"answer\": 1}, \"extra.answer\": 2, \"extra.question\": \"p\"}",
         "p", "2", "", 0},
        {"{\"question\":\"a.b.c\",\"answer\":\"x\"}",
         "{\"a\": {\"b.c\": \"p\"}, \"x\": \"1,234\"}", "p", "1,234", "", 0},
        {"{\"question\":\"q\"}", "{\"q\": \"p\", \"answer\": \"1+1=2\\n#### 2\"}", "p",
         "2", "1+1=2\n#### 2", 0},
        {"{\"question\":\"q\"}", "{\"q\": \"p\", \"answer\": \" \\\\frac12\\n\"}", "p",
         "\\frac12", "", 1},
        {"{}", "{\"question\": \"p\", \"answer\": \"x+1\"}", "p", "x+1", "", 1},
        {"{}", "{\"question\": \"p\", \"answer\": \"two\\nlines\"}", "p", "two\nlines",
         "", 1},
        {"{}", "{\"question\": \"p\", \"answer\": \"12\", \"solution\": \"\"}", "p",
         "12", "", 0},
        {"{}", "{\"question\": \"p\", \"answer\": 12, \"solution\": null}", "p", "12",
         "", 0},
        {"{\"question\":\"q\"}",
         "{\"q\": \"p\", \"answer\": \"3\", \"test_list\": [], \"problem\": \"x\"}",
         "p", "3", "", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dataset d = {0};
        const struct dataset_rules rules = {.fields = cases[i].fields,
                                            .any_answer = cases[i].any_answer};
        if (load(&d, cases[i].row, &rules) != OK)
            fail_msg("case %zu: %s", i, status_message());
        assert_string_equal(d.problems[0].question, cases[i].question);
        assert_string_equal(d.problems[0].answer, cases[i].answer);
        assert_string_equal(d.problems[0].solution, cases[i].solution);
        assert_int_equal(d.problems[0].verifier, VERIFIER_NUMBER);
        dataset_free(&d);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *fields, *row, *words;
    } bad[] = {
        {"{\"question\":\"q\"}", "{\"question\": \"p\", \"answer\": \"1\"}",
         ":1: no field \"q\" (it has: question, answer;"},
        {"{\"answer\":\"a.b\"}", "{\"question\": \"p\", \"a\": {\"c\": 1}}",
         "no field \"a.b\""},
        {"{\"answer\":\"a\"}", "{\"question\": \"p\", \"a\": [\"1\"]}",
         "\"a\" is not a string, but a list"},
        {"{\"answer\":\"a.1\"}", "{\"question\": \"p\", \"a\": [\"1\"]}",
         "no field \"a.1\""},
        {"{\"answer\":\"a\"}", "{\"question\": \"p\", \"a\": \"x\"}", "no number"},
        {"{\"answer\":\"a\"}", "{\"question\": \"p\", \"a\": \"\"}", "\"a\" is empty"},
        {"{\"answer\":\"a\"}", "{\"question\": \"p\", \"a\": null}", "but null"},
        {"{\"solution\":\"s\"}",
         "{\"question\": \"p\", \"answer\": \"1\", \"s\": [\"x\"]}",
         "\"s\" is not a string, but a list"},
        {"{\"prompt\":\"q\"}", "{}", "data.fields: prompt is none of question"},
        {"{\"question\":3}", "{}", "data.fields: question is not the name of a field"},
        {"{\"question\":\"\"}", "{}", "question is not the name of a field"},
        {"[\"question\"]", "{}", "data.fields is a map"},
        {"nonsense", "{}", "data.fields is a map"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct dataset d = {0};
        const struct dataset_rules rules = {.fields = bad[i].fields};
        assert_int_equal(load(&d, bad[i].row, &rules), ERR_INPUT);
        if (!strstr(status_message(), bad[i].words))
            fail_msg("expected \"%s\": %s", bad[i].words, status_message());
    }
}

// For a program of the user's all of the row travels, as it was written.
static void test_whole_rows(void **state)
{
    static const struct {
        const char *fields, *row, *question, *kept; // NULL: as the row
    } cases[] = {
        {"{}", "{\"question\":\"p\",\"answer\":\"#### 1\",\"level\":3}", "p", NULL},
        {"{}", "{\"question\":\"p\"}", "p", NULL},
        {"{}", "{\"question\":\"p\",\"answer\":[\"a\",\"b\"]}", "p", NULL},
        {"{}",
         "{\"prompt\":\"p\",\"style\":{\"max\":0.50,\"id\":"
         "123456789012345678901234567890}}",
         "p", NULL},
        {"{}", "{\"problem\":\"p\",\"answer\":\"\"}", "p", NULL},
        {"{}", "{\"text\":\"t\",\"test_list\":[\"assert f(1)\"]}", "t\nassert f(1)\n",
         NULL},
        {"{\"question\":\"a.b\"}", "{\"a\":{\"b\":\"p\"},\"x\":[1e400,NaN,-0]}", "p",
         NULL},
        {"{}", "{\"question\": 12, \"n\": {}}", "12", "{\"question\":12,\"n\":{}}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dataset d = {0};
        const struct dataset_rules rules = {.fields = cases[i].fields, .by_program = 1};
        if (load(&d, cases[i].row, &rules) != OK)
            fail_msg("case %zu: %s", i, status_message());
        assert_string_equal(d.problems[0].question, cases[i].question);
        assert_string_equal(d.problems[0].answer,
                            cases[i].kept ? cases[i].kept : cases[i].row);
        assert_int_equal(d.problems[0].verifier, VERIFIER_PROGRAM);
        dataset_free(&d);
    }
    struct dataset d = {0};
    const struct dataset_rules rules = {.by_program = 1};
    assert_int_equal(load(&d, "{\"answer\": \"1\"}", &rules), ERR_INPUT);
    assert_non_null(strstr(status_message(), ":1: no field \"question\""));
    assert_ok(load(&d, "{\"question\":\"p\",\"answer\":\"1+1=2\\n#### 2\"}", &rules));
    assert_string_equal(d.problems[0].solution, "1+1=2\n#### 2");
    dataset_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mapped),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_whole_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Rows of the published data sets become problems.
#include "data_test.h"

#include "data/called.h"

static void load_text(struct dataset *d, const char *text)
{
    struct temporary t = temporary_make();
    temporary_put(&t, text, strlen(text));
    assert_ok(dataset_load(d, t.path, 0));
    temporary_remove(&t);
}

static void test_math(void **state)
{
    struct dataset d = {0};
    (void)state;
    load_text(
        &d, "[{\"problem\": \"p\", \"solution\": \"So\\nthus \\\\boxed{\\\\frac12}.\"},"
            " {\"problem\": \"q\", \"answer\": \"7\", \"level\": 3},"
            " {\"problem\": \"left out\", \"answer\": \"\"}]");
    assert_int_equal(d.n, 2);
    assert_string_equal(d.problems[0].question, "p");
    assert_string_equal(d.problems[0].answer, "\\frac12");
    assert_int_equal(d.problems[0].verifier, VERIFIER_MATH);
    assert_int_equal(d.problems[0].steps, 2);
    assert_string_equal(d.problems[1].solution, "");
    assert_string_equal(d.problems[1].answer, "7");
    dataset_free(&d);
}

static void test_humaneval(void **state)
{
    struct dataset d = {0};
    struct buf prompt = {0};
    (void)state;
    load_text(&d,
              "{\"task_id\": \"HumanEval/0\", \"prompt\": \"def f(x):\\n    "
              "\\\"\\\"\\\"d\\\"\\\"\\\"\\n\","
              " \"entry_point\": \"f\", \"canonical_solution\": \"    return x\\n\","
              " \"test\": \"def check(c):\\n    assert c(1) == 1\\n\"}\n");
    const struct problem *p = &d.problems[0];
    assert_int_equal(p->verifier, VERIFIER_CODE);
    assert_int_equal(p->continues, 1);
    assert_non_null(strstr(p->answer, "\"form\":\"asserts\""));
    assert_non_null(strstr(p->answer, "\"entry\":\"f\""));
    assert_non_null(strstr(p->answer, "check(f)"));
    assert_non_null(strstr(p->answer, "    pass\\n"));
    problem_prompt(&prompt, p); // no blank line within the function
    assert_string_equal(buf_cstr(&prompt), p->question);
    buf_free(&prompt);
    dataset_free(&d);
}

static void test_mbpp(void **state)
{
    struct dataset d = {0};
    (void)state;
    load_text(
        &d,
        "{\"text\": \"Add.\", \"code\": \"def add(a):\\r\\n  return a\", "
        "\"test_setup_code\": \"s=1\","
        " \"test_list\": [\"assert add(1) == 1\", \"assert add(2) == 2\"]}\n"
        "{\"prompt\": \"Sub.\", \"code\": \"c\", \"test_imports\": [\"import math\"],"
        " \"test_list\": [\"assert sub(1)\"]}\n");
    assert_string_equal(d.problems[0].question,
                        "Add.\nassert add(1) == 1\nassert add(2) == 2\n");
    assert_string_equal(d.problems[0].solution, "def add(a):\n  return a");
    assert_non_null(strstr(d.problems[0].answer, "\"setup\":\"s=1\""));
    assert_non_null(
        strstr(d.problems[1].answer, "\"tests\":\"import math\\nassert sub(1)\\n\""));
    dataset_free(&d);
}

// MBPP+: a script stands beside the asserts, which still name the function.
static void test_mbpp_plus(void **state)
{
    struct dataset d = {0};
    (void)state;
    load_text(&d,
              "{\"task_id\": 126, \"prompt\": \"Sum.\", \"code\": \"import math\\ndef "
              "sum (a):\\n  return a\", \"test_imports\": [\"import math\"], "
              "\"test_list\": [\"assert set(sum(1)) == set([1])\"], \"test\": \"import "
              "numpy as np\\nassert np.allclose(sum(1), 1)\"}\n");
    assert_string_equal(d.problems[0].question,
                        "Sum.\nassert set(sum(1)) == set([1])\n");
    assert_non_null(strstr(d.problems[0].answer, "\"entry\":\"sum\""));
    assert_non_null(strstr(d.problems[0].answer,
                           "\"tests\":\"import math\\nimport numpy as np\\nassert "
                           "np.allclose(sum(1), 1)\\n\""));
    dataset_free(&d);
}

static void test_called_function(void **state)
{
    static const struct {
        const char *test, *code, *name;
    } cases[] = {
        {"assert f(1) == 2", "def f(x):\n  return 2", "f"},
        {"assert set(g((1, 2))) == set(h(1))", "def h(): pass\ndef g (x): pass", "g"},
        {"assert math.isclose(area (5), 2)", "def area(x): pass", "area"},
        {"assert f(1)", "def ff(x): pass\nclass A:\n  def f(self): pass", ""},
        {"assert f(1)", "", ""},
        {"", "def f(x): pass", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf name = {0};
        called_function(&name, cases[i].test, cases[i].code);
        assert_string_equal(buf_cstr(&name), cases[i].name);
        buf_free(&name);
    }
}

static void test_apps(void **state)
{
    struct dataset d = {0};
    (void)state;
    load_text(
        &d, "{\"question\": \"Q\", \"solutions\": \"[\\\"print(1)\\\", \\\"x\\\"]\", "
            "\"starter_code\": \"\","
            " \"input_output\": \"{\\\"inputs\\\": [\\\"\\\"], \\\"outputs\\\": "
            "[\\\"1\\\"]}\"}\n"
            "{\"question\": \"R\", \"solutions\": \"\", \"starter_code\": \"class S:\","
            " \"input_output\": \"{}\"}\n"
            "{\"question\": \"no tests\", \"input_output\": \"\"}\n");
    assert_int_equal(d.n, 2);
    assert_string_equal(d.problems[0].solution, "print(1)");
    assert_non_null(strstr(d.problems[0].answer, "\"form\":\"apps\""));
    assert_string_equal(d.problems[1].question, "R\nclass S:");
    assert_string_equal(d.problems[1].solution, "");
    dataset_free(&d);
}

static void test_bad_rows(void **state)
{
    static const struct {
        const char *text, *reason;
    } bad[] = {
        {"{\"problem\": \"p\", \"solution\": \"no box\"}", "none in \"solution\""},
        {"{\"prompt\": \"p\", \"entry_point\": \"f\"}", "no field \"test\""},
        {"{\"text\": \"t\", \"test_list\": [1]}", "\"test_list\"[0] is not a string"},
        {"{\"text\": \"t\", \"test_list\": \"a\"}", "\"test_list\" is not a list"},
        {"{\"question\": \"q\", \"input_output\": \"x\", \"solutions\": \"nonsense\"}",
         "\"solutions\" holds no JSON"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct temporary t = temporary_make();
        struct dataset d = {0};
        temporary_put(&t, bad[i].text, strlen(bad[i].text));
        assert_int_equal(dataset_load(&d, t.path, 0), ERR_INPUT);
        if (!strstr(status_message(), bad[i].reason))
            fail_msg("expected \"%s\": %s", bad[i].reason, status_message());
        temporary_remove(&t);
    }
}

// "file[first:end]" takes rows.
static void test_rows(void **state)
{
    static const struct {
        const char *suffix;
        size_t n;
        const char *first;
    } cases[] = {
        {"[1:3]", 2, "1"}, {"[:2]", 2, "0"}, {"[3:]", 2, "3"}, {"[4:9]", 1, "4"}};
    static const char *const bad[] = {"[3:3]",  "[a:b]",   "[1]",
                                      "[-1:2]", "[1:2:3]", "[]"};
    struct temporary t = temporary_make();
    struct buf text = {0};
    (void)state;
    for (int i = 0; i < 5; i++)
        buf_printf(&text, "{\"question\": \"%d\", \"answer\": \"#### 1\"}\n", i);
    temporary_put(&t, buf_cstr(&text), text.len);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dataset d = {0};
        char path[64];
        (void)snprintf(path, sizeof path, "%s%s", t.path, cases[i].suffix);
        assert_ok(dataset_load(&d, path, 0));
        assert_int_equal(d.n, cases[i].n);
        assert_string_equal(d.problems[0].question, cases[i].first);
        dataset_free(&d);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct dataset d = {0};
        char path[64];
        (void)snprintf(path, sizeof path, "%s%s", t.path, bad[i]);
        assert_int_equal(dataset_load(&d, path, 0), ERR_INPUT);
        assert_non_null(strstr(status_message(), "rows are written [first:end]"));
    }
    temporary_remove(&t);
    buf_free(&text);
}

// The real files, where they are: how many problems, and that nothing is left out.
static void test_published(void **state)
{
    static const struct {
        const char *path;
        size_t n;
        enum verifier verifier;
    } sets[] = {
        {SHARED_DATA "/gsm8k/test.jsonl", 1319, VERIFIER_NUMBER},
        {SHARED_DATA "/math/test.jsonl", 5000, VERIFIER_MATH},
        {SHARED_DATA "/math/math500.jsonl", 500, VERIFIER_MATH},
        {SHARED_DATA "/math/train_answers.json", 7470, VERIFIER_MATH},
        {SHARED_DATA "/humaneval/HumanEval.jsonl.gz", 164, VERIFIER_CODE},
        {SHARED_DATA "/mbpp/mbpp.jsonl", 974, VERIFIER_CODE},
        {SHARED_DATA "/mbpp/sanitized-mbpp.json", 427, VERIFIER_CODE},
        {SHARED_DATA "/apps/apps_mini_val.jsonl", 150, VERIFIER_CODE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct dataset d = {0};
        if (!file_exists(sets[i].path)) {
            print_message("no %s: skipped\n", sets[i].path);
            skip();
        }
        assert_ok(dataset_load(&d, sets[i].path, 0));
        assert_int_equal(d.n, sets[i].n);
        for (size_t k = 0; k < d.n; k++)
            assert_int_equal(d.problems[k].verifier, sets[i].verifier);
        dataset_free(&d);
    }
}

static void test_gzip_cut_short(void **state)
{
    struct buf whole = {0};
    struct dataset d = {0};
    struct temporary t = temporary_make();
    (void)state;
    if (!file_exists(SHARED_DATA "/humaneval/HumanEval.jsonl.gz")) {
        print_message("no shared data: skipped\n");
        skip();
    }
    assert_ok(file_read(&whole, SHARED_DATA "/humaneval/HumanEval.jsonl.gz", 1 << 20));
    temporary_put(&t, buf_cstr(&whole), whole.len / 2);
    assert_int_equal(dataset_load(&d, t.path, 0), ERR_INPUT);
    assert_non_null(strstr(status_message(), t.path));
    temporary_remove(&t);
    buf_free(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_math),
        cmocka_unit_test(test_humaneval),
        cmocka_unit_test(test_mbpp),
        cmocka_unit_test(test_mbpp_plus),
        cmocka_unit_test(test_called_function),
        cmocka_unit_test(test_apps),
        cmocka_unit_test(test_bad_rows),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_gzip_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// The modules that tests import: found in their source, asked of Python, named.
#include "judge/modules.h"

#include "judge_test.h"

static void assert_names(const char *source, enum modules_where where,
                         const char *wanted)
{
    struct buf names = {0};
    char *tests = asserts("", "f", "", "", source);
    assert_ok(modules_note(&names, tests, strlen(tests), where));
    assert_string_equal(buf_cstr(&names), wanted);
    buf_free(&names);
    free(tests);
}

static void test_names(void **state)
{
    (void)state;
    assert_names("import numpy as np\nfrom math import inf\n", MODULES_ALWAYS,
                 "numpy math ");
    assert_names("import a.b, c as d , e\nimport a\n", MODULES_ALWAYS, "a c e ");
    assert_names("from scipy.stats import norm; import late\n", MODULES_ALWAYS,
                 "scipy ");
    assert_names("from . import x\nimport\nimportant = 1\n", MODULES_ALWAYS, "");
    assert_names("'''\nimport no\n'''\nimport yes  # 1\n", MODULES_ALWAYS, "yes ");
    const char *inside = "def f():\n    import numpy\ntry:\n\tfrom sympy import x\n";
    assert_names(inside, MODULES_ALWAYS, "");
    assert_names(inside, MODULES_ANYWHERE, "numpy sympy ");
}

static void test_forms_without_source(void **state)
{
    (void)state;
    struct buf names = {0};
    const char *tests = "{\"form\": \"stdio\", \"inputs\": [\"import x\"], "
                        "\"outputs\": [\"1\"]}";
    assert_ok(modules_note(&names, tests, strlen(tests), MODULES_ANYWHERE));
    assert_int_equal(names.len, 0);
    assert_ok(modules_check(&names));
    assert_int_equal(modules_note(&names, "{", 1, MODULES_ALWAYS), ERR_INPUT);
}

static void test_check(void **state)
{
    (void)state;
    struct buf names = {0};
    buf_str(&names, "math json os ");
    assert_ok(modules_check(&names));
    buf_str(&names, "no_such_Module ");
    assert_int_equal(modules_check(&names), ERR_INPUT);
    assert_non_null(strstr(status_message(), "import no_such_Module, which"));
    assert_non_null(strstr(status_message(), "apt-get install python3-no-such-module"));
    buf_str(&names, "another ");
    assert_int_equal(modules_check(&names), ERR_INPUT);
    assert_non_null(strstr(status_message(), "no_such_Module, another, which"));
    buf_free(&names);
}

// What only a run of the tests meets ends the run, by name, and gives no verdict.
static void test_met_by_a_judge(void **state)
{
    struct judge_result result = {0};
    int got = 0;
    const char *program = "def f():\n    return 1\n";
    char *tests = asserts("", "f", "", "",
                          "def g():\n    import no_such_module\nassert f()\ng()\n");
    assert_ok(judge_submit(*state, 1, program, strlen(program), tests, 0));
    assert_int_equal(judge_poll(*state, WAIT_MS, &result, &got), ERR_INPUT);
    assert_non_null(strstr(status_message(), "python3-no-such-module"));
    free(tests);
}

// A program's own missing module is its failure.
static void test_met_by_a_program(void **state)
{
    char *tests = asserts("", "f", "", "", "assert f() == 1\n");
    assert_verdict(
        judged(*state, "import no_such_module\ndef f():\n    return 1\n", tests, 0),
        JUDGE_FAIL);
    assert_verdict(judged(*state, "def f():\n    import no_such_module\n", tests, 0),
                   JUDGE_FAIL);
    const char *forged = "def f():\n    e = ModuleNotFoundError('x', name='numpy')\n"
                         "    e.name = 'numpy'\n    raise e\n";
    assert_verdict(judged(*state, forged, tests, 0), JUDGE_FAIL);
    free(tests);
}

int main(void)
{
    if (!sandbox_is_here())
        return EXIT_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_forms_without_source),
        cmocka_unit_test(test_check),
        cmocka_unit_test_setup_teardown(test_met_by_a_program, start_judge, stop_judge),
        cmocka_unit_test_setup_teardown(test_met_by_a_judge, start_judge, stop_judge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

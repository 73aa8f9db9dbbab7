// Programs and replies by kind: those that must pass do, those that must not do not.
//
//     judge_cases [all]     without "all": every 8th prefix of a reply
#include "case_file.h"

static struct case_file file;
static size_t every = 8;

// Prints how many verdicts of a file are right; 0: all.
static void run_file(struct judge *j, const char *kind, const char *behind)
{
    size_t right = 0, hostile = 0;
    for (size_t i = 1; i < file.n; i++) {
        char *tests = case_tests(&file, i);
        enum judge_verdict v = judged(j, case_part(&file, i, PROGRAM), tests, 0);
        free(tests);
        hostile += (size_t)file.cases[i].hostile;
        if ((v == JUDGE_PASS) != file.cases[i].hostile)
            right++;
        else
            print_error("%s: %s: %s\n", kind, file.cases[i].name,
                        judge_verdict_name(v));
    }
    print_message("%s%s: %zu of %zu right (%zu must fail)\n", kind, behind, right,
                  file.n - 1, hostile);
    assert_int_equal(right, file.n - 1);
}

// Replies cut after every line (after every few of them): none that becomes right is
// given up.
static void run_prefixes(struct judge *j, const char *kind)
{
    size_t asked = 0, given_up = 0, line = 0;
    for (size_t i = 1; i < file.n; i++) {
        if (file.cases[i].hostile || file.cases[i].misleads)
            continue;
        const char *text = case_part(&file, i, PROGRAM);
        char *tests = case_tests(&file, i);
        for (const char *end = text; (end = strchr(end, '\n'));) {
            end++;
            if (line++ % every)
                continue;
            assert_ok(judge_submit(j, i, text, (size_t)(end - text), tests, 1));
            enum judge_verdict v = next_result(j).verdict;
            asked++;
            if (v == JUDGE_PASS || v == JUDGE_OPEN)
                continue;
            given_up++;
            print_error("%s: %s, cut: %s\n", file.cases[i].name, judge_verdict_name(v),
                        end);
        }
        free(tests);
    }
    print_message("%s: of %zu prefixes %zu given up\n", kind, asked, given_up);
    assert_int_equal(given_up, 0);
}

static void run_kind(void **state, const char *kind)
{
    char path[256];
    (void)snprintf(path, sizeof path, TEST_DATA "/judge/%s.txt", kind);
    case_file_free(&file);
    case_file_read(&file, path);
    run_file(*state, kind, "");
}

static void test_replies(void **state)
{
    run_kind(state, "replies");
    run_prefixes(*state, "replies");
}

// The same replies where the prompt ends within the function that they define.
static void test_replies_behind_a_prompt(void **state)
{
    run_kind(state, "bodies");
    run_prefixes(*state, "bodies");
    struct judge_case prompt = file.cases[0];
    file.cases[0] = (struct judge_case){0};
    case_file_free(&file);
    case_file_read(&file, TEST_DATA "/judge/replies.txt");
    for (int part = 0; part < PARTS; part++)
        buf_free(&file.cases[0].parts[part]);
    file.cases[0] = prompt;
    run_file(*state, "replies", " behind a prompt");
    run_prefixes(*state, "replies behind a prompt");
}

static void test_values(void **state)
{
    run_kind(state, "values");
}

static void test_stdin(void **state)
{
    run_kind(state, "stdin");
}

static void test_floats(void **state)
{
    run_kind(state, "floats");
}

static void test_numpy(void **state)
{
    char *tests = asserts("", "f", "", "", "import numpy\nf()\n");
    struct judge_result result = {0};
    int got = 0;
    assert_ok(judge_submit(*state, 1, "def f(): pass\n", 14, tests, 0));
    free(tests);
    if (judge_poll(*state, WAIT_MS, &result, &got) != OK) {
        print_message("numpy: skipped: %s\n", status_message());
        skip();
    }
    run_kind(state, "numpy");
}

static int free_file(void **state)
{
    (void)state;
    case_file_free(&file);
    return 0;
}

int main(int argc, char **argv)
{
    every = argc > 1 && strcmp(argv[1], "all") == 0 ? 1 : every;
    if (!sandbox_is_here())
        return EXIT_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_replies, free_file),
        cmocka_unit_test_teardown(test_replies_behind_a_prompt, free_file),
        cmocka_unit_test_teardown(test_values, free_file),
        cmocka_unit_test_teardown(test_stdin, free_file),
        cmocka_unit_test_teardown(test_floats, free_file),
        cmocka_unit_test_teardown(test_numpy, free_file),
    };
    return cmocka_run_group_tests(tests, start_judge, stop_judge);
}

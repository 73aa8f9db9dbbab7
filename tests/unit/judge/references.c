// The reference solutions of HumanEval, MBPP and APPS pass their own tests.
//
//     judge_references [all]      without "all": every 60th problem
#include "judge_test.h"

#include "base/buf.h"
#include "base/clock.h"

#include <stdio.h>

enum { LINE_BYTES = 1 << 23, EVERY = 60, MAX_TRIES = 3 };

static int every = EVERY;

struct problem {
    char *tests;
    json_t *solutions; // right if one of the first few passes
};

static struct problem *problems;
static size_t count, capacity;

static void add_problem(char *tests, json_t *solutions)
{
    if (count == capacity) {
        capacity = capacity ? 2 * capacity : 256;
        problems = realloc(problems, capacity * sizeof *problems);
        assert_non_null(problems);
    }
    problems[count++] = (struct problem){tests, solutions};
}

static const char *str(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    assert_non_null(text);
    return text;
}

static json_t *one(const char *text)
{
    return json_pack("[s]", text);
}

static void join(struct buf *out, const json_t *lines)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        buf_str(out, json_string_value(json_array_get(lines, i)));
        buf_char(out, '\n');
    }
}

static void add_humaneval(const json_t *row)
{
    const char *entry = str(row, "entry_point");
    struct buf preamble = {0}, tests = {0};
    buf_printf(&preamble, "%s    pass\n", str(row, "prompt"));
    buf_printf(&tests, "%s\ncheck(%s)\n", str(row, "test"), entry);
    add_problem(
        asserts(str(row, "prompt"), entry, buf_cstr(&preamble), "", buf_cstr(&tests)),
        one(str(row, "canonical_solution")));
    buf_free(&preamble);
    buf_free(&tests);
}

static void add_mbpp(const json_t *row)
{
    struct buf tests = {0};
    join(&tests, json_object_get(row, "test_imports"));
    join(&tests, json_object_get(row, "test_list"));
    const char *setup = json_string_value(json_object_get(row, "test_setup_code"));
    add_problem(asserts("", "", "", setup ? setup : "", buf_cstr(&tests)),
                one(str(row, "code")));
    buf_free(&tests);
}

// Garbled, or with several right outputs, or with a wrong test.
static int is_bad(json_int_t id)
{
    return id == 2402 || id == 2398 || id == 2400 || id == 2023 || id == 2036;
}

static void add_apps(const json_t *row)
{
    json_t *tests =
        json_pack("{ssss}", "form", "apps", "input_output", str(row, "input_output"));
    json_t *solutions = json_loads(str(row, "solutions"), 0, NULL);
    assert_true(tests && solutions);
    if (is_bad(json_integer_value(json_object_get(row, "problem_id"))))
        json_decref(solutions);
    else
        add_problem(json_dumps(tests, 0), solutions);
    json_decref(tests);
}

static void read_lines(FILE *file, void (*add)(const json_t *))
{
    char *line = malloc(LINE_BYTES);
    assert_non_null(line);
    for (int i = 0; fgets(line, LINE_BYTES, file); i++) {
        if (i % every)
            continue;
        json_t *row = json_loads(line, 0, NULL);
        assert_non_null(row);
        add(row);
        json_decref(row);
    }
    free(line);
}

static void read_file(const char *path, void (*add)(const json_t *))
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    read_lines(file, add);
    fclose(file);
}

static void read_humaneval(void)
{
    FILE *file = popen("gzip -dc " SHARED_DATA "/humaneval/HumanEval.jsonl.gz", "r");
    assert_non_null(file);
    read_lines(file, add_humaneval);
    assert_int_equal(pclose(file), 0);
}

static void read_sanitized(void)
{
    json_t *rows = json_load_file(SHARED_DATA "/mbpp/sanitized-mbpp.json", 0, NULL);
    assert_non_null(rows);
    for (size_t i = 0; i < json_array_size(rows); i += (size_t)every)
        add_mbpp(json_array_get(rows, i));
    json_decref(rows);
}

static void submit(struct judge *j, size_t problem, size_t attempt)
{
    const struct problem *p = &problems[problem];
    const char *text = json_string_value(json_array_get(p->solutions, attempt));
    assert_non_null(text);
    assert_ok(judge_submit(j, problem * MAX_TRIES + attempt, text, strlen(text),
                           p->tests, 0));
}

// Sends all; where a solution fails, its next one.  Gives how many problems passed.
static size_t passed_of_all(struct judge *j, size_t *first)
{
    size_t passed = 0;
    for (size_t i = 0; i < count; i++)
        submit(j, i, 0);
    while (judge_pending(j)) {
        struct judge_result r = next_result(j);
        size_t problem = r.ticket / MAX_TRIES, attempt = r.ticket % MAX_TRIES;
        passed += r.verdict == JUDGE_PASS;
        *first += r.verdict == JUDGE_PASS && attempt == 0;
        if (r.verdict == JUDGE_PASS)
            continue;
        if (attempt + 1 < MAX_TRIES &&
            attempt + 1 < json_array_size(problems[problem].solutions))
            submit(j, problem, attempt + 1);
        else
            print_message(
                "problem %zu: %s\n%s\n", problem, judge_verdict_name(r.verdict),
                json_string_value(json_array_get(problems[problem].solutions, 0)));
    }
    return passed;
}

static void drop_problems(void)
{
    for (size_t i = 0; i < count; i++) {
        free(problems[i].tests);
        json_decref(problems[i].solutions);
    }
    free(problems);
    problems = NULL;
    count = capacity = 0;
}

static void run_set(const char *name)
{
    struct judge_config c = test_config;
    c.servers = 2;
    c.timeout_ms = 10000;
    struct judge *j = NULL;
    assert_ok(judge_start(&j, &c));
    size_t first = 0;
    double start = clock_seconds();
    size_t passed = passed_of_all(j, &first);
    double seconds = clock_seconds() - start;
    judge_stop(j);
    print_message(
        "%s: %zu of %zu pass (%zu by the first solution), %.1f s, %.1f ms each\n", name,
        passed, count, first, seconds, 1000 * seconds / (double)count);
    assert_true(count > 0 && passed == count);
    drop_problems();
}

// Every line of every first solution, asked as a prefix: none is given up.
static void run_prefixes(const char *name)
{
    struct judge_config c = test_config;
    c.servers = 2;
    c.timeout_ms = 10000;
    struct judge *j = NULL;
    assert_ok(judge_start(&j, &c));
    size_t asked = 0, passed = 0, given_up = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(problems[i].solutions, 0));
        for (const char *end = text; (end = strchr(end, '\n')); asked++)
            assert_ok(
                judge_submit(j, i, text, (size_t)(++end - text), problems[i].tests, 1));
    }
    while (judge_pending(j)) {
        struct judge_result r = next_result(j);
        passed += r.verdict == JUDGE_PASS;
        if (r.verdict == JUDGE_PASS || r.verdict == JUDGE_OPEN)
            continue;
        given_up++;
        print_message("a prefix of problem %zu: %s\n", (size_t)r.ticket,
                      judge_verdict_name(r.verdict));
    }
    judge_stop(j);
    drop_problems();
    print_message(
        "%s: of %zu prefixes of right programs %zu already pass, %zu given up\n", name,
        asked, passed, given_up);
    assert_true(asked > 0 && (passed > 0 || every > 1)); // few pass in a sample
    assert_int_equal(given_up, 0);
}

static void need_data(void)
{
    FILE *file = fopen(SHARED_DATA "/mbpp/mbpp.jsonl", "r");
    if (!file) {
        print_message("no " SHARED_DATA "/mbpp: skipped\n");
        skip();
    }
    fclose(file);
}

static void test_humaneval(void **state)
{
    (void)state;
    need_data();
    read_humaneval();
    run_set("HumanEval");
}

static void test_mbpp(void **state)
{
    (void)state;
    need_data();
    read_file(SHARED_DATA "/mbpp/mbpp.jsonl", add_mbpp);
    run_set("MBPP");
    read_sanitized();
    run_set("MBPP sanitized");
}

static void test_apps(void **state)
{
    (void)state;
    need_data();
    read_file(SHARED_DATA "/apps/apps_mini_val.jsonl", add_apps);
    run_set("APPS");
}

static void test_prefixes(void **state)
{
    (void)state;
    need_data();
    read_humaneval();
    run_prefixes("HumanEval");
    read_file(SHARED_DATA "/mbpp/mbpp.jsonl", add_mbpp);
    run_prefixes("MBPP");
}

// What a verification costs beyond the program: one server, one at a time.
static void test_overhead(void **state)
{
    (void)state;
    enum { RUNS = 200 };
    struct judge *j = NULL;
    assert_ok(judge_start(&j, &test_config));
    char *tests = asserts("", "f", "", "", "assert f(1) == 2\n");
    double start = clock_seconds();
    for (int i = 0; i < RUNS; i++)
        assert_verdict(judged(j, "def f(x):\n    return x + 1\n", tests, 0),
                       JUDGE_PASS);
    print_message("overhead: %.2f ms a verification\n",
                  1000 * (clock_seconds() - start) / RUNS);
    free(tests);
    judge_stop(j);
}

int main(int argc, char **argv)
{
    every = argc > 1 && strcmp(argv[1], "all") == 0 ? 1 : EVERY;
    if (!sandbox_is_here())
        return EXIT_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_humaneval), cmocka_unit_test(test_mbpp),
        cmocka_unit_test(test_apps),      cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_overhead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

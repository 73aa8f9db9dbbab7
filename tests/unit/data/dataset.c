// Reading and writing JSONL, the order of an epoch.
#include "data_test.h"

#define ROW(q, a) "{\"question\": \"" q "\", \"answer\": \"" a "\"}\n"

static void load_text(struct dataset *d, const char *text)
{
    struct temporary t = temporary_make();
    temporary_put(&t, text, strlen(text));
    assert_ok(dataset_load(d, t.path, 0));
    temporary_remove(&t);
}

static void test_fields(void **state)
{
    struct dataset d = {0};
    struct buf prompt = {0};
    (void)state;
    load_text(&d, ROW("How many?", "1+1=<<1+1=2>>2\\n\\nso 3\\n#### 1,003 \\n")
                      ROW("\\u00e9\\u2028", "#### -5"));
    assert_int_equal(d.n, 2);
    assert_string_equal(d.problems[0].question, "How many?");
    assert_string_equal(d.problems[0].solution, "1+1=<<1+1=2>>2\n\nso 3\n#### 1,003");
    assert_string_equal(d.problems[0].answer, "1,003");
    assert_int_equal(d.problems[0].steps, 2);
    assert_string_equal(d.problems[1].question, "\xc3\xa9\xe2\x80\xa8");
    assert_string_equal(d.problems[1].answer, "-5");
    assert_int_equal(d.problems[1].steps, 0);
    problem_prompt(&prompt, &d.problems[0]);
    assert_string_equal(buf_cstr(&prompt), "How many?\n");
    buf_free(&prompt);
    dataset_free(&d);
}

static void test_forms(void **state)
{
    struct dataset d = {0};
    (void)state;
    load_text(&d,
              "{\"id\": 3, \"answer\":\"#### 1\", \"question\":\"q\"}\r\n"
              "  {\"question\":\"r\",\"answer\":\"####2\"}"); // no newline at the end
    assert_int_equal(d.n, 2);
    assert_string_equal(d.problems[1].answer, "2");
    dataset_free(&d);
}

static void expect_failure(const char *text, size_t len, const char *place,
                           const char *reason)
{
    struct temporary t = temporary_make();
    struct dataset d = {0};
    char prefix[64];
    temporary_put(&t, text, len);
    assert_int_equal(dataset_load(&d, t.path, 0), ERR_INPUT);
    assert_null(d.problems);
    (void)snprintf(prefix, sizeof prefix, "%s%s", t.path, place);
    if (strncmp(status_message(), prefix, strlen(prefix)) != 0 ||
        !strstr(status_message(), reason))
        fail_msg("expected \"%s ... %s\": %s", prefix, reason, status_message());
    temporary_remove(&t);
}

static void test_malformed(void **state)
{
    static const struct {
        const char *text, *place, *reason;
    } bad[] = {
        {"", ": ", "no problems in it"},
        {"\n", ": ", "no problems in it"},
        {" \r\n\xef\xbb\xbf\n", ": ", "no problems in it"},
        {"[]", ": ", "no problems in it"},
        {ROW("q", "#### 1") "nonsense", ":2: ", "not JSON"},
        {"{\"question\": \"q\"", ":1: ", "not JSON"},
        {ROW("q", "#### 1") "{} {}", ":2: ", "not JSON"},
        {"{\"question\": \"\xff\", \"answer\": \"#### 1\"}", ":1: ", "not UTF-8"},
        {"[1, 2]", ": row 1: ", "not a JSON object"},
        {"\"text\"", ":1: ", "not a JSON object"},
        {"null", ":1: ", "not a JSON object"},
        {"{\"answer\": \"#### 1\"}", ":1: ", "no field \"question\""},
        {"{\"question\": \"q\"}", ":1: ", "no field \"answer\""},
        {"{\"question\": true, \"answer\": \"#### 1\"}",
         ":1: ", "\"question\" is not a string, but true or false"},
        {"{\"question\": [], \"answer\": \"#### 1\"}",
         ":1: ", "\"question\" is not a string, but a list"},
        {"{\"question\": NaN, \"answer\": \"#### 1\"}", ":1: ", "\"question\" is NaN"},
        {"{\"question\": \"q\", \"answer\": null}",
         ":1: ", "\"answer\" is not a string"},
        {"{\"question\": \"q\", \"question\": \"r\", \"answer\": \"#### 1\"}",
         ":1: ", "duplicate"},
        {ROW("q\\u0000r", "#### 1"), ":1: ", "\"question\" contains a NUL"},
        {ROW("q", "\\u0000\\n#### 1"), ":1: ", "\"answer\" contains a NUL"},
        {ROW("", "#### 1"), ":1: ", "\"question\" is empty"},
        {ROW("q", ""), ":1: ", "\"answer\" is empty"},
        {ROW("q", "1+1=2"), ":1: ", "no last line \"#### n\""},
        {ROW("q", "####"), ":1: ", "no last line \"#### n\""},
        {ROW("q", "a\\n####  \\n"), ":1: ", "no last line \"#### n\""},
        {ROW("q", "#### 1\\nmore"), ":1: ", "no last line \"#### n\""},
        {ROW("q", "so #### 1"), ":1: ", "no last line \"#### n\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_failure(bad[i].text, strlen(bad[i].text), bad[i].place, bad[i].reason);
}

static void test_nul_byte(void **state)
{
    static const char text[] = "{\"question\": \"a\0b\", \"answer\": \"#### 1\"}";
    (void)state;
    expect_failure(text, sizeof text - 1, ":1: ", "not JSON");
}

static void test_long_line(void **state)
{
    enum { BYTES = (1 << 26) + 1 };
    char *text = NULL;
    (void)state;
    assert_ok(mem_new(&text, BYTES, 1));
    memset(text, 'x', BYTES);
    expect_failure(text, BYTES, ":1: ", "longer than 67108864 bytes");
    mem_free(text);
}

// Nesting and numbers that a parser may choke on.
static void test_deep_nesting(void **state)
{
    enum { BYTES = 1 << 20 };
    char *text = NULL;
    (void)state;
    assert_ok(mem_new(&text, BYTES, 1));
    memset(text, '[', BYTES);
    expect_failure(text, BYTES, ":1: ", "not JSON");
    memset(text, '9', BYTES);
    expect_failure(text, BYTES, ":1: ", "not a JSON object");
    mem_free(text);
}

static void test_absent(void **state)
{
    struct dataset d = {0};
    (void)state;
    assert_int_equal(dataset_load(&d, "/nonexistent/file.jsonl", 0), ERR_INPUT);
    assert_non_null(strstr(status_message(), "/nonexistent/file.jsonl"));
}

// Lines behind the limit are not read, so they may be anything.
static void test_limit(void **state)
{
    struct temporary t = temporary_make();
    struct dataset d = {0};
    static const char text[] = ROW("q", "#### 1") ROW("r", "#### 2") "nonsense";
    (void)state;
    temporary_put(&t, text, strlen(text));
    assert_ok(dataset_load(&d, t.path, 2));
    assert_int_equal(d.n, 2);
    dataset_free(&d);
    assert_int_equal(dataset_load(&d, t.path, 3), ERR_INPUT);
    temporary_remove(&t);
}

static void assert_same(const struct dataset *a, const struct dataset *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        assert_string_equal(a->problems[i].question, b->problems[i].question);
        assert_string_equal(a->problems[i].solution, b->problems[i].solution);
        assert_string_equal(a->problems[i].answer, b->problems[i].answer);
        assert_int_equal(a->problems[i].steps, b->problems[i].steps);
    }
}

static void test_saved(void **state)
{
    struct temporary t = temporary_make();
    struct dataset d = {0}, again = {0};
    (void)state;
    load_text(&d, ROW("\\\"q\\\" \\u00e9\\t\\\\ \\ud83d\\ude00", "a\\n#### 1")
                      ROW("r", "b\\n#### 1/2"));
    assert_ok(dataset_save(&d, t.path));
    assert_ok(dataset_load(&again, t.path, 0));
    assert_same(&d, &again);
    assert_int_equal(dataset_save(&d, "/nonexistent/file"), ERR_IO);
    dataset_free(&d);
    dataset_free(&again);
    temporary_remove(&t);
}

// Written as GSM8K is written.
static void test_saved_form(void **state)
{
    struct temporary t = temporary_make();
    struct dataset d = {0};
    struct buf text = {0};
    static const char row[] = ROW("caf\\u00e9?", "1+1=<<1+1=2>>2\\n#### 2");
    (void)state;
    load_text(&d, row);
    assert_ok(dataset_save(&d, t.path));
    assert_ok(file_read(&text, t.path, 1 << 20));
    assert_int_equal(text.len, strlen(row));
    for (size_t i = 0; i < text.len; i++) // the case of \u00E9 is free
        assert_int_equal(text.data[i] | 0x20, row[i] | 0x20);
    buf_free(&text);
    dataset_free(&d);
    temporary_remove(&t);
}

static void check_gsm8k(const char *name, size_t rows)
{
    struct dataset d = {0};
    char path[512];
    (void)snprintf(path, sizeof path, "%s/gsm8k/%s", SHARED_DATA, name);
    if (!file_exists(path)) {
        print_message("no %s: skipped\n", path);
        skip();
    }
    assert_ok(dataset_load(&d, path, 0));
    assert_int_equal(d.n, rows);
    for (size_t i = 0; i < d.n; i++) {
        assert_in_range(d.problems[i].steps, 1, 11);
        assert_int_equal(strspn(d.problems[i].answer, "-0123456789,"),
                         strlen(d.problems[i].answer));
    }
    dataset_free(&d);
}

static void test_gsm8k(void **state)
{
    (void)state;
    check_gsm8k("train.jsonl", 7473);
    check_gsm8k("test.jsonl", 1319);
}

static void test_order_is_a_permutation(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 300; n += n < 20 ? 1 : 37)
        for (uint64_t epoch = 0; epoch < 3; epoch++) {
            uint8_t seen[300] = {0};
            for (uint64_t i = 0; i < n; i++) {
                uint64_t at = dataset_shuffled(9, epoch, n, i);
                assert_true(at < n);
                assert_false(seen[at]++);
            }
        }
}

static void test_order_depends_on_seed_and_epoch(void **state)
{
    enum { N = 1000 };
    int same_seed = 0, same_epoch = 0, fixed = 0;
    (void)state;
    for (uint64_t i = 0; i < N; i++) {
        uint64_t at = dataset_shuffled(1, 0, N, i);
        assert_int_equal(at, dataset_shuffled(1, 0, N, i));
        same_seed += at == dataset_shuffled(2, 0, N, i);
        same_epoch += at == dataset_shuffled(1, 1, N, i);
        fixed += at == i;
    }
    // One each is expected of independent orders.
    assert_true(same_seed < 10 && same_epoch < 10 && fixed < 10);
}

// Where the first item goes, over many seeds: every place about equally often.
static void test_order_is_even(void **state)
{
    enum { N = 7, SEEDS = 7000 };
    int places[N] = {0};
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        places[dataset_shuffled(seed, 0, N, 0)]++;
    for (int i = 0; i < N; i++)
        assert_in_range(places[i], SEEDS / N - 150, SEEDS / N + 150); // 5 sigma
}

static enum status load_once(const char *path)
{
    struct dataset d = {0};
    enum status st = dataset_load(&d, path, 0);
    if (st != OK)
        assert_null(d.problems);
    dataset_free(&d);
    return st;
}

static void test_no_memory(void **state)
{
    struct temporary t = temporary_make();
    static const char text[] = ROW("q", "#### 1") ROW("r", "a\\n#### 2");
    long n = 1;
    (void)state;
    temporary_put(&t, text, strlen(text));
    for (;; n++) {
        mem_fail_nth(n);
        enum status st = load_once(t.path);
        mem_fail_nth(0);
        if (st == OK)
            break;
        assert_int_equal(st, ERR_NOMEM);
    }
    assert_true(n > 8);
    temporary_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_nul_byte),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_deep_nesting),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_saved),
        cmocka_unit_test(test_saved_form),
        cmocka_unit_test(test_gsm8k),
        cmocka_unit_test(test_order_is_a_permutation),
        cmocka_unit_test(test_order_depends_on_seed_and_epoch),
        cmocka_unit_test(test_order_is_even),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

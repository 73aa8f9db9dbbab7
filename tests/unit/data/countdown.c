// Countdown sets: solved, distinct, disjoint, reproducible, and read back as written.
#include "data/countdown.h"

#include "data_test.h"

#include "base/file.h"

#include <string.h>
#include <unistd.h>

static const struct countdown_config small = {.seed = 1,
                                              .train = 400,
                                              .test = 80,
                                              .numbers = 4,
                                              .max_number = 12,
                                              .max_target = 60};

static void generate(const struct countdown_config *c, struct dataset *train,
                     struct dataset *test)
{
    assert_ok(countdown_generate(c, train, test));
    assert_int_equal(train->n, c->train);
    assert_int_equal(test->n, c->test);
}

static void check_solved(const struct dataset *d)
{
    for (size_t i = 0; i < d->n; i++) {
        const struct problem *p = &d->problems[i];
        size_t len = strlen(p->solution);
        assert_int_equal(p->verifier, VERIFIER_COUNTDOWN);
        assert_int_equal(p->steps, 4);
        assert_true(verify_answer(VERIFIER_COUNTDOWN, p->solution, len, p->answer) ==
                    1);
        assert_int_equal(countdown_partial(p->solution, len, p->answer), VERDICT_VALID);
    }
}

static int holds(const struct dataset *d, size_t n, const char *question)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(d->problems[i].question, question) == 0)
            return 1;
    return 0;
}

static void test_sets(void **state)
{
    struct countdown_config c = small;
    struct dataset train = {0}, test = {0}, longer = {0}, other = {0};
    (void)state;
    generate(&c, &train, &test);
    check_solved(&train);
    check_solved(&test);
    for (size_t i = 0; i < train.n; i++)
        assert_false(holds(&train, i, train.problems[i].question));
    for (size_t i = 0; i < test.n; i++)
        assert_false(holds(&train, train.n, test.problems[i].question));
    dataset_free(&test);
    c.train = 600;
    generate(&c, &longer, &test);
    for (size_t i = 0; i < train.n; i++)
        assert_string_equal(train.problems[i].solution, longer.problems[i].solution);
    dataset_free(&test);
    c = small;
    c.seed = 2;
    generate(&c, &other, &test);
    assert_string_not_equal(train.problems[0].question, other.problems[0].question);
    for (size_t i = 0; i < test.n; i++)
        assert_false(holds(&train, train.n, test.problems[i].question));
    dataset_free(&train);
    dataset_free(&test);
    dataset_free(&longer);
    dataset_free(&other);
}

static void test_saved(void **state)
{
    struct dataset train = {0}, test = {0}, back = {0};
    const char *path = "countdown_sets.jsonl";
    (void)state;
    generate(&small, &train, &test);
    assert_ok(dataset_save(&test, path));
    assert_ok(dataset_load(&back, path, 0));
    assert_int_equal(back.n, test.n);
    for (size_t i = 0; i < test.n; i++) {
        assert_string_equal(back.problems[i].question, test.problems[i].question);
        assert_string_equal(back.problems[i].solution, test.problems[i].solution);
        assert_string_equal(back.problems[i].answer, test.problems[i].answer);
        assert_int_equal(back.problems[i].verifier, VERIFIER_COUNTDOWN);
    }
    (void)unlink(path);
    dataset_free(&train);
    dataset_free(&test);
    dataset_free(&back);
}

static void test_refused(void **state)
{
    struct dataset train = {0}, test = {0};
    struct countdown_config c = small;
    (void)state;
    c.numbers = COUNTDOWN_MOST + 1;
    assert_int_equal(countdown_generate(&c, &train, &test), ERR_INPUT);
    c = small;
    c.max_target = 1;
    assert_int_equal(countdown_generate(&c, &train, &test), ERR_INPUT);
    c = small;
    c.max_number = 2;
    c.max_target = 4; // a handful of problems
    assert_int_equal(countdown_generate(&c, &train, &test), ERR_INPUT);
    assert_non_null(strstr(status_message(), "distinct"));
    assert_int_equal(train.n + test.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_saved),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

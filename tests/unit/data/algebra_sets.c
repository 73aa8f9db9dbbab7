// Generated sets: distinct, disjoint, reproducible, and refused where they cannot be.
#include "algebra_test.h"

static int holds(const struct dataset *d, size_t n, const char *question)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(d->problems[i].question, question) == 0)
            return 1;
    return 0;
}

static void test_distinct(void **state)
{
    struct algebra_config c = quickstart();
    struct dataset train = {0}, test = {0}, other = {0}, none = {0};
    (void)state;
    c.train = 1500;
    c.test = 200;
    c.max_steps = 2; // few enough that texts come twice
    generate(&c, &train, &test);
    c.seed = 2;
    c.test = 0;
    generate(&c, &other, &none);
    for (size_t i = 0; i < train.n; i++)
        assert_false(holds(&train, i, train.problems[i].question));
    for (size_t i = 0; i < test.n; i++) {
        assert_false(holds(&test, i, test.problems[i].question));
        assert_false(holds(&train, train.n, test.problems[i].question));
        assert_false(holds(&other, other.n, test.problems[i].question));
    }
    dataset_free(&train);
    dataset_free(&test);
    dataset_free(&other);
    dataset_free(&none);
}

static int count_same(const struct dataset *a, const struct dataset *b)
{
    int same = 0;
    for (size_t i = 0; i < a->n && i < b->n; i++)
        same += strcmp(a->problems[i].question, b->problems[i].question) == 0 &&
                strcmp(a->problems[i].solution, b->problems[i].solution) == 0;
    return same;
}

// The same again; a larger set begins with the smaller one; the test set does not
// depend on the size of the training set; another seed is another set.
static void test_reproducible(void **state)
{
    struct algebra_config c = quickstart();
    struct dataset train = {0}, test = {0}, more = {0}, test2 = {0};
    (void)state;
    generate(&c, &train, &test);
    c.train = 700;
    generate(&c, &more, &test2);
    assert_int_equal(count_same(&train, &more), train.n);
    assert_int_equal(count_same(&test, &test2), test.n);
    dataset_free(&more);
    dataset_free(&test2);
    c.seed = 2;
    generate(&c, &more, &test2);
    assert_true(count_same(&train, &more) < 5);
    dataset_free(&train);
    dataset_free(&test);
    dataset_free(&more);
    dataset_free(&test2);
}

static void test_too_many(void **state)
{
    struct algebra_config c = quickstart();
    struct dataset train = {0}, test = {0};
    (void)state;
    c.max_operand = 2;
    c.max_factor = 2;
    c.max_value = 4;
    c.max_steps = 2;
    c.train = 100000;
    assert_int_equal(algebra_generate(&c, &train, &test), ERR_INPUT);
    assert_non_null(strstr(status_message(), "distinct train problems"));
    c.train = 1;
    c.test = 100000;
    assert_int_equal(algebra_generate(&c, &train, &test), ERR_INPUT);
    assert_non_null(strstr(status_message(), "distinct test problems"));
    assert_null(train.problems);
    assert_null(test.problems);
}

static void refuse(struct algebra_config c, const char *field)
{
    struct dataset train = {0}, test = {0};
    assert_int_equal(algebra_config_check(&c), ERR_INPUT);
    assert_non_null(strstr(status_message(), field));
    assert_int_equal(algebra_generate(&c, &train, &test), ERR_INPUT);
}

static void test_config_bounds(void **state)
{
    (void)state;
#define REFUSE(field, value)                                                           \
    do {                                                                               \
        struct algebra_config c = quickstart();                                        \
        c.field = (value);                                                             \
        refuse(c, #field " is");                                                       \
    } while (0)
    REFUSE(train, -1);
    REFUSE(test, -1);
    REFUSE(test, 10000001);
    REFUSE(min_steps, 1);
    REFUSE(max_steps, 13);
    REFUSE(max_steps, 1);
    REFUSE(max_operand, 1);
    REFUSE(max_operand, 1000001);
    REFUSE(max_factor, 1);
    REFUSE(max_value, 8);
    REFUSE(max_value, 2000000000);
    REFUSE(equations, 101);
    REFUSE(equations, -1);
    REFUSE(chains, 101);
    REFUSE(prose, 2);
#undef REFUSE
    struct algebra_config c = quickstart();
    c.equations = 60;
    c.chains = 41;
    refuse(c, "chains is");
}

static void test_no_memory(void **state)
{
    struct algebra_config c = quickstart();
    struct dataset train = {0}, test = {0};
    long n = 1;
    (void)state;
    c.train = 5;
    c.test = 3;
    for (;; n++) {
        mem_fail_nth(n);
        enum status st = algebra_generate(&c, &train, &test);
        mem_fail_nth(0);
        if (st == OK)
            break;
        assert_int_equal(st, ERR_NOMEM);
        assert_null(train.problems);
        assert_null(test.problems);
    }
    assert_true(n > 20);
    dataset_free(&train);
    dataset_free(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distinct),  cmocka_unit_test(test_reproducible),
        cmocka_unit_test(test_too_many),  cmocka_unit_test(test_config_bounds),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

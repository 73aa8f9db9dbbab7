// Codes, and the message that grows upward.
#include "base_test.h"

#include <pthread.h>

static void a_failure_is_described(void **state)
{
    (void)state;
    assert_int_equal(status_fail(ERR_IO, "disk %d of %s", 3, "rank 0"), ERR_IO);
    assert_string_equal(status_message(), "disk 3 of rank 0");
    assert_int_equal(status_fail(ERR_INPUT, "another"), ERR_INPUT);
    assert_string_equal(status_message(), "another");
}

static void callers_prepend_what_they_know(void **state)
{
    (void)state;
    enum status st = status_fail(ERR_INPUT, "not a number");
    st = status_wrap(st, "line %d", 7);
    st = status_wrap(st, "%s", "run.yaml");
    assert_int_equal(st, ERR_INPUT);
    assert_string_equal(status_message(), "run.yaml: line 7: not a number");
    assert_int_equal(status_wrap(OK, "never seen"), OK);
    assert_string_equal(status_message(), "run.yaml: line 7: not a number");
}

static void messages_are_cut_not_overrun(void **state)
{
    (void)state;
    char lengthy[5000];
    memset(lengthy, 'x', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = 0;
    assert_int_equal(status_fail(ERR_IO, "%s", lengthy), ERR_IO);
    size_t most = strlen(status_message());
    assert_true(most > 500 && most < 5000);
    assert_int_equal(status_wrap(ERR_IO, "outer"), ERR_IO);
    assert_int_equal(strlen(status_message()), most);
    assert_memory_equal(status_message(), "outer: xxx", 10);
    assert_int_equal(status_wrap(ERR_IO, "%s", lengthy), ERR_IO);
    assert_int_equal(strlen(status_message()), most);
    for (int i = 0; i < 2000; i++)
        assert_int_equal(status_wrap(ERR_IO, "deeper"), ERR_IO);
    assert_int_equal(strlen(status_message()), most);
}

static void a_message_may_quote_the_one_before(void **state)
{
    (void)state;
    assert_int_equal(status_fail(ERR_IO, "inner"), ERR_IO);
    assert_int_equal(
        status_fail(ERR_INPUT, "<%s|%s>", status_message(), status_message()),
        ERR_INPUT);
    assert_string_equal(status_message(), "<inner|inner>");
}

static void *fail_elsewhere(void *fresh)
{
    *(int *)fresh = status_message()[0] == 0;
    (void)!status_fail(ERR_IO, "of the other thread");
    return NULL;
}

static void messages_are_per_thread(void **state)
{
    (void)state;
    pthread_t other;
    int fresh = 0;
    assert_int_equal(status_fail(ERR_IO, "of this thread"), ERR_IO);
    assert_int_equal(pthread_create(&other, NULL, fail_elsewhere, &fresh), 0);
    assert_int_equal(pthread_join(other, NULL), 0);
    assert_true(fresh);
    assert_string_equal(status_message(), "of this thread");
}

static void every_code_has_its_own_name(void **state)
{
    (void)state;
    for (int a = OK; a <= ERR_INTERNAL + 1; a++)
        for (int b = OK; b < a; b++)
            assert_string_not_equal(status_name((enum status)a),
                                    status_name((enum status)b));
}

static enum status try_both(enum status first, enum status second, int *steps)
{
    enum status st;
    TRY(first);
    ++*steps;
    TRY_OUT(second);
    ++*steps;
out:
    ++*steps; // cleaning up
    return st;
}

static void try_leaves_at_the_first_failure(void **state)
{
    (void)state;
    int steps = 0;
    assert_int_equal(try_both(ERR_IO, ERR_INPUT, &steps), ERR_IO);
    assert_int_equal(steps, 0);
    assert_int_equal(try_both(OK, ERR_INPUT, &steps), ERR_INPUT);
    assert_int_equal(steps, 2);
    assert_ok(try_both(OK, OK, &steps));
    assert_int_equal(steps, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_described),
        cmocka_unit_test(callers_prepend_what_they_know),
        cmocka_unit_test(messages_are_cut_not_overrun),
        cmocka_unit_test(a_message_may_quote_the_one_before),
        cmocka_unit_test(messages_are_per_thread),
        cmocka_unit_test(every_code_has_its_own_name),
        cmocka_unit_test(try_leaves_at_the_first_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Checked allocation: zeroed, aligned, overflow refused, failures on demand.
#include "base_test.h"

#include <pthread.h>

static void memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    for (size_t count = 0; count < 300; count += 7) {
        unsigned char *dirty = NULL, *fresh = NULL;
        assert_ok(mem_new(&dirty, count, 3));
        memset(dirty, 0xa5, count * 3);
        mem_free(dirty); // so that the next may get used memory
        assert_ok(mem_new(&fresh, count, 3));
        assert_non_null(fresh);
        assert_int_equal((uintptr_t)fresh % 64, 0);
        for (size_t i = 0; i < count * 3; i++)
            assert_int_equal(fresh[i], 0);
        mem_free(fresh);
    }
    mem_free(NULL);
}

static void overflow_is_refused(void **state)
{
    (void)state;
    static const size_t huge[][2] = {
        {SIZE_MAX, 2},         {2, SIZE_MAX},
        {SIZE_MAX / 8 + 1, 8}, {(size_t)1 << 32, (size_t)1 << 32},
        {SIZE_MAX, 1}, // the product fits; rounding it up to 64 does not
        {SIZE_MAX - 62, 1},
    };
    char here, *p = &here;
    for (size_t i = 0; i < sizeof huge / sizeof *huge; i++) {
        size_t capacity = 0;
        assert_int_equal(mem_new(&p, huge[i][0], huge[i][1]), ERR_NOMEM);
        assert_int_equal(mem_dup(&p, "", huge[i][0], huge[i][1]), ERR_NOMEM);
        assert_int_equal(mem_grow(&p, &capacity, 0, huge[i][0], huge[i][1]), ERR_NOMEM);
        assert_ptr_equal(p, &here);
        assert_int_equal(capacity, 0);
    }
}

static void products_are_exact_or_refused(void **state)
{
    (void)state;
    size_t product = 5;
    assert_ok(mem_mul(&product, 0, SIZE_MAX));
    assert_int_equal(product, 0);
    assert_ok(mem_mul(&product, SIZE_MAX / 3, 3));
    assert_true(product == SIZE_MAX / 3 * 3);
    assert_int_equal(mem_mul(&product, SIZE_MAX / 3 + 1, 3), ERR_NOMEM);
    assert_true(product == SIZE_MAX / 3 * 3);
}

static void growing_keeps_what_was_there(void **state)
{
    (void)state;
    int *items = NULL, moves = 0;
    size_t capacity = 0;
    for (size_t used = 0; used < 1000; used++) {
        const int *before = items;
        assert_ok(mem_grow(&items, &capacity, used, used + 1, sizeof *items));
        moves += items != before;
        assert_true(capacity > used);
        items[used] = (int)used;
    }
    for (size_t i = 0; i < capacity; i++)
        assert_int_equal(items[i], i < 1000 ? (int)i : 0);
    assert_true(moves < 15); // doubles
    assert_ok(mem_grow(&items, &capacity, 1000, 5000, sizeof *items));
    assert_true(capacity >= 5000);
    mem_free(items);
}

static void failed_growth_changes_nothing(void **state)
{
    (void)state;
    int *items = NULL;
    size_t capacity = 0;
    assert_ok(mem_grow(&items, &capacity, 0, 4, sizeof *items));
    items[3] = 33;
    const int *before = items;
    mem_fail_nth(1);
    assert_fails(mem_grow(&items, &capacity, 4, 5, sizeof *items), ERR_NOMEM,
                 "cannot allocate");
    assert_ptr_equal(items, before);
    assert_int_equal(capacity, 4);
    assert_int_equal(items[3], 33);
    assert_ok(mem_grow(&items, &capacity, 4, 4, sizeof *items)); // fits: no allocation
    assert_ptr_equal(items, before);
    mem_free(items);
}

static void copies_are_copies(void **state)
{
    (void)state;
    const short from[] = {3, 1, 4};
    short *copy = NULL, *none = NULL;
    char *text = NULL;
    assert_ok(mem_dup(&copy, from, 3, sizeof *from));
    assert_memory_equal(copy, from, sizeof from);
    assert_ok(mem_dup(&none, NULL, 0, sizeof *from));
    assert_non_null(none);
    assert_ok(mem_strdup(&text, "leaf"));
    assert_string_equal(text, "leaf");
    mem_free(copy);
    mem_free(none);
    mem_free(text);
}

static void *allocate_twice(void *failures)
{
    for (int i = 0; i < 2; i++) {
        char *p = NULL;
        *(int *)failures += mem_new(&p, 1, 1) != OK;
        mem_free(p);
    }
    return NULL;
}

static void the_nth_allocation_fails_once(void **state)
{
    (void)state;
    for (long nth = 1; nth <= 3; nth++) {
        mem_fail_nth(nth);
        for (long i = 1; i <= 4; i++) {
            char *p = NULL;
            assert_int_equal(mem_new(&p, 1, 1), i == nth ? ERR_NOMEM : OK);
            assert_int_equal(p == NULL, i == nth);
            mem_free(p);
        }
    }
    mem_fail_nth(1);
    mem_fail_nth(0);
    int failures = 0;
    (void)allocate_twice(&failures);
    assert_int_equal(failures, 0);
}

static void failures_stay_in_their_thread(void **state)
{
    (void)state;
    pthread_t other;
    int there = 0, here = 0;
    mem_fail_nth(1);
    assert_int_equal(pthread_create(&other, NULL, allocate_twice, &there), 0);
    assert_int_equal(pthread_join(other, NULL), 0);
    (void)allocate_twice(&here);
    assert_int_equal(there, 0);
    assert_int_equal(here, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(overflow_is_refused),
        cmocka_unit_test(products_are_exact_or_refused),
        cmocka_unit_test(growing_keeps_what_was_there),
        cmocka_unit_test(failed_growth_changes_nothing),
        cmocka_unit_test(copies_are_copies),
        cmocka_unit_test(the_nth_allocation_fails_once),
        cmocka_unit_test(failures_stay_in_their_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

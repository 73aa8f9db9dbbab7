// The thread pool: every index once, nested loops in place, start and stop.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "base/par.h"

#include "base/clock.h"

#include <stdatomic.h>

enum { MOST = 3000, THREADS = 4 };

struct counts {
    atomic_int calls[MOST];
    atomic_int bad_thread;
    int plain[MOST]; // written by the one owner of the index, read after the loop
};

static void count(void *context, int index, int thread)
{
    struct counts *c = context;
    atomic_fetch_add(&c->calls[index], 1);
    if (thread < 0 || thread >= par_threads())
        atomic_store(&c->bad_thread, 1);
    c->plain[index] = 7 * index + 1;
}

static void check_once(int n)
{
    static struct counts c;
    for (int i = 0; i < MOST; i++) {
        atomic_store(&c.calls[i], 0);
        c.plain[i] = 0;
    }
    par_for(n, count, &c);
    for (int i = 0; i < MOST; i++) {
        assert_int_equal(atomic_load(&c.calls[i]), i < n);
        assert_int_equal(c.plain[i], i < n ? 7 * i + 1 : 0);
    }
    assert_int_equal(atomic_load(&c.bad_thread), 0);
}

static void check_sizes(void)
{
    static const int sizes[] = {0, 1, 2, 3, 5, 64, 1000, MOST};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_once(sizes[i]);
}

static void each_index_once(void **state)
{
    static const long spins[] = {0, 50, 5000};
    (void)state;
    assert_int_equal(par_threads(), 1);
    check_sizes();
    for (size_t i = 0; i < sizeof spins / sizeof *spins; i++) {
        assert_int_equal(par_start(THREADS, spins[i]), OK);
        assert_int_equal(par_threads(), THREADS);
        check_sizes();
        par_stop();
        assert_int_equal(par_threads(), 1);
    }
}

struct sum {
    int parts[64];
};

static void write_part(void *context, int index, int thread)
{
    (void)thread;
    ((struct sum *)context)->parts[index] += index;
}

// Many short loops right behind one another, with and without sleeping helpers.
static void loops_in_a_row(void **state)
{
    (void)state;
    for (long spin_us = 0; spin_us <= 100; spin_us += 100) {
        struct sum s = {{0}};
        assert_int_equal(par_start(THREADS, spin_us), OK);
        for (int i = 0; i < 2000; i++) {
            par_for(1 + i % 64, write_part, &s);
            if (i % 500 == 0)
                clock_sleep_us(2000);
        }
        par_stop();
        for (int k = 0; k < 64; k++) {
            int calls = 0;
            for (int i = 0; i < 2000; i++)
                calls += i % 64 >= k;
            assert_int_equal(s.parts[k], k * calls);
        }
    }
}

struct nest {
    int cells[8][32];
    int threads[8][32];
    int outer[8];
};

struct nest_row {
    struct nest *nest;
    int row;
};

static void inner(void *context, int index, int thread)
{
    struct nest_row *r = context;
    r->nest->cells[r->row][index]++;
    r->nest->threads[r->row][index] = thread;
}

static void outer(void *context, int index, int thread)
{
    struct nest_row r = {context, index};
    r.nest->outer[index] = thread;
    par_for(32, inner, &r);
}

static void nested_runs_in_place(void **state)
{
    (void)state;
    static struct nest n;
    assert_int_equal(par_start(THREADS, 100), OK);
    par_for(8, outer, &n);
    par_stop();
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < 32; k++) {
            assert_int_equal(n.cells[i][k], 1);
            assert_int_equal(n.threads[i][k], n.outer[i]);
        }
}

struct meeting {
    atomic_int arrived;
};

static void meet(void *context, int index, int thread)
{
    struct meeting *m = context;
    (void)index;
    (void)thread;
    atomic_fetch_add(&m->arrived, 1);
    while (atomic_load(&m->arrived) < 2)
        clock_sleep_us(100);
}

// Ends only where two threads are inside the loop at once.
static void tasks_run_side_by_side(void **state)
{
    (void)state;
    for (long spin_us = 0; spin_us <= 100; spin_us += 100) {
        struct meeting m = {0};
        assert_int_equal(par_start(2, spin_us), OK);
        par_for(2, meet, &m);
        par_stop();
        assert_int_equal(atomic_load(&m.arrived), 2);
    }
}

static void bad_starts(void **state)
{
    (void)state;
    assert_int_equal(par_start(0, 0), ERR_INPUT);
    assert_int_equal(par_start(-3, 0), ERR_INPUT);
    assert_int_equal(par_start(1 << 20, 0), ERR_INPUT);
    assert_int_equal(par_start(2, 0), OK);
    assert_int_equal(par_start(2, 0), ERR_INTERNAL);
    assert_int_equal(par_threads(), 2);
    par_stop();
    par_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_index_once),
        cmocka_unit_test(loops_in_a_row),
        cmocka_unit_test(nested_runs_in_place),
        cmocka_unit_test(tasks_run_side_by_side),
        cmocka_unit_test(bad_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

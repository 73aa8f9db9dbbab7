#include "par.h"

#include "clock.h"
#include "mem.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

enum { MAX_THREADS = 1024, POLLS_PER_CLOCK = 64 };

struct helper {
    pthread_t thread;
    int index; // from 1 on: 0 is the main thread
};

// A ticket is the number of the loop (high 32 bits) and the tasks not yet taken (low).
// A thread takes a task by counting the ticket down with one compare-and-swap, so a
// thread that wakes late can never take a task of a loop other than the one it read:
// the fields below are only written while no task is left.
struct pool {
    _Atomic uint64_t ticket;
    _Atomic(par_task *) task;
    _Atomic(void *) context;
    atomic_int n_tasks, n_done;
    atomic_int sleepers, main_sleeps, stopping;
    pthread_mutex_t lock;
    pthread_cond_t wake, finished;
    struct helper *helpers; // (threads - 1)
    int threads;
    long spin_us;
};

static struct pool pool = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .wake = PTHREAD_COND_INITIALIZER,
    .finished = PTHREAD_COND_INITIALIZER,
    .threads = 1,
};
static _Thread_local int thread_index;
static _Thread_local int inside_task;

static uint32_t tasks_left(uint64_t ticket)
{
    return (uint32_t)ticket;
}

static void cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void count_done(void)
{
    if (atomic_fetch_add(&pool.n_done, 1) + 1 != atomic_load(&pool.n_tasks))
        return;
    if (!atomic_load(&pool.main_sleeps))
        return;
    (void)pthread_mutex_lock(&pool.lock);
    (void)pthread_cond_signal(&pool.finished);
    (void)pthread_mutex_unlock(&pool.lock);
}

static void take_tasks(void)
{
    uint64_t ticket = atomic_load(&pool.ticket);
    inside_task = 1;
    while (tasks_left(ticket) > 0) {
        par_task *task = atomic_load(&pool.task);
        void *context = atomic_load(&pool.context);
        int index = atomic_load(&pool.n_tasks) - (int)tasks_left(ticket);
        if (!atomic_compare_exchange_weak(&pool.ticket, &ticket, ticket - 1))
            continue;
        task(context, index, thread_index);
        count_done();
        ticket = atomic_load(&pool.ticket);
    }
    inside_task = 0;
}

static int work_waits(void)
{
    return tasks_left(atomic_load(&pool.ticket)) > 0 || atomic_load(&pool.stopping);
}

static int all_done(void)
{
    return atomic_load(&pool.n_done) == atomic_load(&pool.n_tasks);
}

// Polls until `ready`, for about spin_us; whether it came true.
static int spin_until(int (*ready)(void))
{
    if (ready())
        return 1;
    if (pool.spin_us <= 0)
        return 0;
    double deadline = clock_seconds() + 1e-6 * (double)pool.spin_us;
    do {
        for (int i = 0; i < POLLS_PER_CLOCK; i++) {
            if (ready())
                return 1;
            cpu_relax();
        }
    } while (clock_seconds() < deadline);
    return 0;
}

// `asleep` is raised before `ready` is read, and read by the other side after it made
// `ready` true: one of the two always sees the other, so no wake-up is lost.
static void sleep_until(int (*ready)(void), pthread_cond_t *signal, atomic_int *asleep)
{
    (void)pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(asleep, 1);
    while (!ready())
        (void)pthread_cond_wait(signal, &pool.lock);
    atomic_fetch_sub(asleep, 1);
    (void)pthread_mutex_unlock(&pool.lock);
}

static void *helper_main(void *argument)
{
    thread_index = ((const struct helper *)argument)->index;
    for (;;) {
        if (!spin_until(work_waits))
            sleep_until(work_waits, &pool.wake, &pool.sleepers);
        if (atomic_load(&pool.stopping))
            return NULL;
        take_tasks();
    }
}

static void wake_helpers(void)
{
    if (!atomic_load(&pool.sleepers))
        return;
    (void)pthread_mutex_lock(&pool.lock);
    (void)pthread_cond_broadcast(&pool.wake);
    (void)pthread_mutex_unlock(&pool.lock);
}

enum status par_start(int threads, long spin_us)
{
    if (threads < 1 || threads > MAX_THREADS)
        return status_fail(ERR_INPUT, "threads: %d is not in 1..%d", threads,
                           MAX_THREADS);
    if (pool.threads > 1)
        return status_fail(ERR_INTERNAL, "the thread pool is started twice");
    if (threads == 1)
        return OK;
    TRY(mem_new(&pool.helpers, (size_t)threads - 1, sizeof *pool.helpers));
    pool.spin_us = spin_us;
    for (int i = 1; i < threads; i++) {
        struct helper *helper = &pool.helpers[i - 1];
        helper->index = i;
        if (pthread_create(&helper->thread, NULL, helper_main, helper) != 0) {
            par_stop();
            return status_fail(ERR_IO, "cannot start thread %d of %d", i + 1, threads);
        }
        pool.threads = i + 1;
    }
    return OK;
}

void par_stop(void)
{
    atomic_store(&pool.stopping, 1);
    wake_helpers();
    for (int i = 1; i < pool.threads; i++)
        (void)pthread_join(pool.helpers[i - 1].thread, NULL);
    mem_free(pool.helpers);
    pool.helpers = NULL;
    pool.threads = 1;
    atomic_store(&pool.stopping, 0);
}

int par_threads(void)
{
    return pool.threads;
}

static void run_in_place(int n, par_task *task, void *context)
{
    int outer = inside_task;
    inside_task = 1;
    for (int i = 0; i < n; i++)
        task(context, i, thread_index);
    inside_task = outer;
}

void par_for(int n, par_task *task, void *context)
{
    if (n < 1)
        return;
    if (n == 1 || pool.threads == 1 || inside_task) {
        run_in_place(n, task, context);
        return;
    }
    atomic_store(&pool.task, task);
    atomic_store(&pool.context, context);
    atomic_store(&pool.n_tasks, n);
    atomic_store(&pool.n_done, 0);
    uint64_t loop = (atomic_load(&pool.ticket) >> 32) + 1;
    atomic_store(&pool.ticket, (loop << 32) | (uint32_t)n);
    wake_helpers();
    take_tasks();
    if (!spin_until(all_done))
        sleep_until(all_done, &pool.finished, &pool.main_sleeps);
}

// Checkpoints: only whole ones are found, what is read is what was written, damage is
// named.  And metrics.jsonl: what lies behind a checkpoint is cut off.
#include "archive/checkpoint.h"

#include "archive/metrics_log.h"
#include "base/file.h"

#include <cmocka.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

enum { N = 1000 };

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/etreerpo-checkpoint-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return file_remove_tree(dir) == OK ? 0 : -1;
}

static void fill(float *x, uint64_t step, float scale)
{
    for (int i = 0; i < N; i++)
        x[i] = scale * (float)(i + 1) / (float)(step + 3);
}

static void write_one(uint64_t step, int commit)
{
    float m[N], v[N];
    char path[PATH_MAX];
    fill(m, step, 1.0f);
    fill(v, step, -2.0f);
    double memory[2] = {(double)step / 3.0, -1e300};
    const struct checkpoint_state s = {
        step, (int64_t)step + 5, 0xabcdef0123456789u, m, v, N, memory, 2};
    assert_ok(checkpoint_begin(dir, step, path));
    assert_ok(checkpoint_write_state(path, &s));
    if (commit)
        assert_ok(checkpoint_commit(dir, step, 2));
}

static void test_round_trip_and_keep(void **state)
{
    float m[N], v[N], expected[N];
    double memory[2] = {0};
    struct checkpoint_state s = {
        .m = m, .v = v, .n = N, .memory = memory, .n_memory = 2};
    char path[PATH_MAX];
    uint64_t step = 0;
    int found = 1;
    (void)state;
    assert_ok(checkpoint_latest(dir, &step, path, &found));
    assert_false(found);
    for (uint64_t at = 10; at <= 40; at += 10)
        write_one(at, 1);
    write_one(50, 0); // killed before its rename
    assert_ok(checkpoint_latest(dir, &step, path, &found));
    assert_true(found);
    assert_int_equal(step, 40);
    assert_ok(checkpoint_read_state(path, &s));
    assert_true(memory[0] == 40.0 / 3.0 && memory[1] == -1e300);
    fill(expected, 40, 1.0f);
    assert_memory_equal(m, expected, sizeof m);
    fill(expected, 40, -2.0f);
    assert_memory_equal(v, expected, sizeof v);
    assert_int_equal(s.updates, 45);
    assert_true(s.weights_hash == 0xabcdef0123456789u);
    (void)snprintf(path, sizeof path, "%s/checkpoints/step-000020", dir);
    assert_false(file_exists(path));
    (void)snprintf(path, sizeof path, "%s/checkpoints/step-000030", dir);
    assert_true(file_exists(path));
}

static void test_damage_is_named(void **state)
{
    float m[N], v[N];
    struct checkpoint_state s = {.m = m, .v = v, .n = N - 1};
    char path[PATH_MAX], file[PATH_MAX];
    uint64_t step = 0;
    int found = 0;
    (void)state;
    write_one(7, 1);
    assert_ok(checkpoint_latest(dir, &step, path, &found));
    assert_int_equal(checkpoint_read_state(path, &s), ERR_INPUT); // another size
    assert_non_null(strstr(status_message(), "optimizer.h5"));
    s.n = N;
    (void)snprintf(file, sizeof file, "%s/optimizer.h5", path);
    assert_int_equal(truncate(file, 3000), 0);
    assert_int_equal(checkpoint_read_state(path, &s), ERR_INPUT);
    assert_non_null(strstr(status_message(), file));
}

static void log_steps(uint64_t first, uint64_t end)
{
    struct metrics_log *log = NULL;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/metrics.jsonl", dir);
    assert_ok(metrics_log_open(&log, path, first));
    for (uint64_t step = first; step < end; step++) {
        const struct metrics_field fields[] = {{"reward", (double)step / 4.0, NULL},
                                               {"odd", (double)NAN, NULL},
                                               {"hash", 0.0, "00ff"}};
        assert_ok(metrics_log_append(log, step, fields, 3));
    }
    assert_ok(metrics_log_sync(log));
    metrics_log_free(log);
}

static void test_metrics_resume(void **state)
{
    struct buf whole = {0}, resumed = {0};
    char path[128];
    (void)state;
    (void)snprintf(path, sizeof path, "%s/metrics.jsonl", dir);
    log_steps(0, 6);
    assert_ok(file_read(&whole, path, 1 << 20));
    assert_non_null(strstr(buf_cstr(&whole),
                           "{\"step\": 3, \"reward\": 0.75, \"odd\": null, "
                           "\"hash\": \"00ff\"}\n"));
    // A run killed in the middle of a line, resumed at step 4.
    assert_int_equal(truncate(path, (off_t)whole.len - 9), 0);
    log_steps(4, 6);
    assert_ok(file_read(&resumed, path, 1 << 20));
    assert_string_equal(buf_cstr(&resumed), buf_cstr(&whole));
    buf_free(&whole);
    buf_free(&resumed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip_and_keep, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_damage_is_named, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_metrics_resume, make_dir, remove_dir),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}

// Archive segments: what goes in comes out, live or sealed; what lies behind a
// checkpoint goes on resume; a killed writer's file does no harm.
#include "archive/archive.h"
#include "base/file.h"
#include "base/mem.h"

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

enum { TREES = 3 };

static const char *const names[] = {"reward", "length"};
static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/etreerpo-archive-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return file_remove_tree(dir) == OK ? 0 : -1;
}

// A tree of two leaves whose numbers follow from (step, i).
static void make_tree(struct tree *t, uint64_t step, uint64_t i)
{
    const int32_t tokens[3] = {(int32_t)step, (int32_t)i, 7};
    const float log_probs[3] = {-0.5f, -0.25f * (float)i, -1.0f};
    const float entropies[3] = {0.1f, 0.2f, (float)step};
    int32_t node;
    assert_ok(tree_init(t, 100 * step + i, tokens, 2));
    t->step = step;
    t->policy_version = step;
    t->nodes[0].branching = 2;
    assert_ok(tree_add(t, 0, 0, NODE_EOS, tokens, log_probs, entropies, 3, &node));
    assert_ok(
        tree_add(t, 0, 1, NODE_LENGTH, tokens, log_probs, entropies, 1 + i % 2, &node));
    t->nodes[1].reward = 1.0f;
    t->nodes[1].advantage = 0.5f;
    t->nodes[2].weight = 0.25f;
}

static void append(struct archive *a, uint64_t step)
{
    struct tree trees[TREES] = {0}, *list[TREES];
    const double values[2] = {(double)step / 10.0, 40.0 + (double)step};
    for (uint64_t i = 0; i < TREES; i++) {
        make_tree(&trees[i], step, i);
        list[i] = &trees[i];
    }
    assert_ok(archive_append(a, step, names, values, 2, list, TREES));
    for (int i = 0; i < TREES; i++)
        tree_free(&trees[i]);
}

static void path_of(char *out, uint64_t first, const char *ending)
{
    (void)snprintf(out, 128, "%s/steps-%06llu.h5%s", dir, (unsigned long long)first,
                   ending);
}

static void check_segment(const char *path, uint64_t first, uint64_t steps)
{
    struct tree *trees = NULL;
    double *reward = NULL;
    size_t n = 0, n_reward = 0;
    assert_ok(archive_read_trees(path, &trees, &n));
    assert_int_equal(n, steps * TREES);
    for (size_t i = 0; i < n; i++) {
        struct tree expected = {0};
        make_tree(&expected, first + i / TREES, i % TREES);
        assert_true(tree_hash(1, &trees[i]) == tree_hash(1, &expected));
        assert_memory_equal(trees[i].nodes, expected.nodes,
                            expected.n_nodes * sizeof *expected.nodes);
        tree_free(&expected);
        tree_free(&trees[i]);
    }
    mem_free(trees);
    assert_ok(archive_read_metric(path, "reward", &reward, &n_reward));
    assert_int_equal(n_reward, steps);
    for (size_t i = 0; i < n_reward; i++)
        assert_true(reward[i] == (double)(first + i) / 10.0);
    mem_free(reward);
}

static void test_round_trip(void **state)
{
    struct archive *a = NULL;
    char path[128];
    (void)state;
    assert_ok(archive_open(&a, dir, 4, "run:\n  seed: 1\n"));
    for (uint64_t step = 4; step < 7; step++)
        append(a, step);
    path_of(path, 4, ".live");
    assert_true(file_exists(path));
    assert_ok(archive_seal(a));
    assert_false(file_exists(path));
    path_of(path, 4, "");
    check_segment(path, 4, 3);
}

// Another process reads the live file while the writer holds it.
static void test_read_while_written(void **state)
{
    struct archive *a = NULL;
    char path[128];
    int status = -1;
    (void)state;
    assert_ok(archive_open(&a, dir, 0, ""));
    append(a, 0);
    append(a, 1);
    path_of(path, 0, ".live");
    pid_t child = fork();
    if (child == 0) {
        struct tree *trees = NULL;
        size_t n = 0;
        _exit(archive_read_trees(path, &trees, &n) == OK && n == 2 * TREES ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    append(a, 2);
    assert_ok(archive_seal(a));
}

static void test_resume_drops_what_is_behind(void **state)
{
    struct archive *a = NULL;
    char path[128];
    (void)state;
    for (uint64_t first = 0; first < 6; first += 2) {
        assert_ok(archive_open(&a, dir, first, ""));
        append(a, first);
        assert_ok(archive_seal(a));
    }
    assert_ok(archive_open(&a, dir, 6, ""));
    append(a, 6);
    archive_free(a);
    assert_ok(archive_resume(dir, 4));
    path_of(path, 2, "");
    assert_true(file_exists(path));
    path_of(path, 4, "");
    assert_false(file_exists(path));
    path_of(path, 6, ".live");
    assert_false(file_exists(path));
}

// SIGKILL in the middle of writing: good to the last whole step, and droppable.
static void test_killed_writer(void **state)
{
    char path[128];
    int ready[2], status;
    char byte;
    (void)state;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct archive *a = NULL;
        if (archive_open(&a, dir, 0, "") != OK)
            _exit(1);
        for (uint64_t step = 0;; step++) {
            append(a, step);
            if (step == 1 && write(ready[1], "x", 1) != 1)
                _exit(1);
        }
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    struct tree *trees = NULL;
    size_t n = 0;
    path_of(path, 0, ".live");
    if (archive_read_trees(path, &trees, &n) == OK) { // as far as it was flushed
        assert_true(n >= (size_t)2 * TREES);
        for (size_t i = 0; i < n; i++)
            tree_free(&trees[i]);
        mem_free(trees);
    }
    assert_ok(archive_resume(dir, 0));
    assert_false(file_exists(path));
    (void)close(ready[0]);
    (void)close(ready[1]);
}

// The file may not grow: one status line, no crash, no printing by HDF5.
static void test_no_room(void **state)
{
    int status;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit little = {20000, 20000};
        struct archive *a = NULL;
        struct tree t = {0}, *list[1] = {&t};
        const double values[2] = {0};
        enum status st;
        (void)signal(SIGXFSZ, SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &little);
        make_tree(&t, 0, 0);
        st = archive_open(&a, dir, 0, "");
        for (uint64_t step = 0; st == OK && step < 3000; step++)
            st = archive_append(a, step, names, values, 2, list, 1);
        _exit(st == ERR_IO ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_bad_files(void **state)
{
    struct tree *trees = NULL;
    double *values = NULL;
    size_t n = 0;
    char path[128];
    (void)state;
    path_of(path, 0, "");
    assert_int_equal(archive_read_trees(path, &trees, &n), ERR_INPUT);
    assert_ok(file_write(path, "no HDF5", 7));
    assert_int_equal(archive_read_trees(path, &trees, &n), ERR_INPUT);
    assert_non_null(strstr(status_message(), path));
    struct archive *a = NULL;
    assert_ok(archive_open(&a, dir, 8, ""));
    append(a, 8);
    assert_ok(archive_seal(a));
    path_of(path, 8, "");
    assert_int_equal(archive_read_metric(path, "nothing", &values, &n), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_read_while_written, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_resume_drops_what_is_behind, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(test_killed_writer, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_no_room, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_bad_files, make_dir, remove_dir),
    };
    return cmocka_run_group_tests_name("archive segments", tests, NULL, NULL);
}

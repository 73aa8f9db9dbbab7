// A training run asked to stop: its step ended, a checkpoint, EXIT_AGAIN, and the same
// bits in the end.
// cmocka.h needs the standard headers before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
// clang-format on
#include "launch/signals.h"

#include "archive/checkpoint.h"
#include "base/clock.h"
#include "base/file.h"
#include "launch/commands.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FOREVER = 1000000, // steps: the run ends when it is asked to
    MORE = 20,         // steps after it has resumed
    PATIENCE_MS = 60000,
};

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

static char *folder_of_all(void)
{
    static char folder[] = "/tmp/etreerpo-signals-XXXXXX";
    return folder;
}

static void path_of(char *out, const char *run, const char *name)
{
    (void)snprintf(out, PATH_MAX, "%s/%s/%s", folder_of_all(), run, name);
}

// In a child: its log goes to a file, its exit status is main's.
_Noreturn static void be_the_program(command_fn *command, int argc, char **argv,
                                     int asked)
{
    char log[PATH_MAX];
    path_of(log, "", "log");
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
        _exit(3);
    signals_catch();
    if (asked)
        (void)raise(SIGTERM);
    if (command(argc, argv) != OK) {
        (void)fprintf(stderr, "%s\n", status_message());
        _exit(1);
    }
    _exit(signals_obeyed() ? EXIT_AGAIN : 0);
}

static pid_t start(command_fn *command, int argc, char **argv, int asked)
{
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        be_the_program(command, argc, argv, asked);
    return pid;
}

static int exit_status(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static pid_t train(const char *run, uint64_t steps, int asked)
{
    char config[PATH_MAX], dir[PATH_MAX + 16], count[64];
    path_of(config, "", "config.yaml");
    (void)snprintf(dir, sizeof dir, "run.dir=%s/%s", folder_of_all(), run);
    (void)snprintf(count, sizeof count, "train.steps=%llu", (unsigned long long)steps);
    char *argv[] = {config, dir, count};
    return start(command_train, 3, argv, asked);
}

static int has(const char *run, const char *name)
{
    char path[PATH_MAX];
    path_of(path, run, name);
    return file_exists(path);
}

static uint64_t lines_of(const char *path)
{
    uint64_t lines = 0;
    FILE *f = fopen(path, "r");
    for (int c; f && (c = fgetc(f)) != EOF;)
        lines += c == '\n';
    if (f)
        assert_int_equal(fclose(f), 0);
    return lines;
}

static uint64_t steps_logged(const char *run)
{
    char path[PATH_MAX];
    path_of(path, run, "metrics.jsonl");
    return lines_of(path);
}

static void await_steps(const char *run, uint64_t steps)
{
    int64_t until = clock_ms() + PATIENCE_MS;
    while (steps_logged(run) < steps) {
        assert_true(clock_ms() < until);
        clock_sleep_us(1000);
    }
}

static uint64_t newest_checkpoint(const char *run)
{
    char dir[PATH_MAX], path[PATH_MAX];
    uint64_t step = 0;
    int found = 0;
    path_of(dir, run, "");
    assert_ok(checkpoint_latest(dir, &step, path, &found));
    return found ? step : 0;
}

static void read_model(struct buf *out, const char *run)
{
    char path[PATH_MAX];
    path_of(path, run, "model/model.safetensors");
    assert_ok(file_read(out, path, 1 << 24));
}

static void assert_same_model(const char *a, const char *b)
{
    struct buf of_a = {0}, of_b = {0};
    read_model(&of_a, a);
    read_model(&of_b, b);
    assert_int_equal(of_a.len, of_b.len);
    assert_memory_equal(of_a.data, of_b.data, of_a.len);
    buf_free(&of_a);
    buf_free(&of_b);
}

// Problems, and the settings of a run whose own checkpoints come too late to hide the
// one asked for.
static int set_up(void **state)
{
    char data[PATH_MAX], config[PATH_MAX], text[4 * PATH_MAX];
    (void)state;
    if (!mkdtemp(folder_of_all()))
        return -1;
    path_of(data, "", "data");
    char *argv[] = {(char *)"algebra",    (char *)"--out",     data,
                    (char *)"seed=7",     (char *)"train=200", (char *)"test=10",
                    (char *)"max_steps=2"};
    if (exit_status(start(command_data, 7, argv, 0)) != 0)
        return -1;
    int n = snprintf(text, sizeof text,
                     "run: {threads: 1, checkpoint_every: 1000}\n"
                     "model: {dim: 32, layers: 2, heads: 2, kv_heads: 1, ffn: 64, "
                     "max_positions: 256}\n"
                     "data: {train: %s/train.jsonl, test: %s/test.jsonl, "
                     "tokenizer: %s}\n"
                     "rollout: {branch: [3, 2], max_new_tokens: 40}\n"
                     "train: {prompts: 4}\n",
                     data, data, data);
    path_of(config, "", "config.yaml");
    return file_write(config, text, (size_t)n) == OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return file_remove_tree(folder_of_all()) == OK ? 0 : -1;
}

static void test_stop_and_resume(void **state)
{
    (void)state;
    pid_t pid = train("cut", FOREVER, 0);
    await_steps("cut", 3);
    assert_int_equal(kill(pid, SIGUSR2), 0);
    assert_int_equal(kill(pid, SIGUSR2), 0); // a second one does no harm
    assert_int_equal(exit_status(pid), EXIT_AGAIN);
    uint64_t stopped = steps_logged("cut");
    assert_true(stopped >= 3);
    assert_int_equal(newest_checkpoint("cut"), stopped);
    assert_false(has("cut", "DONE"));

    assert_int_equal(exit_status(train("cut", stopped + MORE, 0)), 0);
    assert_int_equal(steps_logged("cut"), stopped + MORE);
    assert_true(has("cut", "DONE"));
    assert_int_equal(exit_status(train("whole", stopped + MORE, 0)), 0);
    assert_same_model("whole", "cut");
}

static void test_asked_before_the_first_step(void **state)
{
    (void)state;
    assert_int_equal(exit_status(train("early", FOREVER, 1)), EXIT_AGAIN);
    assert_int_equal(steps_logged("early"), 0);
    assert_int_equal(newest_checkpoint("early"), 0);
    assert_false(has("early", "DONE"));
}

// A rank that another one tells to stop: the signals leave no trace.
static void test_ignored(void **state)
{
    (void)state;
    signals_ignore();
    assert_int_equal(raise(SIGUSR2), 0);
    assert_int_equal(raise(SIGTERM), 0);
    assert_false(signals_asked());
    signals_catch();
    assert_int_equal(raise(SIGUSR2), 0);
    assert_true(signals_asked());
    assert_false(signals_obeyed());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_and_resume),
        cmocka_unit_test(test_asked_before_the_first_step),
        cmocka_unit_test(test_ignored),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

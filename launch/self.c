#include "launch/self.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "launch/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { POLL_US = 20000, MAX_LOG_BYTES = 1 << 26 };

static int of_mpi(const char *variable)
{
    static const char *const prefixes[] = {"OMPI_", "PMIX_", "PMI_", "PRTE_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
            return 1;
    return 0;
}

// Borrowed strings; the array is the caller's.
static enum status environment_without_mpi(char ***out)
{
    char **kept = NULL;
    size_t n = 0, all = 0;
    while (environ[all])
        all++;
    TRY(mem_new(&kept, all + 1, sizeof *kept));
    for (size_t i = 0; i < all; i++)
        if (!of_mpi(environ[i]))
            kept[n++] = environ[i];
    *out = kept;
    return OK;
}

static int spawn(struct self_process *c, char **argv, char **environment,
                 const char *log)
{
    posix_spawn_file_actions_t files;
    int failed = posix_spawn_file_actions_init(&files);
    if (failed)
        return failed;
    failed = posix_spawn_file_actions_addopen(&files, 1, log,
                                              O_WRONLY | O_CREAT | O_APPEND, 0666);
    failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, 1, 2);
    failed = failed ? failed
                    : posix_spawn(&c->pid, "/proc/self/exe", &files, NULL, argv,
                                  environment);
    (void)posix_spawn_file_actions_destroy(&files);
    return failed;
}

enum status self_start(struct self_process *c, const struct words *args,
                       const char *log)
{
    struct words argv = {0};
    char **environment = NULL;
    enum status st;
    *c = (struct self_process){0};
    words_add(&argv, "etreerpo");
    for (size_t i = 0; i < args->n; i++)
        words_add(&argv, "%s", args->items[i]);
    TRY_OUT(argv.status);
    TRY_OUT(environment_without_mpi(&environment));
    int failed = spawn(c, argv.items, environment, log);
    if (failed) {
        c->pid = 0;
        st = status_fail(ERR_IO, "start of etreerpo %s: %s", args->items[0],
                         strerror(failed));
    }
out:
    mem_free(environment);
    words_free(&argv);
    return st;
}

int self_ended(struct self_process *c)
{
    int status = 0;
    if (c->pid == 0)
        return 1;
    if (signals_asked() && !c->told) {
        c->told = 1;
        (void)kill(c->pid, SIGUSR2);
    }
    pid_t got = waitpid(c->pid, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR))
        return 0;
    c->code = got < 0               ? 127
              : WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                    : WEXITSTATUS(status);
    c->pid = 0;
    return 1;
}

// The last line of a text without the newlines behind it.
static const char *last_line(struct buf *text)
{
    while (text->len > 0 && strchr("\r\n", text->data[text->len - 1]))
        text->data[--text->len] = 0;
    const char *newline = text->len ? strrchr(buf_cstr(text), '\n') : NULL;
    return newline ? newline + 1 : buf_cstr(text);
}

enum status self_verdict(const struct self_process *c, const struct words *args,
                         const char *log)
{
    struct buf text = {0};
    if (c->code == 0)
        return OK;
    if (c->code == EXIT_AGAIN) {
        signals_obey();
        return OK;
    }
    const char *words =
        file_read(&text, log, MAX_LOG_BYTES) == OK ? last_line(&text) : "";
    enum status st =
        status_fail(ERR_IO, "etreerpo %s ended with status %d: %.300s (%s)",
                    args->items[0], c->code, words, log);
    buf_free(&text);
    return st;
}

enum status self_run(const struct words *args, const char *log)
{
    struct self_process c;
    TRY(args->status);
    TRY(self_start(&c, args, log));
    while (!self_ended(&c))
        clock_sleep_us(POLL_US);
    return self_verdict(&c, args, log);
}

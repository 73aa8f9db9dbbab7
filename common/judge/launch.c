#include "launch.h"

#include "judge.h"
#include "program.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// The program is longer than one argument may be: it comes through descriptor 3.
#define BOOT "import os;exec(compile(os.pread(3,1<<24,0),'<judge>','exec'))"

// Capabilities are of the sandbox's own user namespace, for the server alone, which
// makes a pid namespace and a /tmp for every program; programs have none.
static const char *const sandbox[] = {
    "--unshare-user",
    "--unshare-ipc",
    "--unshare-pid",
    "--unshare-net",
    "--unshare-uts",
    "--new-session",
    "--unshare-cgroup-try",
    "--die-with-parent",
    "--ro-bind",
    "/usr",
    "/usr",
    "--ro-bind-try",
    "/lib",
    "/lib",
    "--ro-bind-try",
    "/lib64",
    "/lib64",
    "--dev-bind",
    "/dev/null",
    "/dev/null",
    "--dev-bind",
    "/dev/urandom",
    "/dev/urandom",
    "--dir",
    "/tmp",
    "--remount-ro",
    "/",
    "--chdir",
    "/",
    "--cap-drop",
    "ALL",
    "--cap-add",
    "CAP_SYS_ADMIN",
    "--cap-add",
    "CAP_SETPCAP",
};

// No user site, no site: only the standard library is there, the same on every machine.
static const char *const python[] = {"/usr/bin/python3", "-s", "-S", "-c", BOOT};

static void add(struct launch *l, const char *const *args, size_t count)
{
    for (size_t i = 0; i < count; i++)
        l->argv[l->argc++] = args[i];
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void command_line(struct launch *l, const struct judge_config *c, int bare)
{
    snprintf(l->timeout_ms, sizeof l->timeout_ms, "%" PRId64, c->timeout_ms);
    snprintf(l->memory_mb, sizeof l->memory_mb, "%" PRId64, c->memory_mb);
    if (!bare) {
        l->argv[l->argc++] = c->bwrap ? c->bwrap : "bwrap";
        add(l, sandbox, COUNT(sandbox));
    }
    add(l, python, COUNT(python));
    const char *const settings[] = {l->timeout_ms, l->memory_mb,
                                    bare ? "bare" : "sandbox"};
    add(l, settings, COUNT(settings));
    l->argv[l->argc] = NULL;
}

static enum status program_open(int *fd)
{
    int file = memfd_create("judge-program", MFD_CLOEXEC);
    if (file < 0)
        return status_fail(ERR_IO, "judge: a file in memory: %s", strerror(errno));
    size_t written = 0;
    while (written < judge_program_len) {
        ssize_t n = write(file, judge_program + written, judge_program_len - written);
        if (n <= 0) {
            close(file);
            return status_fail(ERR_IO, "judge: a file in memory: %s", strerror(errno));
        }
        written += (size_t)n;
    }
    *fd = file;
    return OK;
}

enum status launch_open(struct launch *l, const struct judge_config *c, int bare)
{
    *l = (struct launch){.program_fd = -1, .filter_fd = -1};
    command_line(l, c, bare);
    enum status st = OK;
    TRY_OUT(program_open(&l->program_fd));
    TRY_OUT(filter_open(&l->filter_fd));
out:
    if (st != OK)
        launch_close(l);
    return st;
}

void launch_close(struct launch *l)
{
    if (l->program_fd >= 0)
        close(l->program_fd);
    if (l->filter_fd >= 0)
        close(l->filter_fd);
    l->program_fd = l->filter_fd = -1;
}

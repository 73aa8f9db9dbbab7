#include "child.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STANDARD_FDS = 3,
    ALL_FDS = STANDARD_FDS + CHILD_MAX_FDS,
    NOBODY = 65534,
};

static char *const fixed_environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                          "PYTHONHASHSEED=0", NULL};

void child_init(struct child *c)
{
    *c = (struct child){.in = -1, .out = -1, .log = -1};
}

// Root's files stay out of reach even where the sandbox has a hole, and the limit on
// processes binds.
static int give_up_root(void)
{
    if (geteuid() != 0)
        return 0;
    return setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
           setresuid(NOBODY, NOBODY, NOBODY);
}

// 0 to ALL_FDS become `fds`, of which some may be -1; all others are closed.
static int take_fds(const int fds[ALL_FDS])
{
    int high[ALL_FDS];
    for (int i = 0; i < ALL_FDS; i++) { // first out of the way
        high[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, ALL_FDS);
        if (fds[i] >= 0 && high[i] < 0)
            return -1;
    }
    for (int i = 0; i < ALL_FDS; i++) {
        if (high[i] < 0)
            close(i);
        else if (dup2(high[i], i) < 0)
            return -1;
    }
    close_range(ALL_FDS, ~0U, 0);
    return 0;
}

// After fork: only calls that are safe there.
_Noreturn static void become(const struct child_spec *s, const int fds[ALL_FDS])
{
    if (take_fds(fds))
        _exit(126);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    (void)setpgid(0, 0); // a stop signal to the launcher's group is not for a child
    char *const *environment = s->environment ? s->environment : fixed_environment;
    if ((s->keep_user || give_up_root() == 0) && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
        execvpe(s->argv[0], (char *const *)s->argv, environment);
    const char *why = strerrordesc_np(errno); // safe after fork, unlike strerror
    if (!why)
        why = "exec failed";
    if (write(2, why, strlen(why)) < 0)
        _exit(126);
    _exit(127);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

// Standard error: a file in memory, or a pipe.
static int open_log(struct child *c, const struct child_spec *s, int *child_log)
{
    int log[2];
    if (!s->log_pipe) {
        c->log = memfd_create("child-log", MFD_CLOEXEC);
        *child_log = c->log < 0 ? -1 : fcntl(c->log, F_DUPFD_CLOEXEC, 0);
        return *child_log < 0;
    }
    if (pipe2(log, O_CLOEXEC))
        return 1;
    c->log = log[0];
    *child_log = log[1];
    return fcntl(c->log, F_SETFL, O_NONBLOCK) != 0;
}

static enum status open_ends(struct child *c, const struct child_spec *s, int *child_in,
                             int *child_out, int *child_log)
{
    const char *name = s->name;
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC))
        return status_fail(ERR_IO, "%s: a pipe: %s", name, strerror(errno));
    *child_in = in[0];
    c->in = in[1];
    if (pipe2(out, O_CLOEXEC))
        return status_fail(ERR_IO, "%s: a pipe: %s", name, strerror(errno));
    c->out = out[0];
    *child_out = out[1];
    if (open_log(c, s, child_log) || fcntl(c->in, F_SETFL, O_NONBLOCK) ||
        fcntl(c->out, F_SETFL, O_NONBLOCK))
        return status_fail(ERR_IO, "%s: a pipe: %s", name, strerror(errno));
    return OK;
}

enum status child_start(struct child *c, const struct child_spec *s)
{
    enum status st = OK;
    int child_in = -1, child_out = -1, child_log = -1;
    child_init(c);
    TRY_OUT(open_ends(c, s, &child_in, &child_out, &child_log));
    const int fds[ALL_FDS] = {child_in, child_out, child_log, s->fds[0], s->fds[1]};
    pid_t pid = fork();
    if (pid == 0)
        become(s, fds);
    if (pid < 0) {
        st = status_fail(ERR_IO, "%s: fork: %s", s->name, strerror(errno));
        goto out;
    }
    c->pid = pid;
out:
    close_fd(&child_in);
    close_fd(&child_out);
    close_fd(&child_log);
    if (st != OK)
        child_kill(c);
    return st;
}

void child_kill(struct child *c)
{
    if (c->pid > 0) {
        kill(-c->pid, SIGKILL); // its group, and what bubblewrap holds dies with it
        kill(c->pid, SIGKILL);  // which it may not lead yet
        while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close_fd(&c->in);
    close_fd(&c->out);
    close_fd(&c->log);
    c->pid = 0;
}

ssize_t child_write(const struct child *c, const void *bytes, size_t len)
{
    static const struct timespec now = {0};
    sigset_t pipe, before, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    (void)pthread_sigmask(SIG_BLOCK, &pipe, &before);
    ssize_t n = write(c->in, bytes, len);
    int error = errno;
    if (n < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
        (void)sigtimedwait(&pipe, NULL, &now); // taken back before anybody sees it
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return n;
}

void child_end_text(const struct child *c, int64_t wait_ms, char *text, size_t size)
{
    siginfo_t how = {0};
    for (int64_t until_ms = clock_ms() + wait_ms;; clock_sleep_us(500)) {
        if (c->pid <= 0 ||
            waitid(P_PID, (id_t)c->pid, &how, WEXITED | WNOHANG | WNOWAIT) < 0 ||
            how.si_pid != 0 || clock_ms() >= until_ms)
            break;
    }
    if (how.si_pid == 0)
        (void)snprintf(text, size, "it closed its output");
    else
        (void)snprintf(text, size, "%s %d",
                       how.si_code == CLD_EXITED ? "exit status" : "ended by signal",
                       how.si_status);
}

void child_last_words(const struct child *c, char *text, size_t size)
{
    text[0] = 0;
    off_t len = c->log >= 0 ? lseek(c->log, 0, SEEK_END) : 0;
    if (len <= 0)
        return;
    off_t from = len >= (off_t)size ? len - (off_t)size + 1 : 0;
    ssize_t n = pread(c->log, text, size - 1, from);
    text[n > 0 ? n : 0] = 0;
    for (size_t end = strlen(text); end > 0 && text[end - 1] == '\n'; end--)
        text[end - 1] = 0;
    char *line = strrchr(text, '\n');
    if (line)
        memmove(text, line + 1, strlen(line + 1) + 1);
}

enum status child_file(int *fd, const char *name, const void *bytes, size_t len)
{
    int file = memfd_create(name, MFD_CLOEXEC);
    size_t written = 0;
    while (file >= 0 && written < len) {
        ssize_t n = write(file, (const char *)bytes + written, len - written);
        if (n <= 0 && errno != EINTR) {
            close(file);
            file = -1;
        }
        written += n > 0 ? (size_t)n : 0;
    }
    if (file < 0)
        return status_fail(ERR_IO, "%s: a file in memory: %s", name, strerror(errno));
    *fd = file;
    return OK;
}

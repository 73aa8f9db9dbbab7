// Starting and ending a server's process.
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    START_MS = 60000, // on a loaded machine; an interpreter and its modules take 0.2 s
    CHILD_FDS = 5,    // standard input, output, error, program, filter
    NOBODY = 65534,
};

// A fixed environment: the seed makes the order of a program's sets, and so a verdict,
// the same each time.
static char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                    "PYTHONHASHSEED=0", NULL};

void server_init(struct server *s)
{
    *s = (struct server){.in = -1, .out = -1, .log = -1};
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

// In the child, after fork: only calls that are safe there.
_Noreturn static void become_server(const struct launch *l, const int fds[CHILD_FDS])
{
    int high[CHILD_FDS];
    for (int i = 0; i < CHILD_FDS; i++) { // first out of the way of 0 to 4
        high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, CHILD_FDS);
        if (high[i] < 0)
            _exit(126);
    }
    for (int i = 0; i < CHILD_FDS; i++)
        if (dup2(high[i], i) < 0)
            _exit(126);
    close_range(CHILD_FDS, ~0U, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    (void)setpgid(0, 0); // a stop signal to the launcher's group is not for a judge
    if (give_up_root() == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
        execvpe(l->argv[0], (char *const *)l->argv, environment);
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

static enum status open_ends(struct server *s, int *child_in, int *child_out)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC))
        return status_fail(ERR_IO, "judge: a pipe: %s", strerror(errno));
    *child_in = in[0];
    s->in = in[1];
    if (pipe2(out, O_CLOEXEC))
        return status_fail(ERR_IO, "judge: a pipe: %s", strerror(errno));
    s->out = out[0];
    *child_out = out[1];
    s->log = memfd_create("judge-log", MFD_CLOEXEC);
    if (s->log < 0 || fcntl(s->in, F_SETFL, O_NONBLOCK) ||
        fcntl(s->out, F_SETFL, O_NONBLOCK))
        return status_fail(ERR_IO, "judge: a pipe: %s", strerror(errno));
    return OK;
}

enum status server_spawn(struct server *s, const struct launch *l, int64_t now_ms)
{
    enum status st = OK;
    int child_in = -1, child_out = -1;
    TRY_OUT(open_ends(s, &child_in, &child_out));
    const int fds[CHILD_FDS] = {child_in, child_out, s->log, l->program_fd,
                                l->filter_fd};
    pid_t pid = fork();
    if (pid == 0)
        become_server(l, fds);
    if (pid < 0) {
        st = status_fail(ERR_IO, "judge: fork: %s", strerror(errno));
        goto out;
    }
    s->pid = pid;
    s->state = SERVER_STARTING;
    s->deadline_ms = now_ms + START_MS;
out:
    close_fd(&child_in);
    close_fd(&child_out);
    if (st != OK)
        server_kill(s);
    return st;
}

void server_kill(struct server *s)
{
    if (s->pid > 0) {
        kill(s->pid, SIGKILL); // bubblewrap's own processes and ours die with it
        while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close_fd(&s->in);
    close_fd(&s->out);
    close_fd(&s->log);
    s->pid = 0;
    s->state = SERVER_DOWN;
}

void server_last_words(const struct server *s, char *text, size_t size)
{
    text[0] = 0;
    off_t len = s->log >= 0 ? lseek(s->log, 0, SEEK_END) : 0;
    if (len <= 0)
        return;
    off_t from = len >= (off_t)size ? len - (off_t)size + 1 : 0;
    ssize_t n = pread(s->log, text, size - 1, from);
    text[n > 0 ? n : 0] = 0;
    for (size_t end = strlen(text); end > 0 && text[end - 1] == '\n'; end--)
        text[end - 1] = 0;
    char *line = strrchr(text, '\n');
    if (line)
        memmove(text, line + 1, strlen(line + 1) + 1);
}

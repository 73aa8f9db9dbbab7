#include "child.h"

// A root in which there is nothing but what the system's programs need.
static const char *const sandbox[] = {"--unshare-user",
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
                                      "--chdir",
                                      "/",
                                      "--cap-drop",
                                      "ALL",
                                      NULL};
static const char *const closed[] = {"--remount-ro", "/", NULL};

void child_spec_init(struct child_spec *s, const char *name)
{
    *s = (struct child_spec){.name = name, .fds = {-1, -1}};
}

enum status child_spec_add(struct child_spec *s, const char *const *words)
{
    for (; *words; words++) {
        if (s->argc + 1 >= CHILD_MAX_ARGS)
            return status_fail(ERR_LIMIT, "%s: a command of more than %d words",
                               s->name, CHILD_MAX_ARGS - 1);
        s->argv[s->argc++] = *words;
    }
    return OK;
}

enum status child_spec_sandbox(struct child_spec *s, const char *bwrap,
                               const char *const *more)
{
    const char *const program[] = {bwrap ? bwrap : "bwrap", NULL};
    TRY(child_spec_add(s, program));
    TRY(child_spec_add(s, sandbox));
    if (more)
        TRY(child_spec_add(s, more));
    return child_spec_add(s, closed);
}

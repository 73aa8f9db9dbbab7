#include "launch.h"

#include "judge.h"
#include "program.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { PROGRAM, FILTER }; // of the files

// The program is longer than one argument may be: it comes through descriptor 3.
#define BOOT "import os;exec(compile(os.pread(3,1<<24,0),'<judge>','exec'))"

// Capabilities are of the sandbox's own user namespace, for the server alone, which
// makes a pid namespace and a /tmp for every program; programs have none.  Libraries of
// numpy are links through /etc/alternatives.
static const char *const more[] = {
    "--cap-add",     "CAP_SYS_ADMIN",     "--cap-add",         "CAP_SETPCAP",
    "--ro-bind-try", "/etc/alternatives", "/etc/alternatives", NULL};

// No user site, no site: the server adds what Debian's packages bring, and no more.
static const char *const python[] = {"/usr/bin/python3", "-s", "-S", "-c", BOOT, NULL};

static enum status command_line(struct launch *l, const struct judge_config *c,
                                int bare)
{
    (void)snprintf(l->timeout_ms, sizeof l->timeout_ms, "%" PRId64, c->timeout_ms);
    (void)snprintf(l->memory_mb, sizeof l->memory_mb, "%" PRId64, c->memory_mb);
    if (!bare)
        TRY(child_spec_sandbox(&l->spec, c->bwrap, more));
    TRY(child_spec_add(&l->spec, python));
    const char *const settings[] = {l->timeout_ms, l->memory_mb,
                                    bare ? "bare" : "sandbox", NULL};
    return child_spec_add(&l->spec, settings);
}

enum status launch_open(struct launch *l, const struct judge_config *c, int bare)
{
    *l = (struct launch){0};
    child_spec_init(&l->spec, "judge");
    enum status st = OK;
    TRY_OUT(command_line(l, c, bare));
    TRY_OUT(child_file(&l->spec.fds[PROGRAM], "judge-program", judge_program,
                       judge_program_len));
    TRY_OUT(filter_open(&l->spec.fds[FILTER]));
out:
    if (st != OK)
        launch_close(l);
    return st;
}

void launch_close(struct launch *l)
{
    for (int i = 0; i < CHILD_MAX_FDS; i++) {
        if (l->spec.fds[i] >= 0)
            close(l->spec.fds[i]);
        l->spec.fds[i] = -1;
    }
}

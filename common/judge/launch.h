// How a server is started: its command line, its program and its filter.  Filled once,
// then read-only; the owner calls launch_close.
#ifndef JUDGE_LAUNCH_H
#define JUDGE_LAUNCH_H

#include "base/status.h"

#include <stdint.h>

struct judge_config;

enum { LAUNCH_MAX_ARGS = 64 };

struct launch {
    const char *argv[LAUNCH_MAX_ARGS];
    int argc;
    char timeout_ms[24], memory_mb[24];
    int program_fd, filter_fd; // files in memory: the Python program, BPF instructions
};

// bare != 0: no bubblewrap, for machines without user namespaces.
CHECKED enum status launch_open(struct launch *l, const struct judge_config *c,
                                int bare);
void launch_close(struct launch *l);

// *fd = a file in memory that holds the system-call filter of programs as BPF.  ERR_IO.
CHECKED enum status filter_open(int *fd);

#endif

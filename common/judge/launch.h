// How a server is started: its command line, its program and its filter.  Filled once,
// then read-only; the owner calls launch_close.
#ifndef JUDGE_LAUNCH_H
#define JUDGE_LAUNCH_H

#include "base/status.h"
#include "sandbox/child.h"

struct judge_config;

struct launch {
    struct child_spec spec; // files 3 and 4: the Python program, BPF instructions
    char timeout_ms[24], memory_mb[24];
};

// bare != 0: no bubblewrap, for machines without user namespaces.
CHECKED enum status launch_open(struct launch *l, const struct judge_config *c,
                                int bare);
void launch_close(struct launch *l);

// *fd = a file in memory that holds the system-call filter of programs as BPF.  ERR_IO.
CHECKED enum status filter_open(int *fd);

#endif

// This program once more as a process of its own, outside of MPI, its output in a file.
// A stop request to the parent (signals.h) is passed on.
#ifndef LAUNCH_SELF_H
#define LAUNCH_SELF_H

#include "launch/words.h"

#include <sys/types.h>

struct self_process {
    pid_t pid; // 0: none
    int told;  // of the stop request
    int code;  // exit status once it has ended; 128 + signal
};

// `args`: what follows the program's name.  Output is appended to `log`.  ERR_IO.
CHECKED enum status self_start(struct self_process *c, const struct words *args,
                               const char *log);
// 1 once it has ended.
int self_ended(struct self_process *c);

// Starts it and waits.  ERR_IO where it fails, with its last words; OK where it stopped
// on request (signals_obey is called).
CHECKED enum status self_run(const struct words *args, const char *log);
// The status of a child that has ended, likewise.
CHECKED enum status self_verdict(const struct self_process *c, const struct words *args,
                                 const char *log);

#endif

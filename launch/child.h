// This program once more as a process of its own, outside of MPI, its output in a file.
// A stop request to the parent (signals.h) is passed on.
#ifndef LAUNCH_CHILD_H
#define LAUNCH_CHILD_H

#include "launch/words.h"

#include <sys/types.h>

struct child {
    pid_t pid; // 0: none
    int told;  // of the stop request
    int code;  // exit status once it has ended; 128 + signal
};

// `args`: what follows the program's name.  Output is appended to `log`.  ERR_IO.
CHECKED enum status child_start(struct child *c, const struct words *args,
                                const char *log);
// 1 once it has ended.
int child_ended(struct child *c);

// Starts it and waits.  ERR_IO where it fails, with its last words; OK where it stopped
// on request (signals_obey is called).
CHECKED enum status child_run(const struct words *args, const char *log);
// The status of a child that has ended, likewise.
CHECKED enum status child_verdict(const struct child *c, const struct words *args,
                                  const char *log);

#endif

// Child processes that are not of ours: in a sandbox (bubblewrap's namespaces) or out
// of it, with a pipe in, a pipe out and their standard error in a file in memory.
//
// A child leads a process group of its own, gives up root, dies with the thread that
// started it, and holds no descriptor but those it is given.  Nothing here blocks but
// child_exchange and child_end_text, which have deadlines.  The owner of a started
// child calls child_kill.
#ifndef SANDBOX_CHILD_H
#define SANDBOX_CHILD_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { CHILD_MAX_ARGS = 96, CHILD_MAX_FDS = 2 };

// How a child is started: filled once, then read-only.
struct child_spec {
    const char *argv[CHILD_MAX_ARGS]; // bubblewrap's where there is a sandbox
    int argc;
    const char *name;       // stands in messages: "judge"
    int fds[CHILD_MAX_FDS]; // stand as 3 and 4 in the child; -1: not there
    // NAME=VALUE ..., NULL; NULL: a fixed one, so that what depends on the environment
    // (the order of a Python set) is the same each time.
    char *const *environment;
    int keep_user; // 1: a root's child stays root, where it must read root's files
    int log_pipe;  // 1: its standard error is a pipe that the owner reads (child.log)
};

void child_spec_init(struct child_spec *s, const char *name);
// Appends words of the command line, up to a NULL.  ERR_LIMIT: too many.
CHECKED enum status child_spec_add(struct child_spec *s, const char *const *words);
// Appends the sandbox: no network, no other processes to be seen, a root of /usr and
// the libraries alone, read-only, /dev/null and /dev/urandom; then `more` options of
// bubblewrap (NULL: none).  Comes before the command's own words.  `bwrap`: its
// program; NULL: bwrap of the path.  ERR_LIMIT.
CHECKED enum status child_spec_sandbox(struct child_spec *s, const char *bwrap,
                                       const char *const *more);

struct child {
    pid_t pid;        // 0: none
    int in, out, log; // -1 where closed; the pipes' ends do not block
};

void child_init(struct child *c);
// ERR_IO.  That the command could not be run is told by an early end and last words.
CHECKED enum status child_start(struct child *c, const struct child_spec *s);
// Ends the process and all that it started, and waits for it.
void child_kill(struct child *c);
// Writes what the pipe takes of len bytes; where nothing reads it any more that is
// EPIPE, and no signal.  As write(2).
ssize_t child_write(const struct child *c, const void *bytes, size_t len);
// How a child that has closed its output ends: "exit status 3", "ended by signal 9", or
// "it closed its output" where it does not end within wait_ms.
void child_end_text(const struct child *c, int64_t wait_ms, char *text, size_t size);
// The last line on its standard error, cut to `size`; "" if there is none, and where it
// is a pipe.
void child_last_words(const struct child *c, char *text, size_t size);

// Starts a child, hands it `text` (len bytes), closes its input, and appends what it
// writes until it ends.  ERR_TIMEOUT: not within timeout_ms; ERR_LIMIT: more than
// most_bytes; ERR_IO: it ended by a signal or with an exit status that is not 0, with
// its last words; the child is gone in any case.
CHECKED enum status child_exchange(const struct child_spec *s, const char *text,
                                   size_t len, int64_t timeout_ms, size_t most_bytes,
                                   struct buf *out);

// *fd = a file in memory with these bytes, for a child to read.  ERR_IO.
CHECKED enum status child_file(int *fd, const char *name, const void *bytes,
                               size_t len);

#endif

// Running a policy's program against a problem's tests, in a sandbox.
//
// Warm servers, each a Python interpreter under bubblewrap (no network, read-only root,
// private /tmp, dies with this process), fork two processes a verification: an examiner
// that holds the tests, and a runner that holds the program and never sees a test or an
// expected value.  The verdict comes from the examiner alone.  One thread calls, and
// outlives the judge (the servers die with the thread that started them); the servers
// work beside it.
#ifndef JUDGE_JUDGE_H
#define JUDGE_JUDGE_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct judge_config {
    int servers;           // verifications at once; >= 1
    int64_t timeout_ms;    // of one verification, wall clock
    int64_t memory_mb;     // address space of the program
    int accept_no_sandbox; // 1: where user namespaces are off, run with rlimits and
                           // seccomp alone (and say so in the log); 0: refuse to start
    const char *bwrap;     // the sandbox's program; NULL: bwrap of the path
};

struct judge;

// Starts the servers.  ERR_INPUT: no sandbox here, and why; ERR_IO, ERR_NOMEM.
CHECKED enum status judge_start(struct judge **out, const struct judge_config *c);
void judge_stop(struct judge *j); // NULL is accepted; kills what still runs

enum judge_verdict {
    JUDGE_PASS,    // every test passed
    JUDGE_FAIL,    // a test failed, an exception, no such function, not a program
    JUDGE_TIMEOUT, // out of time, memory or output; of a partial program too: a failure
    JUDGE_KILLED,  // the sandbox died or broke the protocol: counts as a failure
    JUDGE_OPEN,    // partial programs only: nothing is decided yet
};

// Queues `text` (what the policy wrote) for `tests`, a JSON object that data/ makes
// (see tests.md in this folder); both are copied.  `partial` != 0: text is a prefix of
// a solution, asked whether it can still become right.  Never blocks.  ERR_NOMEM;
// ERR_INPUT: tests is not such an object, or a text beyond JUDGE_MAX_BYTES.
enum { JUDGE_MAX_BYTES = 1 << 26 };
CHECKED enum status judge_submit(struct judge *j, uint64_t ticket, const char *text,
                                 size_t len, const char *tests, int partial);

const char *judge_verdict_name(enum judge_verdict verdict);

struct judge_result {
    uint64_t ticket;
    enum judge_verdict verdict;
};

// Moves data, starts what is queued, ends what is overdue, and takes one verdict if one
// is there (*got).  Waits for one at most timeout_ms (0: not at all).
CHECKED enum status judge_poll(struct judge *j, int64_t timeout_ms,
                               struct judge_result *out, int *got);

// Drops what was submitted with this ticket, queued or running; no result comes.
void judge_cancel(struct judge *j, uint64_t ticket);

size_t judge_pending(const struct judge *j); // submitted, without a result yet

#endif

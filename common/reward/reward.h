// Rewards by a program of the user's: a process that lives long, is asked in JSON lines
// on its standard input and answers in JSON lines on its standard output.
//
//   asked     {"id": 7, "problem": {...}, "reply": "...", "whole": true}
//   answered  {"id": 7, "reward": 0.5}               the reply is whole
//             {"id": 7, "verdict": "invalid"}        "whole": false: a part of a reply
//
// Several questions are on their way at once; answers come in any order, one without an
// id belongs to the oldest question.  An answer must not depend on the others: rewards
// are a function of problem and reply.  So a process that ends, is silent for too long
// or writes what is no answer is started anew, and what it had been asked is asked once
// more, each question alone; one that fails then as well is an error, whoever else was
// asked at the time.  Standard error goes to the log.  One thread calls, and outlives
// the processes, which die with it; nothing here blocks but reward_start (the look for
// a sandbox) and reward_poll as long as it is told to.
#ifndef REWARD_REWARD_H
#define REWARD_REWARD_H

#include "base/status.h"
#include "verify/verify.h"

#include <stddef.h>
#include <stdint.h>

struct reward_config {
    const char *command; // the program and its arguments, a JSON array of texts
    int children;        // processes; >= 1
    int64_t timeout_ms;  // from when a question is the oldest to its answer
    // More than that for the first answer of a process; of a restarted one at most
    // twice what an earlier start took.
    int64_t start_ms;
    int64_t memory_mb; // address space of a process; 0: no limit
    int bare;          // 1: no sandbox
    int zero_on_error; // 1: a question that fails counts 0 (a part: unknown), else the
                       // run ends
    const char *bwrap; // the sandbox's program; NULL: bwrap of the path
};

struct reward;

// Starts the processes; they are not waited for.  ERR_INPUT: no command, or no sandbox
// here, and why; ERR_IO, ERR_NOMEM.
CHECKED enum status reward_start(struct reward **out, const struct reward_config *c);
void reward_stop(struct reward *r); // NULL is accepted; kills what still runs

// Queues a question about a reply (len bytes; what is no UTF-8 in it becomes U+FFFD) to
// `problem`, a JSON object; both are copied.  Never blocks.  ERR_NOMEM; ERR_LIMIT: too
// long.
enum { REWARD_MAX_BYTES = 1 << 27 };
CHECKED enum status reward_submit(struct reward *r, uint64_t ticket,
                                  const char *problem, const char *reply, size_t len,
                                  int whole);

struct reward_result {
    uint64_t ticket;
    float reward;         // in [0, 1], of a whole reply
    enum verdict verdict; // of a part
};

// Moves data, starts and restarts, and takes one result if one is there (*got).  Waits
// for one at most timeout_ms (0: not at all).  ERR_INPUT: the program failed, with its
// line or last words; where it was asked something then, out->ticket says what.
CHECKED enum status reward_poll(struct reward *r, int64_t timeout_ms,
                                struct reward_result *out, int *got);

// Drops what was submitted with this ticket; no result comes.
void reward_cancel(struct reward *r, uint64_t ticket);

size_t reward_pending(const struct reward *r);  // submitted, without a result yet
uint64_t reward_errors(const struct reward *r); // questions that counted 0

#endif

// One server of the judge, seen from outside: a process with a pipe in and a pipe out,
// that holds at most one verification.  Nothing here blocks.  The owner calls
// server_kill; one thread.
#ifndef JUDGE_SERVER_H
#define JUDGE_SERVER_H

#include "judge.h"
#include "launch.h"

#include "base/status.h"
#include "sandbox/child.h"

#include <stdint.h>

// One verification: what travels, and who asked.
struct job {
    struct job *next;
    uint64_t ticket;
    int partial;
    int cancelled; // no result comes of it
    size_t len;
    uint8_t frame[]; // partial, text length, tests length (32 bits each), text, tests
};

enum server_state {
    SERVER_DOWN,
    SERVER_STARTING, // until it says hello
    SERVER_IDLE,
    SERVER_BUSY,
};

struct server {
    enum server_state state;
    struct child process;
    struct job *job;     // of a busy one; owned
    size_t sent;         // of job->frame
    int64_t deadline_ms; // of what it does now; of one that is down: the next start
    int failed_starts;   // in a row
};

void server_init(struct server *s);

// Starts its process; it is ready later.  ERR_IO.
CHECKED enum status server_spawn(struct server *s, const struct launch *l,
                                 int64_t now_ms);

// Hands over a job, which the server then owns; it must be idle.
void server_give(struct server *s, struct job *job, int64_t deadline_ms);

// What poll is to wait for: a descriptor to read, one to write to (-1: none).
int server_read_fd(const struct server *s);
int server_write_fd(const struct server *s);

enum server_event {
    SERVER_NOTHING,
    SERVER_READY,   // was starting, is idle
    SERVER_VERDICT, // *verdict is of s->job, which the caller takes; the server is idle
    SERVER_FAILED,  // it ended, broke the protocol or is overdue: kill it
};

// Reads and writes what it can.
enum server_event server_step(struct server *s, int64_t now_ms,
                              enum judge_verdict *verdict);

// Ends the process and all that it started, and waits for it.  s->job stays.
void server_kill(struct server *s);

#endif

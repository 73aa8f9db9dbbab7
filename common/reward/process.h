// One process of the user's program: what it was asked, in order, and its three pipes.
// Nothing here blocks, but for some milliseconds where a process has ended.  Private to
// reward.  The owner calls process_end.
#ifndef REWARD_PROCESS_H
#define REWARD_PROCESS_H

#include "question.h"
#include "said.h"

#include "base/buf.h"
#include "sandbox/child.h"

enum { PROCESS_WHY = 640 };

struct process {
    struct child child;
    int up;
    struct questions asked; // not answered yet
    struct buf in;          // output: lines up to `taken` were handed out
    size_t taken;
    struct said said;
    int answered;      // since it was started
    uint64_t oldest;   // id of the question whose time runs
    int64_t spent_ms;  // of that time
    int64_t looked_ms; // when it was last looked at
    int64_t started_ms;
    int64_t next_start_ms; // of one that is down
    int deaths;            // since its last answer
    char why[PROCESS_WHY]; // of PROCESS_FAILED
};

void process_init(struct process *p);
CHECKED enum status process_start(struct process *p, const struct child_spec *spec,
                                  int64_t now_ms);
// Takes the question; it must be up.
void process_ask(struct process *p, struct question *q, int64_t now_ms);

enum process_event {
    PROCESS_NOTHING,
    PROCESS_LINE,   // *line (*len bytes) is valid until the next call
    PROCESS_FAILED, // it ended, is overdue or writes without an end: p->why
};

// Reads and writes what it can.  `limit_ms`: the time for the oldest question.
enum process_event process_step(struct process *p, int64_t now_ms, int64_t limit_ms,
                                const char **line, size_t *len);

// Kills it and all that it started; p->asked stays.
void process_end(struct process *p, int64_t now_ms);

#endif

// What the program writes to its standard error: line by line into the log, at a
// bounded rate.  Private to reward.  The owner calls said_free; zeroed is empty.
#ifndef REWARD_SAID_H
#define REWARD_SAID_H

#include <stddef.h>
#include <stdint.h>

enum { SAID_LINE = 400 };

struct said {
    char line[SAID_LINE]; // as far as it has come
    size_t len;
    char last[SAID_LINE]; // the last line that was not empty
    double room;          // lines that may be logged now
    int64_t at_ms;        // when that was so
    uint64_t left_out;    // lines since the last that was logged
    int begun;
};

// Reads what is there, at most so much that a flood cannot keep the caller.  1: nothing
// comes any more.
int said_read(struct said *s, int fd, int64_t now_ms);
// The process has ended: its last line may have no end.
void said_end(struct said *s, int64_t now_ms);

#endif

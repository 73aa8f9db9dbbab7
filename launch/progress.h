// Progress on standard error: a bar on a terminal, a line a step elsewhere.
#ifndef LAUNCH_PROGRESS_H
#define LAUNCH_PROGRESS_H

#include <stdint.h>

struct progress {
    const char *what;
    uint64_t first, total;
    double began_s;
    int terminal;
};

void progress_begin(struct progress *p, const char *what, uint64_t first,
                    uint64_t total);
void progress_step(struct progress *p, uint64_t done, const char *text);
void progress_end(struct progress *p);

#endif

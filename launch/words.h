// A growing list of arguments.  A failed addition is remembered: add freely, check
// once.  The owner calls words_free; a zeroed list is empty.
#ifndef LAUNCH_WORDS_H
#define LAUNCH_WORDS_H

#include "base/status.h"

#include <stddef.h>

struct words {
    char **items; // n, and a NULL behind them once there is one
    size_t n, capacity;
    enum status status; // the first failure
};

void words_free(struct words *w);
__attribute__((format(printf, 2, 3))) void words_add(struct words *w,
                                                     const char *format, ...);
void words_split(struct words *w, const char *text); // the words between white space

#endif

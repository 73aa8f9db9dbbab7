// metrics.jsonl: one JSON object a step, appended and flushed, so that it can be
// followed while the run goes on.
#ifndef ARCHIVE_METRICS_LOG_H
#define ARCHIVE_METRICS_LOG_H

#include "base/status.h"

#include <stdint.h>

struct metrics_field {
    const char *name;
    double value;
    const char *text; // instead of the value where not NULL
};

struct metrics_log;
// Opens for appending; lines of steps >= `step` and a half line at the end (a killed
// run's) are cut off first.  ERR_IO.
CHECKED enum status metrics_log_open(struct metrics_log **out, const char *path,
                                     uint64_t step);
// {"step": N, "name": value, ...}; a number that is not finite is written as null.
CHECKED enum status metrics_log_append(struct metrics_log *log, uint64_t step,
                                       const struct metrics_field *fields, int n);
CHECKED enum status metrics_log_sync(struct metrics_log *log); // to the disk
void metrics_log_free(struct metrics_log *log);

#endif

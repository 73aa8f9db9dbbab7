// The training runs that a report shows: series from metrics.jsonl, by run.
//
// A folder is a run (metrics.jsonl in it) or a study (cells/NAME/, each a run with a
// cell.json; variance.json).  The owner calls runs_free.
#ifndef REPORT_RUNS_H
#define REPORT_RUNS_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>

enum { RUN_DEPTHS = 4 };

// Series with one number a step.
enum run_series {
    RUN_PASS,   // Pass@1 of the step's trees
    RUN_TOKENS, // generated so far
    RUN_FLOPS,  // of rollout and training so far
    RUN_LENGTH,
    RUN_ENTROPY,
    RUN_CUT_BIAS,
    RUN_FALSE_CUT,
    RUN_CUT_SHARE,
    RUN_REUSE_ESS,
    RUN_REUSED, // nodes
    RUN_SIGMA2, // RUN_DEPTHS of them: variance that a step of depth 1, ... adds
    RUN_STEP_TOKENS = RUN_SIGMA2 + RUN_DEPTHS,
    RUN_RATE = RUN_STEP_TOKENS + RUN_DEPTHS, // children of a node of depth 0, ...
    RUN_SERIES = RUN_RATE + RUN_DEPTHS
};

struct run {
    char *folder, *study, *task, *arm; // owned; study "" for a run of its own
    long seed;
    size_t n;                   // steps
    double *series[RUN_SERIES]; // (n)
    double after;               // Pass@1 of the evaluation; negative: not evaluated
};

struct runs {
    struct run *items; // by task, arm, seed
    size_t n, capacity;
    struct buf variance; // the text of variance.json, if one was found
};

void runs_free(struct runs *r);
// Adds what `folder` holds.  ERR_INPUT: nothing, or a file is damaged; ERR_NOMEM.
CHECKED enum status runs_add(struct runs *r, const char *folder);
// By task, arm, seed.  Call once, after the last folder.
void runs_sort(struct runs *r);

// The runs from `first` on that share its task and arm; returns their number.
size_t runs_same_arm(const struct runs *r, size_t first);
size_t runs_same_task(const struct runs *r, size_t first);

#endif

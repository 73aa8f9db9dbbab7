// The numbers of one training step, by name: what metrics.jsonl, the archive and the
// terminal show.
#ifndef LAUNCH_STEP_METRICS_H
#define LAUNCH_STEP_METRICS_H

#include "learner/learner.h"

enum { STEP_METRICS_MAX = 120 };

struct step_metrics {
    struct {
        char name[32];
        double value;
    } items[STEP_METRICS_MAX];
    int n;
};

// Worker idle shares are since the last call: keep one `before` a worker, zeroed at
// first.
struct worker_clock {
    double busy_s, idle_s;
};

// Fills *out from a finished step.  `clocks` has room for one entry per worker of the
// dispatcher, `max` in all.
void step_metrics_fill(struct step_metrics *out, const struct step_record *record,
                       const struct dispatch *dispatch, struct worker_clock *clocks,
                       size_t max);

double step_metrics_get(const struct step_metrics *m, const char *name); // NAN: absent

#endif

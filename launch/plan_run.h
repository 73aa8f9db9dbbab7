// --dry-run: what a run would be, without running it.
#ifndef LAUNCH_PLAN_RUN_H
#define LAUNCH_PLAN_RUN_H

#include "launch/job.h"

// Prints the resolved config, memory and message sizes to standard output.
CHECKED enum status plan_run_print(const struct job *job);

#endif

// --dry-run: what a run would be, without running it.
#ifndef LAUNCH_PLAN_RUN_H
#define LAUNCH_PLAN_RUN_H

#include "launch/footprint.h"

// Prints memory and sizes to standard output; of training the resolved config first.
CHECKED enum status plan_run_print(const struct job *job,
                                   enum footprint_command command);

#endif

// The variance study as a command.
#ifndef LAUNCH_STUDY_VARIANCE_H
#define LAUNCH_STUDY_VARIANCE_H

#include "base/status.h"

// Prints the table; writes variance.json to `dir` (NULL: not).  Settings: trees=,
// seed=, threads=.  ERR_INTERNAL where a cell is not as it must be.
CHECKED enum status study_variance_run(const char *dir, int n_settings,
                                       char **settings);

#endif

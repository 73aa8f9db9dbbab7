// A study's task: its problems and the policy that all its cells start from.
#ifndef LAUNCH_STUDY_TASK_H
#define LAUNCH_STUDY_TASK_H

#include "launch/study_cell.h"
#include "launch/words.h"

// The settings that the task's runs have in common: files and policy, then the grid's
// own and the task's, which may name others.
void study_task_settings(struct words *out, const struct grid *g,
                         const struct grid_task *task, const char *dir);

// Makes what is not there yet; the first of several processes does, the others wait
// for it.  ERR_TIMEOUT after an hour.
CHECKED enum status study_task_prepare(const struct grid *g,
                                       const struct grid_task *task,
                                       const struct study_place *place);

// Writes the resolved settings to `path`.  ERR_INPUT names a bad one; ERR_IO.
CHECKED enum status study_write_config(const struct words *settings, const char *path);

#endif

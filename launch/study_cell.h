// One cell of a study's grid: its folder, its run, its result.
//
//   DIR/tasks/TASK/         data/, the warm start (model/), before.json, ready
//   DIR/cells/TASK-ARM-sS/  cell.json, cell.yaml, what a run leaves (record.h),
//                           eval.json and, last of all, result.json
//
// A cell that was cut off goes on from its run's checkpoint; a done one is left alone.
#ifndef LAUNCH_STUDY_CELL_H
#define LAUNCH_STUDY_CELL_H

#include "launch/grid.h"

struct study_place {
    const char *dir; // of the study
    char **extra;    // settings of every cell, after the grid's own
    int n_extra;
    int rank; // under mpirun, which gives the cell all its ranks; else 0
};

// `out` (PATH_MAX bytes).  ERR_INPUT: the path is too long.
CHECKED enum status study_cell_folder(char *out, const char *dir,
                                      const struct grid_cell *cell);
int study_cell_done(const char *dir, const struct grid_cell *cell);

// Runs it as far as it will go; a stop request leaves it without a result.  ERR_INPUT
// names a bad setting of the grid; others as training and evaluation give them.
CHECKED enum status study_cell_run(const struct grid *g, const struct grid_cell *cell,
                                   const struct study_place *place);

#endif

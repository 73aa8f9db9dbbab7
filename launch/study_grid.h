// All cells of a study, or one.
#ifndef LAUNCH_STUDY_GRID_H
#define LAUNCH_STUDY_GRID_H

#include "launch/grid.h"

struct study_run {
    const char *name; // as for grid_load
    const char *dir;
    long cell;       // -1: all
    long jobs;       // cells at once, where all are run; 0: as many as cores
    int table;       // 1: only the table of what is done
    char **settings; // key=value for every cell
    int n_settings;
};

// One cell: on all ranks that mpirun started.  All cells: each a process of its own,
// `jobs` at once; under mpirun, each rank runs its share.  The table of results at the
// end.  A failed cell does not stop the others; ERR_IO names how many failed.
CHECKED enum status study_grid_run(const struct study_run *run);

#endif

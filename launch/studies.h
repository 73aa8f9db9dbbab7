// The grids that come with the program: launch/studies/NAME.yaml, embedded by the
// build.
#ifndef LAUNCH_STUDIES_H
#define LAUNCH_STUDIES_H

#include <stddef.h>

extern const unsigned char grid_branching[], grid_cutoff[], grid_reuse[], grid_tokens[],
    grid_when[];
extern const size_t grid_branching_len, grid_cutoff_len, grid_reuse_len, grid_tokens_len,
    grid_when_len;

#endif

// Checkpoints: RUN/checkpoints/step-000010/ holds a Hugging Face folder (the caller's)
// and the optimizer's state.  Written aside, synced, renamed: a folder of that name is
// whole.  Older ones go only after a newer one is there.  One thread.
#ifndef ARCHIVE_CHECKPOINT_H
#define ARCHIVE_CHECKPOINT_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct checkpoint_state {
    uint64_t step;         // steps done
    int64_t updates;       // of the optimizer
    uint64_t weights_hash; // of the parameters beside it
    float *m, *v;          // AdamW's moments (n); borrowed, filled by a read
    size_t n;
    double *memory; // what the learner has seen (n_memory numbers); likewise
    size_t n_memory;
};

// Makes the empty folder aside; the caller saves the model into `path` (PATH_MAX
// bytes). ERR_IO.
CHECKED enum status checkpoint_begin(const char *run, uint64_t step, char *path);
CHECKED enum status checkpoint_write_state(const char *path,
                                           const struct checkpoint_state *s);
// Syncs and renames; then removes all but the newest `keep`.  ERR_IO.
CHECKED enum status checkpoint_commit(const char *run, uint64_t step, int64_t keep);

// The newest whole checkpoint: its folder in `path`; *found = 0 where there is none.
CHECKED enum status checkpoint_latest(const char *run, uint64_t *step, char *path,
                                      int *found);
// Fills m and v (n floats each, the caller's) and the numbers.  ERR_INPUT names the
// file and the reason.
CHECKED enum status checkpoint_read_state(const char *path, struct checkpoint_state *s);

#endif

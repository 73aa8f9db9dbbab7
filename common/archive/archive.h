// The run archive: every tree and every metric of a run in HDF5 segments.
//
//   DIR/steps-000000.h5.live   being written, in SWMR mode: other programs may read it
//                              (h5py: File(path, "r", swmr=True)), good to the last
//                              step
//   DIR/steps-000000.h5        sealed at a checkpoint: closed, synced, renamed
//
// Segment layout; all datasets are one-dimensional and grow step by step:
//   /                 attributes: config (YAML text), schema
//   /metrics/NAME     float64, one a step; /metrics/step: uint64
//   /trees/...        prompt_id, step, policy_version: uint64; control: float32;
//                     node_end, token_end: uint64, one past the tree's last node and
//                     token in the arrays below
//   /nodes/...        parent, child_index, branching, depth, token_begin (within the
//                     tree), token_count, end: int32; reward, keep, ratio, value,
//                     advantage, weight: float32
//   /tokens/...       id: int32; log_prob, entropy (nats): float32
//
// After a kill, what lies behind the last checkpoint is dropped on resume
// (archive_resume) and made again, bit for bit.  One thread.
#ifndef ARCHIVE_ARCHIVE_H
#define ARCHIVE_ARCHIVE_H

#include "base/status.h"
#include "tree/tree.h"

#include <stddef.h>
#include <stdint.h>

struct archive;

// Starts the segment of step `first` in `dir`.  ERR_IO.
CHECKED enum status archive_open(struct archive **out, const char *dir, uint64_t first,
                                 const char *config_yaml);
// Appends a step and flushes it: a reader sees whole steps.  The names must be the same
// at every step of a segment.  trees may be NULL with n = 0.  ERR_IO, ERR_NOMEM.
CHECKED enum status archive_append(struct archive *a, uint64_t step,
                                   const char *const *names, const double *values,
                                   size_t n_metrics, struct tree *const *trees,
                                   size_t n);
// Closes, syncs and renames.  Frees the archive in any case.  ERR_IO.
CHECKED enum status archive_seal(struct archive *a);
// Closes without sealing; accepts NULL.
void archive_free(struct archive *a);

// Removes live segments and every segment of steps >= `step`.  ERR_IO.
CHECKED enum status archive_resume(const char *dir, uint64_t step);

// Reads the trees of a sealed or live segment; *trees is an array of *n (tree_free
// each, then mem_free).  ERR_INPUT, ERR_NOMEM.
CHECKED enum status archive_read_trees(const char *path, struct tree **trees,
                                       size_t *n);
// A file of trees alone, which archive_read_trees reads too; a write that fails leaves
// a part of one.  ERR_IO, ERR_NOMEM.
CHECKED enum status archive_write_trees(const char *path, struct tree *const *trees,
                                        size_t n);
// Reads one metric's series, e.g. "reward".  ERR_INPUT, ERR_NOMEM.
CHECKED enum status archive_read_metric(const char *path, const char *name,
                                        double **values, size_t *n);

#endif

// The result of a cell: from its run's metrics.jsonl and its evaluations.
#ifndef LAUNCH_STUDY_RESULT_H
#define LAUNCH_STUDY_RESULT_H

#include "base/buf.h"
#include "base/status.h"
#include "launch/grid.h"

// Numbers of result.json, by their order in study_result_names.
enum study_number {
    STUDY_PASS,    // Pass@1 after the run, sampled
    STUDY_PASS_CI, // half of its 95 % interval, over problems
    STUDY_BEFORE,  // of the policy that the run started from
    STUDY_GREEDY,  // Pass@1 of greedy answers
    STUDY_STEPS,   // of the run
    STUDY_TOKENS,  // generated in training
    STUDY_SAMPLES, // leaves that were sampled in training
    STUDY_ROLLOUT_FLOPS,
    STUDY_TRAIN_FLOPS,
    STUDY_TRAINED,    // token rows that the trainer computed, forward and backward
    STUDY_UNIQUE,     // of these a row where each path is laid out on its own
    STUDY_LENGTH,     // tokens of an answer, after
    STUDY_STEP_ACC,   // steps as in the reference, after
    STUDY_STEP_VALID, // steps that are exact, after
    STUDY_CUT,        // share of steps cut off
    STUDY_CUT_BIAS,   // mean over the run
    STUDY_FALSE_CUT,  // at its end
    STUDY_REUSED,     // tokens used again
    STUDY_REUSE_ESS,  // mean over the steps that used any
    STUDY_REUSE_GAP,  // likewise
    STUDY_NUMBERS
};

extern const char *const study_number_names[STUDY_NUMBERS];

struct study_result {
    double numbers[STUDY_NUMBERS];
};

// Of a finished run in `folder`, whose task is in `task_folder`.  ERR_INPUT: a file is
// missing or no JSON; ERR_NOMEM.
CHECKED enum status study_result_gather(struct study_result *out, const char *folder,
                                        const char *task_folder);
CHECKED enum status study_result_write(const struct study_result *r,
                                       const struct grid *g,
                                       const struct grid_cell *cell, const char *path);
// ERR_INPUT: absent or damaged.
CHECKED enum status study_result_read(struct study_result *out, const char *path);

// Means over the seeds that are done, for each task and arm, with 95 % intervals.
CHECKED enum status study_table(const struct grid *g, const char *dir, struct buf *out);

#endif

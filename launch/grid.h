// The grid of a study: tasks x arms x seeds, each cell one training run.
//
//   study: branching
//   seeds: 3
//   settings: train.prompts=32 eval.samples=8      of every run
//   tasks:
//     algebra:
//       data: algebra min_steps=4 max_steps=6      arguments of `etreerpo data`
//       settings: rollout.max_new_tokens=180       of this task's warm start and runs
//       warm: sft.stop_at=0.25                     of the warm start alone
//   arms:
//     grpo-8: train.credit=grpo rollout.branch=[8]
//
// A task may name a policy instead of `warm`: model.path=FOLDER among its settings; and
// its own files instead of `data`: data.train, data.test, data.tokenizer.
// The owner calls grid_free.
#ifndef LAUNCH_GRID_H
#define LAUNCH_GRID_H

#include "base/outline.h"
#include "base/status.h"

#include <stddef.h>

enum { GRID_MAX = 64, GRID_MAX_SEEDS = 1000 }; // tasks, arms

struct grid {
    struct outline text; // owns the strings
    const char *study, *settings;
    long seeds;
    struct grid_task {
        char name[48];
        const char *data, *settings, *warm; // "" where absent
    } tasks[GRID_MAX];
    struct grid_arm {
        const char *name, *settings;
    } arms[GRID_MAX];
    size_t n_tasks, n_arms;
};

struct grid_cell {
    size_t index;
    const struct grid_task *task;
    const struct grid_arm *arm;
    long seed; // from 1
};

void grid_free(struct grid *g);

// A study that comes with the program (branching, cutoff, reuse, tokens, when), or a file's
// path.  ERR_INPUT: file, line and reason; ERR_NOMEM.
CHECKED enum status grid_load(struct grid *out, const char *name);

size_t grid_cells(const struct grid *g);
// Arms change first, then tasks, then seeds: an early part of a grid compares all arms.
struct grid_cell grid_cell_at(const struct grid *g, size_t index);

#endif

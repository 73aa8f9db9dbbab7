// Generated multi-step algebra and arithmetic word problems with worked solutions.
// Deterministic in (config, index): problem i never depends on which others were made.
#ifndef DATA_ALGEBRA_H
#define DATA_ALGEBRA_H

#include <stdint.h>

#include "base/status.h"
#include "data/dataset.h"

struct algebra_config {
    uint64_t seed;
    int32_t train, test;       // problems to make; the splits share none
    int32_t min_steps, max_steps; // difficulty, 2..12
    int32_t max_operand;       // of + and -
    int32_t max_factor;        // of * and /
    int32_t max_value;         // every intermediate result is in [1, max_value]
    int32_t equations;         // share (percent) of equations to solve for x, e.g. 2*x+3=11
    int32_t prose;             // 0: terse solution lines; 1: a sentence around each step
};

// Sane and satisfiable, else ERR_INPUT naming the field.
CHECKED enum status algebra_config_check(const struct algebra_config *c);

// Fills both sets (caller frees them).  ERR_INPUT where the ranges do not hold so many
// distinct problems.
CHECKED enum status algebra_generate(const struct algebra_config *c,
                                     struct dataset *train, struct dataset *test);

// Writes a set as JSONL, atomically.  ERR_IO.
CHECKED enum status dataset_save(const struct dataset *d, const char *path);

#endif

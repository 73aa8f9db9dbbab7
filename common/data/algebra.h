// Generated multi-step algebra and arithmetic word problems with worked solutions.
//
// Problem i of a split is a pure function of (config, split, i, retry); the retry is
// the first whose text no earlier problem of the split has.  A hash of the text decides
// which split may use it: the splits share none, not even between two seeds, neither
// depends on the other, and a larger set begins with the smaller one.
#ifndef DATA_ALGEBRA_H
#define DATA_ALGEBRA_H

#include "base/status.h"
#include "data/dataset.h"

#include <stdint.h>

struct algebra_config {
    uint64_t seed;
    int32_t train, test;          // problems to make; the splits share none
    int32_t min_steps, max_steps; // difficulty, 2..12
    int32_t max_operand;          // of + and -
    int32_t max_factor;           // of * and /
    int32_t max_value;            // every intermediate result is in [1, max_value]
    int32_t equations; // share (percent) of equations to solve for x, e.g. 2*x+3=11
    int32_t chains;    // share (percent) of plain arithmetic, e.g. 3*(4+6)-5
    int32_t prose;     // 0: terse solution lines; 1: a sentence around each step
};

// Sane and satisfiable, else ERR_INPUT naming the field.
CHECKED enum status algebra_config_check(const struct algebra_config *c);

// Fills both sets (caller frees them).  ERR_INPUT where the ranges do not hold so many
// distinct problems.
CHECKED enum status algebra_generate(const struct algebra_config *c,
                                     struct dataset *train, struct dataset *test);

#endif

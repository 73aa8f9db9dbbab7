// Equality of scalar expressions, by their values at random points.  Pure, any thread.
#ifndef VERIFY_MATH_SAME_H
#define VERIFY_MATH_SAME_H

#include "math_tree.h"
#include "reason.h"

// An expression within a tree.
struct math_side {
    const struct math_tree *tree;
    int node;
    int sign;       // of \pm in it: +1, -1; 0: none
    bool bare;      // a percent sign counts as a unit
    bool reference; // not the answer that is judged
};

// What is left of the time for one pair of answers, and its random numbers.
struct math_work {
    long steps;
    uint64_t state;
    int decimals;              // a rounded decimal has at least so many
    struct verify_reason *why; // may be NULL
};

// Equal as functions of the variables with an error below 1e-12; false where that
// cannot be shown.  A decimal with at least `decimals` places also equals a value that
// it is the rounding of, to its own places.
bool math_same(struct math_work *work, struct math_side a, struct math_side b);

// a - b = c (d - e), with variables in it and a constant c: the equations a = b and d =
// e have the same solutions.  `positive`: c is a positive rational.
bool math_proportional(struct math_work *work, const struct math_side sides[4],
                       bool positive);

// The places behind the point of a decimal number with at least one, and its
// significant digits; 0: another value.
int math_places(struct math_side side, int *significant);

// No variable stands in it, and it has a value.
bool math_constant(struct math_work *work, struct math_side side);

#endif

// The value of an expression at a point, as a complex number of many digits.
//
// Beside the fields of math_value.h, for what has no exact counterpart there: roots
// within roots, inverse functions, the real branches of roots and absolute values.
// Variables are real numbers of either sign; roots and logarithms take their principal
// values, an odd root of a negative number is negative.  A number nearer to a whole one
// than half of the digits is taken for it; one beyond 2^500, or nearer to 0 than
// 2^-500, has no value here.  MPFR, as GMP, ends the process where memory runs out:
// the sizes are bounded.  Pure, any thread.
#ifndef VERIFY_MATH_NUMERIC_H
#define VERIFY_MATH_NUMERIC_H

#include "math_same.h"

enum math_answer { MATH_UNKNOWN, MATH_SAME, MATH_OTHER };

// Whether the two agree at some random points: SAME where all values of both agree to
// 300 digits, OTHER where a value differs, else UNKNOWN.
enum math_answer math_numeric_same(struct math_work *work, struct math_side a,
                                   struct math_side b);

// -1, 0, +1: a real constant is less than, equal to or greater than another; false: one
// is no real constant.
bool math_numeric_order(struct math_work *work, struct math_side a, struct math_side b,
                        int *order);

// Two real constants that differ by no more than a fiftieth.
bool math_numeric_close(struct math_work *work, struct math_side a, struct math_side b);

// The decimal x is the rounding of the real constant y to so many places, and y itself
// has no end.
bool math_numeric_rounds(struct math_work *work, struct math_side x, struct math_side y,
                         int places);

#endif

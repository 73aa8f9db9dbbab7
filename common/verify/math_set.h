// Sets of real numbers: intervals, finite sets, conditions on one variable, and what
// unions, intersections and differences make of them.  Pure, any thread.
#ifndef VERIFY_MATH_SET_H
#define VERIFY_MATH_SET_H

#include "math_numeric.h"

// Whether two sides are the same set.  UNKNOWN where neither can only be read as a set
// (so (1,2) and \{1,2\}, which may be a point and a list), or where one cannot be read
// as one: a condition that is not linear, a second variable, an end that is no real
// constant.
enum math_answer math_same_set(struct math_work *work, struct math_side a,
                               struct math_side b);

#endif

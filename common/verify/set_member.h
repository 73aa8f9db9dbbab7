// The parts of math_set.c: whether a number is in a set that an answer describes.
#ifndef VERIFY_SET_MEMBER_H
#define VERIFY_SET_MEMBER_H

#include "math_same.h"

#include <mpfr.h>

enum { SET_BITS = 2048 };

// The variable of the conditions in one side.
struct set_variable {
    uint64_t id;        // 0: none so far
    bool free;          // it stands outside of \{x \mid ...\}
    bool commas_are_or; // else they are "and"
    mpfr_t value;
};

// The side can only be a set: a condition, a union, \mathbb R, an end at infinity.
bool set_only(struct math_work *work, struct math_side side);
// Finds the variable; false: there are two.
bool set_names(struct math_side side, struct set_variable *out);
// A real constant, or a real value at the variable's; false: none.
bool set_value(struct math_work *work, mpfr_ptr out, struct math_side side,
               const struct set_variable *x);
bool set_is_value(struct math_work *work, struct math_side side);
// -1, 0, +1; numbers that agree to half of their digits are equal.
int set_order(mpfr_srcptr a, mpfr_srcptr b);
// 1: the variable's value is in the set; 0: it is not; -1: that cannot be told.
int set_member(struct math_work *work, struct math_side side,
               const struct set_variable *x);

#endif

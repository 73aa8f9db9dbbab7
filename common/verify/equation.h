// Plain arithmetic equations in prose: "3 apples + 4 apples = 7", "$5 x 3 = $15",
// "20% of 50 = 10", "10 - 2 = 8 - 3 = 5".  Pure, any thread.
#ifndef VERIFY_EQUATION_H
#define VERIFY_EQUATION_H

#include <stddef.h>

// Equations of a text that are exactly right, and that are surely wrong.  Not counted:
// a side with a variable, a word for a number or an operation, a sign that arithmetic
// has not, or two numbers in a row; a left side without an operation; a right side that
// the next characters could still change; and, where the sides differ:
// - the right side is the left one rounded or cut to the digits written or to double
//   precision: they differ by less than one unit of its last digit (10/3 = 3.33,
//   7/2 = 3), or by one where it has two decimals or more;
// - one is 100, 1000 or 10^6 times the other (cents, per cent, thousands);
// - the right side lacks the minus sign, which the words after it may say;
// - a sum of different units, or of a percentage and a plain number;
// - another unit of measure on the right (90 + 30 minutes = 2 hours), or a fraction of
//   a thing on the left (1/4 container = 15 pints); a / b/c, which has two readings.
// In a chain, a = b + c is right where a equals b or b + c.
struct equations {
    int right, wrong;
};

// Linear in len.
void equations_scan(const char *text, size_t len, struct equations *out);

#endif

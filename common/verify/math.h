// Answers of the MATH kind: found in a text, compared exactly.
//
// Pure functions, any thread; nothing is ever run as code.  Answers of more than 4096
// bytes, or nested too deep, are not read and equal nothing but the same bytes; the
// time of one comparison is bounded, and where memory is short two answers are not
// equal.
//
// What is one answer and what is another (math_equal):
//   - expressions are equal as functions of their variables: by their values at random
//     points of fields of 61-bit primes, wrong with a probability below 1e-12; where
//     the fields cannot tell (roots of sums, inverse functions), by 300 digits of their
//     values at random real points of either sign;
//   - a decimal is that rational number: 0.5 is 1/2.  With at least six places (five
//     significant digits) it also is any value without an end that it is the rounding
//     of, to its own places: 0.666667 is 2/3; 0.666666, cut off, and 0.667, too short,
//     are not;
//   - units are a closed table (unit.h).  A unit, a currency or a degree sign on one
//     side only does not count: 5\text{ cm} is 5.  Two units must be the same, and are
//     not converted.  A word that is a factor multiplies: 5\text{ million} is 5000000,
//     not 5; a word in no table must stand on both sides;
//   - 28\% is 0.28.  Where the reference has the sign the answer may leave it out: 28;
//     where only the answer has it, it is its value alone: 28\% is not 28;
//   - a tuple keeps its order; a set, a list and \pm do not; a value twice in a list of
//     several counts once; a list of several words keeps its order;
//   - x = 5 and x \in [1,2] give 5 and [1,2]; x = 1, y = 2 is (1,2); two equations or
//     inequalities are equal where one is a constant times the other;
//   - conditions that are linear in one variable, intervals, their unions, differences
//     and intersections, \{x \mid ...\}, \mathbb R and \emptyset are equal as sets.
//     (1,2) beside none of these is a point; "x<1, x>3" by a comma is read as neither
//     "and" nor "or";
//   - words are equal in any case, \text{(A)} and A) are A; a number in words is no
//     number; 204_5 equals only the same digits in that base; a ratio only the same
//     ratio; 3 \pmod 5 is 8 \pmod 5 and no number;
//   - roots and logarithms of products of variables are those of positive numbers:
//     \sqrt{x}\sqrt{y} is \sqrt{xy}, \ln x + \ln y is \ln xy; but \sqrt{x^2} is |x|,
//     not x, and \ln|x| is not \ln x.  \log and \lg are to base 10.
#ifndef VERIFY_MATH_H
#define VERIFY_MATH_H

#include "reason.h"

#include <stddef.h>

// 1 where an answer equals the one that `reference` gives (math_extract), or
// `reference` itself where it is only an answer; else 0 and the reason.
int math_answer_equal(const char *found, size_t found_len, const char *reference,
                      struct verify_reason *why);

// The final answer of a text.  Where it has a </think>, only what follows the last one
// is read.  Inside the last <answer> that is not empty, or in all of the text:
//   - inside the last \boxed{}, \fbox{} or \framebox{} with something in it (a box
//   around
//     boxes is one), or what \boxed is followed by; of several boxes joined by "and" or
//     commas, all from the first to the last;
//   - else (also where the last box is not closed) behind the last "####";
//   - else behind the last "answer is", "answer:", "correct option is" and the like, or
//     below a heading "Answer", to the end of the sentence or to a clause that explains
//     it (because, since, not); in Chinese, too;
//   - else all that <answer> holds.
// 0: none.  Two announcements of the same rank: the last counts.
int math_extract(const char *text, size_t len, const char **answer, size_t *answer_len);

// math_extract, else the last formula or number of the text: for the evaluation of
// models that were not asked to mark their answer.
int math_extract_any(const char *text, size_t len, const char **answer,
                     size_t *answer_len);

// 1: equal; 0: not, or not shown to be.
int math_equal(const char *a, size_t a_len, const char *b, size_t b_len);

// The same, with decimals of at least `decimals` places taken as roundings; math_equal
// takes 6.
int math_equal_rounded(const char *a, size_t a_len, const char *b, size_t b_len,
                       int decimals);

#endif

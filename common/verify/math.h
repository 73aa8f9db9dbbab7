// Answers of the MATH kind: found in a text, compared exactly.
//
// Pure functions, any thread; nothing is ever run as code.  Answers of more than 4096
// bytes, or nested too deep, are not read and equal nothing but the same bytes; the
// time of one comparison is bounded, and where memory is short two answers are not
// equal.
//
// What is one answer and what is another (math_equal):
//   - expressions are equal as functions of their variables: by their values at random
//     points of fields of 61-bit primes, wrong with a probability below 1e-12;
//   - a decimal is that rational number: 0.5 is 1/2.  With at least six places it also
//     is any value without an end that it is the rounding of, to its own places:
//     0.333333 is 1/3, 0.3333 is not;
//   - a unit, a currency or a degree sign on one side only does not count: 5\text{ cm}
//     is 5.  Two units must be the same.  28\% is 28 and 0.28, but 10\% is not 0.1\%;
//   - a tuple keeps its order; a set, a list and \pm do not; a value twice in a list of
//     several counts once; a list of several words keeps its order;
//   - x = 5 and x \in [1,2] give 5 and [1,2]; -1 < x < 2 is (-1,2); two equations or
//     inequalities are equal where one is a constant times the other;
//   - words are equal in any case, \text{(A)} is A; 204_5 equals only the same digits
//     in that base;
//   - square roots of variables are those of positive numbers: \sqrt{x}\sqrt{y} is
//     \sqrt{xy}, but \sqrt{x^2} is not x.
#ifndef VERIFY_MATH_H
#define VERIFY_MATH_H

#include "reason.h"

#include <stddef.h>

// 1 where an answer equals the one that `reference` gives (math_extract), or
// `reference` itself where it is only an answer; else 0 and the reason.
int math_answer_equal(const char *found, size_t found_len, const char *reference,
                      struct verify_reason *why);

// The final answer of a text: inside the last \boxed{} or \fbox{}, or what \boxed is
// followed by; of several joined by "and" or commas, all from the first to the last;
// else (also where the last box is not closed) after the last "####"; else after the
// last "answer is" or "answer:".  0: none.
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

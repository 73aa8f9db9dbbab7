// The numbers that replies end with: GSM8K's, and the last number of any text.
//
// Pure, any thread; linear time.
#ifndef VERIFY_NUMBER_ANSWER_H
#define VERIFY_NUMBER_ANSWER_H

#include "reason.h"

#include <gmp.h>
#include <stddef.h>

// Reads the number that an answer begins with: 5, -3.50, .5, 3/4, 1,234,567, with a
// sign (- + or Unicode's minus), in a currency, in ** ** or in \boxed{}.  Commas stand
// before groups of three digits or nowhere.  What follows may be a unit or a remark in
// words, but nothing that goes on with the number: no digit, no operator, no letter
// right behind it but a unit's, no word of number_word.h.  1: read.
int number_answer_read(mpq_t out, const char *text, size_t len,
                       struct verify_reason *why);

// 1: the two numbers are equal as rationals.  The reference may be an answer or a
// solution that ends in "#### n".
int number_answer_equal(const char *found, size_t found_len, const char *reference,
                        struct verify_reason *why);

// The last number of the text, behind the last </think> where there is one, with what
// is written together with it (5x, 3:30, 2^3 are no numbers of their own) and with a
// word behind it that changes it.  0: there is none.
int number_last_answer(const char *text, size_t len, const char **answer,
                       size_t *answer_len);

#endif

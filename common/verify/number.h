// Decimal numbers as exact rationals.
//
// The caller owns every mpq_t (initialised before, cleared after).  Pure, any thread.
// GMP itself ends the process where memory runs out; all sizes here are bounded, so a
// number takes less than a kilobyte.
#ifndef VERIFY_NUMBER_H
#define VERIFY_NUMBER_H

#include <gmp.h>
#include <stddef.h>

enum { NUMBER_MAX_BYTES = 64 };

// Reads `12`, `3.50`, `.5` or `5.` from the front of text and returns the bytes taken;
// 0 where there is no number or it has more than NUMBER_MAX_BYTES.
size_t number_scan(mpq_t out, const char *text, size_t len);

// Reads all of text as an answer: an optional sign, a decimal or a fraction a/b, with
// `$`, `,`, `%`, spaces around the number and a trailing dot ignored.  1: read.
int number_parse_answer(mpq_t out, const char *text, size_t len);

// Reads the last number of a line of prose, with its sign.  1: read.
int number_last(mpq_t out, const char *text, size_t len);

#endif

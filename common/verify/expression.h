// Arithmetic expressions, evaluated exactly.  Pure, any thread.
#ifndef VERIFY_EXPRESSION_H
#define VERIFY_EXPRESSION_H

#include <gmp.h>
#include <stddef.h>

// A longer or deeper expression is not read: this bounds the time and the size of every
// intermediate rational.
enum { EXPRESSION_MAX_BYTES = 256, EXPRESSION_MAX_DEPTH = 32 };

// Evaluates all of text: + - * / ( ), decimals, signs, and // (floor division).
// 1: evaluated; 0: not such an expression, or it divides by zero.
int expression_eval(mpq_t out, const char *text, size_t len);

#endif

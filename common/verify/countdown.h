// Countdown: reach a target from given numbers, each used at most once, by + - * /.
//
// The reference of a problem is "27: 3 4 6", the target and the numbers.  Pure
// functions, any thread; nothing is ever run as code, and a hostile text costs time
// linear in its length: expressions are read as expression.h bounds them.
#ifndef VERIFY_COUNTDOWN_H
#define VERIFY_COUNTDOWN_H

#include "verify.h"

#include <stddef.h>
#include <stdint.h>

enum { COUNTDOWN_MAX_NUMBERS = 16, COUNTDOWN_MAX_VALUE = 1000000000 };

struct countdown {
    int64_t target; // in [1, COUNTDOWN_MAX_VALUE], as every number
    int32_t n;
    int64_t numbers[COUNTDOWN_MAX_NUMBERS];
};

// Reads a reference; 0: it is none.
int countdown_read(struct countdown *out, const char *reference);

// 1 where an answer (what follows the last "####" on its line) is an expression of the
// given numbers, each at most as often as given, with + - * / ( ) alone (no signs, no
// decimals), whose exact value is the target; else 0.
int countdown_equal(const char *answer, size_t len, const char *reference,
                    struct verify_reason *why);

// The steps so far: lines with <<operation=result>> annotations, up to the "####" line.
// An operation uses up numbers that are given or made before, its result is a positive
// integer and can be used once.  INVALID: an annotation breaks this or, once its line
// is complete, the plain equation around it is wrong or the numbers behind ", left" are
// not those that are left; such a text stays invalid however it goes on.  UNKNOWN: no
// complete step line yet, or an annotation that cannot be read; else VALID.
enum verdict countdown_partial(const char *text, size_t len, const char *reference);

// The steps of a finished solution: its valid lines are those before the first that
// makes countdown_partial INVALID, and they are the right ones.
void countdown_steps(const char *text, size_t len, const char *reference,
                     struct step_score *out);

#endif

// Verifiers: the terminal one turns a finished text into a reward, the partial one says
// whether the text so far can still be right.  Pure functions of text: no model text is
// ever evaluated as code, and a hostile text costs a bounded time.
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

// Reward in [0, 1]: 1 where the number after the last "####" equals `answer` exactly as
// a rational, else 0.  Forms: 12, -3, 3.50, .5, 3/4, 1,234; `$ , %`, spaces around the
// number and a trailing dot are ignored; more than 64 characters are not a number.
float verify_final(const char *text, size_t len, const char *answer);

// How a finished text becomes a reward.
enum verifier {
    VERIFIER_NUMBER,    // verify_final
    VERIFIER_MATH,      // verify_math (math.h)
    VERIFIER_CODE,      // by running it: judge/judge.h
    VERIFIER_COUNTDOWN, // verify_countdown (countdown.h)
    VERIFIER_PROGRAM,   // by a program of the user's: reward/reward.h
    VERIFIERS
};

// The reward of a text under any verifier but VERIFIER_CODE and VERIFIER_PROGRAM, for
// which it is 0.
float verify_answer(enum verifier verifier, const char *text, size_t len,
                    const char *answer);
// The final answer that such a verifier finds in the text; 0: none.
int verify_find_answer(enum verifier verifier, const char *text, size_t len,
                       const char **answer, size_t *answer_len);

enum verdict { VERDICT_UNKNOWN, VERDICT_VALID, VERDICT_INVALID };

// The <<expression=value>> annotations and the plain equations (equation.h) so far, by
// exact rational arithmetic: one is wrong: invalid; else all annotations can be read
// and at least one annotation or equation is right: valid; else unknown.  Annotations
// know
// + - * / ( ), decimals, and // rounding down, up to 256 bytes and 32 parentheses deep.
// An invalid text stays invalid however it goes on.
enum verdict verify_partial(const char *text, size_t len);

// Whether a text that is not finished can still be right, under any verifier but
// VERIFIER_CODE and VERIFIER_PROGRAM, for which it is unknown: verify_partial, or
// countdown_partial.
enum verdict verify_so_far(enum verifier verifier, const char *text, size_t len,
                           const char *answer);

// Steps of a finished solution: lines before the "####" line.
struct step_score {
    int32_t steps; // non-empty lines before the final one
    int32_t valid; // of these, lines whose annotations are all exactly right (and >= 1)
    int32_t right; // of these, lines whose result equals the reference's at the same
                   // index: the last annotation's value, else the line's last number
};
void verify_steps(const char *text, size_t len, const char *reference,
                  struct step_score *out);

// The rest of the line after the last "####", trimmed; 0 where there is none.
int verify_extract(const char *text, size_t len, const char **answer,
                   size_t *answer_len);

#endif
